"""Which trainings of an arm a report reads: one of each kind, in whatever order they were made."""

import json

import pytest

from llmx.core.errors import RunError
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.stages.training_evidence import evidence
from llmx.stages.training_report import TrainingReportOptions, TrainingReportStage
from llmx.store.files import read_json, write_json

LOSSES = {"sft": [2.0, 1.0], "dpo": [0.7, 0.5], "grpo": [0.1, 0.0]}


def training(kind, at):
    more = {"rewards/accuracies": 0.5 + 0.2 * at} if kind == "dpo" else {}
    loss = LOSSES[kind][at]
    return {"step": at + 1, "loss": loss, **more}


def inputs(tmp_path, **arms):
    """Write the trainings of each arm: stage -> kind."""
    found = {}
    for arm, stages in arms.items():
        for stage, kind in stages.items():
            folder = found[f"{stage}/{arm}"] = tmp_path / stage / arm
            folder.mkdir(parents=True)
            curve = [training(kind, at) for at in (0, 1)]
            write_json(folder / "training.json", {"kind": kind, "curve": curve, "settings": {}})
    return found


def context(tmp_path, found, arms):
    needs = tuple(dict.fromkeys(name.partition("/")[0] for name in found))
    stage = StageSpec(name="r", kind="training_report", over="recipe", needs=needs)
    told = StageInput(stage, {name: ArmSpec() for name in arms}, arms[0])
    out = tmp_path / "out"
    out.mkdir()
    return StageContext(told, {}, found, out, Silent())


def read(tmp_path, **arms):
    found = inputs(tmp_path, **arms)
    told = context(tmp_path, found, list(arms))
    return evidence(told, told.given.read(TrainingReportOptions))


def losses(curve):
    return [point["loss"] for point in curve]


def test_an_arm_may_learn_from_texts_and_then_from_pairs(tmp_path):
    found = read(tmp_path, both={"warm": "sft", "prefer": "dpo", "rl": "grpo"})["both"]
    assert losses(found.warm) == LOSSES["sft"]
    assert losses(found.preference) == LOSSES["dpo"]
    assert losses(found.rl) == LOSSES["grpo"]


@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_one_of_the_two_alone_is_the_warm_up(tmp_path, kind):
    found = read(tmp_path, one={"warm": kind})["one"]
    assert losses(found.warm) == LOSSES[kind]
    assert found.preference == found.rl == ()


@pytest.mark.parametrize("kind", ["sft", "dpo", "grpo"])
def test_two_trainings_of_one_kind_are_refused(tmp_path, kind):
    """A report would show one of them under the name of both."""
    with pytest.raises(
        RunError, match="arm 'a' has several training runs of one kind: first/a, next/a"
    ):
        read(tmp_path, a={"first": kind, "next": kind})


def test_the_report_draws_both_losses_of_the_arms_that_have_them(tmp_path):
    arms = {"both": {"warm": "sft", "prefer": "dpo"}, "plain": {"warm": "sft"}}
    told = context(tmp_path, inputs(tmp_path, **arms), list(arms))
    TrainingReportStage().run(told)
    curves = read_json(told.out / "training_report.json")["curves"]
    assert {name: [one["arm"] for one in found] for name, found in curves.items()} == {
        "warm_loss": ["both", "plain"],
        "preference_loss": ["both"],
        "preferred": ["both"],
    }
    assert curves["preference_loss"][0]["mean"] == pytest.approx(LOSSES["dpo"])
    assert (told.out / "preference_loss.svg").exists()
    assert "loss of the preference training" in (told.out / "training_report.html").read_text()
    assert json.loads((told.out / "training_outcomes.json").read_text())
