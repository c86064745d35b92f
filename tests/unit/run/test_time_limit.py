"""What a training is estimated to take, and a plan that is over the limit of its scale."""

import pytest

from llmx.config.compose import compose
from llmx.core.errors import RunError
from llmx.run.plan import plan
from llmx.store import machine as machines

STEPS = "stages.base.trainer.steps"


@pytest.fixture
def planned(tmp_path, monkeypatch):
    found = {**machines.machine(), "accelerators": []}
    monkeypatch.setattr("llmx.train.post_training.duration.machine", lambda: found)
    return lambda *given: plan(
        compose("backtracking_countdown", list(given)), runs=tmp_path / "runs"
    )


def seconds(of, title):
    return next(row.cost.seconds for row in of.stages if row.title == title)


def test_twice_the_steps_take_twice_the_time(planned):
    assert seconds(planned(f"{STEPS}=400"), "base") == pytest.approx(
        seconds(planned(f"{STEPS}=200"), "base") * 2
    )
    key = "stages.{}.settings.max_steps={}"
    for stage in ("sft", "grpo"):
        few, many = (planned(key.format(stage, n)) for n in (50, 100))
        title = f"{stage} k1"
        assert seconds(many, title) == pytest.approx(2 * seconds(few, title))
        assert seconds(few, title) > 0


def test_longer_completions_take_longer_and_a_model_to_be_trained_has_a_size(planned):
    key = "stages.grpo.settings.max_completion_length={}"
    short, long = (seconds(planned(key.format(n)), "grpo rl_only") for n in (40, 160))
    assert short < long < 5 * short


def test_a_plan_over_the_limit_is_refused_in_one_line(planned):
    assert planned("scale.limit_minutes=600").refusal() is None
    refused = planned(f"{STEPS}=90000").refusal()
    assert isinstance(refused, RunError)
    assert "allows 30" in refused.message and "'base'" in refused.message
    assert planned(f"{STEPS}=90000", "scale.limit_minutes=null").refusal() is None


def test_no_limit_where_the_scale_has_none(planned):
    assert planned("scale=desk").refusal() is None
