"""Recipes of inference-time scaling: what they ask for at the paper's size, and on rungs."""

import socket

import pytest

from llmx.config.compose import compose
from llmx.core.spec import ArmSpec
from llmx.data import load
from llmx.graph.graph import build_graph
from llmx.papers.inference_scaling.sections import ScalingSection
from llmx.runs.run import plan
from llmx.stages.budget import size_problems
from llmx.stages.pool import PoolSection

PAPER = {"scaling_math500": 500, "scaling_aime": 30, "scaling_gpqa": 198}
SETTINGS = {"reasoning": (0.6, 0.95, 32_768), "direct": (0.7, 0.95, 8_192)}


def kind(arm: ArmSpec) -> str:
    found = arm.section(ScalingSection)
    assert found is not None and found.named is not None
    return found.named


@pytest.mark.parametrize("name", PAPER)
def test_the_paper_scale_is_planned_without_a_network(name, tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("a plan contacts nobody")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    found = plan(compose(name, scale="paper"), runs=tmp_path / "runs")
    draws = sum(PAPER[name] * 256 * SETTINGS[kind(arm)][2] for arm in found.spec.arms.values())
    assert found.spec.arms["qwq"].scale.problems == PAPER[name]
    pooled = [one for one in found.stages if one.title.startswith("pool ")]
    assert sum(one.cost.tokens for one in pooled) == draws


@pytest.mark.parametrize("name", PAPER)
def test_arms_have_the_settings_of_their_class(name):
    spec = compose(name, scale="paper")
    assert [kind(arm) for arm in spec.arms.values()] == ["reasoning"] * 2 + ["direct"] * 2
    for arm in spec.arms.values():
        sampler, pool = arm.sampler, arm.section(PoolSection)
        assert sampler is not None and pool is not None and arm.data is not None
        assert (sampler.temperature, sampler.top_p, sampler.max_tokens) == SETTINGS[kind(arm)]
        assert (pool.draws, arm.engine.kind, arm.engine.dtype) == (256, "vllm", "bfloat16")
        assert arm.engine.options == {}  # an endpoint would be sent them
        assert arm.data.revision is not None and len(arm.data.revision) == 40
        assert arm.data.test == PAPER[name] == arm.data.options["rows"]
    graded = spec.evidence
    for setting in ("sampler.temperature", "sampler.top_p", "sampler.max_tokens"):
        assert graded[setting].grade == "assumed"


def test_options_of_gpqa_are_permuted_for_each_draw_by_a_seed():
    spec = compose("scaling_gpqa", scale="paper")
    arms = spec.arms.values()
    assert {arm.data.options["permute"] for arm in arms} == {"each_draw"}
    assert {arm.data.seed for arm in arms} == {0}
    assert not any("permuted" in one for one in spec.deviations)


def test_arms_of_a_rung_differ_in_their_model_alone():
    arms = compose("scaling_arithmetic").arms
    for rung in ("3", "4", "5"):
        worked, direct = (arms[f"{one}_{rung}"] for one in ("worked", "direct"))
        assert worked.data == direct.data and worked.sampler == direct.sampler
        assert (kind(worked), kind(direct)) == ("reasoning", "direct")
        assert (
            worked.data.options["skills"] != arms["worked_3"].data.options["skills"] or rung == "3"
        )


def test_no_problem_of_a_rung_is_one_that_the_models_were_trained_on():
    """They are the first of the ladder's test problems, of which no training problem is one."""
    arms = compose("scaling_arithmetic").arms
    ladder = compose("zoo_arithmetic").arms["worked"].data
    known = {one.id: one.question for one in load(ladder, "test")}
    for rung in ("3", "4", "5"):
        problems = load(arms[f"worked_{rung}"].data, "test")
        assert len(problems) == 200
        assert all(known[one.id] == one.question for one in problems)


@pytest.mark.parametrize("name", ["scaling_gsm", "scaling_arithmetic"])
def test_what_asks_again_asks_no_more_problems_than_the_pool_has(name):
    """Their option says 50, or 100; a rehearsal has four."""
    spec = size_problems(compose(name, scale="smoke"), None)
    live = {"self_score", "revise", "mixture", "truncate"}
    asked = [node.identity["problems"] for node in build_graph(spec) if node.stage.kind in live]
    assert asked and set(asked) == {4}


def test_the_models_of_countdown_share_a_base_and_differ_in_what_they_learn():
    spec = compose("scaling_countdown")
    stages = {stage.name: stage for stage in spec.stages}
    assert stages["sft"].options["settings"] == stages["sft_direct"].options["settings"]
    assert stages["sft"].options["base"] == stages["sft_direct"].options["base"]
    assert set(stages["sft"].options["arms"]) | {"direct"} == set(spec.arms)
