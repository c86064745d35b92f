"""What a plan is estimated to take, and one that is over the limit of its scale."""

import pytest

from llmx.config.compose import compose
from llmx.core.errors import ConfigError, RunError
from llmx.graph.plan import plan
from llmx.store import machine as machines

STEPS = "stages.base.trainer.steps"
SHIPPED = [
    f"backtracking_{task}"
    for task in (
        "arc1d", "countdown", "cube", "geometry", "lists", "self_reference", "sudoku", "zebra",
    )
]  # fmt: skip


@pytest.fixture
def planned(tmp_path, monkeypatch):
    """Plan on two cores without a GPU, whatever this machine has."""
    found = {**machines.machine(), "accelerators": [], "cores": 2}
    for module in ("graph.plan", "graph.workers", "train.course.duration"):
        monkeypatch.setattr(f"llmx.{module}.machine", lambda: found)

    def made(*given, name="backtracking_countdown", workers=None):
        return plan(compose(name, list(given)), runs=tmp_path / "runs", workers=workers)

    return made


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


def test_answers_of_a_model_to_be_trained_by_hand(planned):
    """256 problems in batches of 64, four layers, 2 ms each; two operations a parameter."""
    for title in ("before k1", "before rl_only", "generate k1"):
        parameters = 4 * (4 * 128**2 + 3 * 128 * 320)
        written = 0.6 * 160 * 256
        by_hand = 4 * 160 * 4 * 2e-3 + 2 * parameters * written / 6e10
        assert seconds(planned(), title) == pytest.approx(by_hand)


def test_answers_that_take_too_long_are_refused(planned):
    refused = planned("sampler.max_tokens=200000").refusal()
    assert isinstance(refused, RunError) and "allows 30" in refused.message


def test_of_other_engines_and_devices_nothing_is_claimed(planned):
    assert seconds(planned("engine=vllm"), "before k1") is None
    assert seconds(planned("engine.device=cuda"), "before k1") is None


def test_a_plan_over_the_limit_is_refused_in_one_line(planned):
    assert planned("scale.limit_minutes=600").refusal() is None
    refused = planned(f"{STEPS}=90000").refusal()
    assert isinstance(refused, RunError)
    assert "allows 30" in refused.message and "'base'" in refused.message
    assert planned(f"{STEPS}=90000", "scale.limit_minutes=null").refusal() is None


def test_a_chain_is_not_shared(planned):
    found = planned(f"{STEPS}=5200", name="backtracking_arc1d")
    chain = [seconds(found, title) for title in ("base", "sft k1", "grpo k1")]
    assert sum(chain) > 30 * 60 and found.seconds >= sum(chain)
    assert isinstance(found.refusal(), RunError)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_limit_is_where_it_is_said_to_be(planned, workers):
    minutes = planned(workers=workers).seconds / 60
    at, below = (f"scale.limit_minutes={minutes * share}" for share in (1.0001, 0.9999))
    assert planned(at, workers=workers).refusal() is None
    assert "minutes" in planned(below, workers=workers).refusal().message


def test_the_processes_that_are_asked_for_are_those_that_count(planned):
    one, two, many = (planned(workers=n) for n in (1, 2, 9))
    assert (one.workers, many.workers) == (1, 9)
    assert one.seconds == pytest.approx(sum(row.cost.seconds or 0 for row in one.stages))
    assert two.seconds < one.seconds
    assert many.seconds == two.seconds  # two cores
    limit = f"scale.limit_minutes={(one.seconds + two.seconds) / 120}"
    assert planned(limit, workers=2).refusal() is None
    assert planned(limit, workers=1).refusal() is not None


EPOCHS = "stages.sft.settings={num_train_epochs: 1000}"


def test_a_training_by_epochs_has_no_time_and_is_refused_under_a_limit(planned):
    refused = planned(EPOCHS).refusal()
    assert isinstance(refused, ConfigError)
    assert "stages.sft.settings" in refused.message and "allows 30 minutes" in refused.message
    assert "max_steps" in refused.hint and "scale.limit_minutes=null" in refused.hint
    assert planned(EPOCHS, "stages.sft.settings.max_steps=20").refusal() is None
    assert planned(EPOCHS, "scale.limit_minutes=null").refusal() is None


@pytest.mark.parametrize("steps", [0, -2])
def test_no_steps_are_no_training(planned, steps):
    with pytest.raises(ConfigError, match=rf"stages\.sft\.settings\.max_steps={steps} is no") as no:
        planned(f"stages.sft.settings.max_steps={steps}")
    assert "1 or more; -1" in no.value.hint
    assert planned("stages.sft.settings.max_steps=-1", "scale.limit_minutes=null").refusal() is None


def test_no_limit_where_the_scale_has_none(planned):
    assert planned("scale=desk").refusal() is None


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_for_a_laptop_is_within_its_limit(planned, name):
    found = planned(name=name)
    assert {arm.scale.limit_minutes for arm in found.spec.arms.values()} == {30}
    assert found.refusal() is None and 0 < found.seconds < 30 * 60
