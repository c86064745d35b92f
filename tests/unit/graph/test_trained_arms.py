"""Which arms have a model that was trained for them, from specifications and stages alone."""

import pytest

from llmx.config.compose import compose
from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.spec import ArmSpec, ModelSpec, StageSpec, trained_arms
from llmx.core.stage import StageInput
from llmx.stages.report import ReportStage
from llmx.stages.verdicts import VerdictStage

OWN = StageSpec(name="tuned", kind="grpo", over="arm")
SHARED = StageSpec(name="base", kind="train", over="recipe")
STAGES = {stage.name: stage for stage in (OWN, SHARED)}


def arm(target, draft=None):
    return ArmSpec(model=ModelSpec(target=target, draft=draft))


def cast(**voices):
    members = {name: VoiceSpec(model=ModelSpec(target=of)) for name, of in voices.items()}
    names = tuple(members)
    spec = EnsembleSpec(voices=members, proposers=names, aggregator=names[0])
    return arm("zoo:gsm_target").model_copy(update={"ensemble": spec})


@pytest.mark.parametrize(
    ("spec", "trained"),
    [
        (ArmSpec(), False),
        (arm("zoo:gsm_target"), False),
        (arm("./a/folder", "org/name"), False),
        (arm("stage:tuned"), True),
        (arm("zoo:gsm_target", "stage:tuned"), True),
        (arm("stage:base"), False),
        (arm("stage:unheard_of"), True),
        (cast(one="zoo:a", two="zoo:b"), False),
        (cast(one="zoo:a", two="stage:tuned"), True),
    ],
)
def test_a_model_of_a_stage_over_arms_is_trained_for_the_arm(spec, trained):
    assert trained_arms({"x": spec}, STAGES) == ({"x"} if trained else set())


def test_each_arm_is_judged_by_its_own_model():
    arms = {"x": arm("stage:tuned"), "y": arm("zoo:gsm_target"), "z": arm("stage:base")}
    assert trained_arms(arms, STAGES) == {"x"}
    assert trained_arms(arms, STAGES, one_run=False) == {"x", "z"}
    assert trained_arms(arms, {}) == {"x", "z"}


@pytest.mark.parametrize("model", ["stage:tuned", ["stage:base", "stage:tuned"]])
def test_a_stage_that_may_ask_a_trained_model_makes_every_arm_a_trained_one(model):
    asked = StageSpec(name="before", kind="decode", options={"model": model})
    arms = {"x": arm("zoo:gsm_target")}
    assert trained_arms(arms, STAGES | {"before": asked}) == {"x"}
    other = StageSpec(name="before", kind="decode", options={"model": "stage:base"})
    assert trained_arms(arms, STAGES | {"before": other}) == set()


@pytest.mark.parametrize(
    ("recipe", "all_of_them"),
    [("backtracking_countdown", True), ("backtracking_lists", True), ("zoo_gsm", True),
     ("fsd_gsm8k", False), ("staircase_moa", False)],
)  # fmt: skip
def test_recipes(recipe, all_of_them):
    spec = compose(recipe, [], scale="smoke")
    stages = {stage.name: stage for stage in spec.stages}
    assert trained_arms(spec.arms, stages) == (set(spec.arms) if all_of_them else set())


@pytest.mark.parametrize("kind", [VerdictStage, ReportStage])
def test_what_an_output_makes_of_seeds_is_in_its_name(kind):
    """The same arms of the same inputs, once trained for each arm and once for all."""
    options = {"findings": [{"id": "x", "test": "threshold_transfer"}]}
    stage = StageSpec(
        name="s", kind=kind.kind, over="recipe", options=options if kind is VerdictStage else {}
    )
    arms = {"x": arm("stage:tuned")}
    shared = STAGES | {"tuned": SHARED}
    one, other = (
        kind().identity(StageInput(stage, arms, stages=stages)) for stages in (STAGES, shared)
    )
    assert one["trained"] == ["x"] and other["trained"] == []
