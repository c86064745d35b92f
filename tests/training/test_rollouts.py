"""Rollouts: each one once, rewards by component, and advantages that hand-work confirms."""

import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letters_reward import letters
from tiny import DRAWN, ROWS

from llmx.core.errors import ConfigError, RunError
from llmx.store.files import read_json, read_lines
from llmx.train.post_training.rollouts import cut_back
from llmx.train.reward import components, join, load_rewards, rewards_identity
from llmx.train.rewards.gsm import gsm


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, model, data):
    from tiny import Work

    def draw(kind, **settings):
        out = tmp_path_factory.mktemp(kind) / "out"
        return Work(kind, model, data, out, {**DRAWN, "max_steps": 2, **settings}).run()

    return draw


@pytest.fixture(scope="module")
def grpo(drawn):
    return drawn("grpo", per_device_train_batch_size=8)


def groups(out, size=4):
    rows = read_lines(out / "rollouts.jsonl")
    return [rows[at : at + size] for at in range(0, len(rows), size)]


@pytest.mark.slow
def test_a_rollout_is_complete(grpo):
    rows = read_lines(grpo / "rollouts.jsonl")
    assert len(rows) == 16 and [row["step"] for row in rows] == [0] * 8 + [1] * 8
    by_name = {f"row {n} ('{row['id']}')": row for n, row in enumerate(ROWS)}
    for row in rows:
        source = by_name[row["row"]]
        assert row["prompt"] == f"<|begin|><|user|>{source['question']}<|assistant|>"
        assert row["rewards"] == letters(row["prompt"], row["completion"], source)
        assert row["reward"] == pytest.approx(sum(row["rewards"].values()), abs=1e-6)
        assert 1 <= row["tokens"] <= 8 and row["truncated"] == (row["tokens"] == 8)


@pytest.mark.slow
def test_the_advantage_of_grpo_by_hand(grpo):
    """Reward less the group's mean, over its standard deviation (n - 1) plus 1e-4."""
    seen = 0.0
    for group in groups(grpo):
        rewards = [row["reward"] for row in group]
        mean, spread = statistics.mean(rewards), statistics.stdev(rewards)
        for row in group:
            by_hand = (row["reward"] - mean) / (spread + 1e-4)
            assert row["advantage"] == pytest.approx(by_hand, abs=1e-3)
            seen = max(seen, abs(by_hand))
    assert seen > 0.5  # some group tells its completions apart


@pytest.mark.slow
def test_the_advantage_without_scaling_by_hand(drawn):
    for group in groups(drawn("grpo", scale_rewards="none")):
        mean = statistics.mean(row["reward"] for row in group)
        for row in group:
            assert row["advantage"] == pytest.approx(row["reward"] - mean, abs=1e-5)


@pytest.mark.slow
def test_the_advantage_of_rloo_by_hand(drawn):
    """Without a penalty: reward less the mean of the other three."""
    for group in groups(drawn("rloo", beta=0.0)):
        total = sum(row["reward"] for row in group)
        for row in group:
            others = (total - row["reward"]) / 3
            assert row["advantage"] == pytest.approx(row["reward"] - others, abs=1e-5)


def test_a_worked_group():
    """Four completions at 0, 0.1, 0.1 and 1: mean 0.3, deviation sqrt(0.66 / 3)."""
    rewards = [0.0, 0.1, 0.1, 1.0]
    spread = (0.66 / 3) ** 0.5
    assert statistics.stdev(rewards) == pytest.approx(spread)
    assert (1.0 - 0.3) / (spread + 1e-4) == pytest.approx(1.49209, abs=1e-5)


@pytest.mark.slow
def test_the_curve_is_that_of_the_rollouts(grpo):
    curve = read_json(grpo / "training.json")["curve"]
    for step, point in enumerate(curve):
        rows = [row for row in read_lines(grpo / "rollouts.jsonl") if row["step"] == step]
        for name, key in (("reward", "reward"), ("length", "tokens"), ("truncated", "truncated")):
            assert point[name] == pytest.approx(statistics.mean(row[key] for row in rows), abs=1e-5)
        assert {"loss", "entropy", "groups_without_signal"} <= point.keys()


@pytest.mark.slow
def test_the_divergence_is_in_the_curve_where_there_is_a_reference(drawn):
    curve = read_json(drawn("grpo", beta=0.1) / "training.json")["curve"]
    assert curve[0]["kl"] == 0.0 and curve[1]["kl"] > 0.0


@pytest.mark.slow
def test_weights_of_rewards_are_in_the_sum(tmp_path, model, data):
    from tiny import Work

    settings = {**DRAWN, "max_steps": 1, "reward_weights": [2.0, 0.5]}
    job = Work("grpo", model, data, tmp_path / "out", settings, {"rewards": ["letters", "gsm"]})
    for row in read_lines(job.run() / "rollouts.jsonl"):
        assert set(row["rewards"]) == {"letters", "digit", "format", "correct"}
        parts = row["rewards"]
        first, second = parts["letters"] + parts["digit"], parts["format"] + parts["correct"]
        assert row["reward"] == pytest.approx(2 * first + second / 2, abs=1e-6)


@given(steps=st.lists(st.integers(0, 9), max_size=12).map(sorted), at=st.integers(0, 10))
def test_cutting_back_keeps_what_came_before(tmp_path_factory, steps, at):
    path = tmp_path_factory.mktemp("cut") / "rollouts.jsonl"
    lines = [json.dumps({"step": step, "n": n}) + "\n" for n, step in enumerate(steps)]
    path.write_text("".join(lines) + '{"step": 1, "torn')
    cut_back(path, at)
    kept = [line for line, step in zip(lines, steps, strict=True) if step < at]
    assert path.read_text() == "".join(kept)
    cut_back(path, at)
    assert path.read_text() == "".join(kept)


def test_cutting_back_what_is_not_there(tmp_path):
    cut_back(tmp_path / "rollouts.jsonl", 0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"a": float("nan")}, "reward 'r' returned a=nan on row 3"),
        ({"a": float("inf")}, "reward 'r' returned a=inf on row 3"),
        ({"a": None}, "reward 'r' returned a=None on row 3"),
        ({}, r"reward 'r' returned \{\} on row 3"),
        (0.5, "reward 'r' returned 0.5 on row 3"),
    ],
)
def test_what_is_no_reward_names_the_row(found, message):
    with pytest.raises(RunError, match=message):
        components("r", lambda *_: found, "p", "c", {}, "row 3")


def test_an_error_in_a_reward_names_the_row():
    def fails(*_):
        raise KeyError("target")

    with pytest.raises(RunError, match="reward 'r' raised KeyError on row 3: 'target'"):
        components("r", fails, "p", "c", {}, "row 3")


def test_rewards_are_found_by_name_and_carry_a_version():
    assert load_rewards(["gsm"]) == {"gsm": gsm}
    assert rewards_identity(["gsm"]) == {"gsm": 2}
    with pytest.raises(ConfigError, match="unknown reward kind 'gms'"):
        load_rewards(["gms"])


def test_two_rewards_cannot_share_a_component():
    assert join({"a": {"x": 1.0}, "b": {"y": 2.0}}) == {"x": 1.0, "y": 2.0}
    with pytest.raises(ConfigError, match="'b' has the component 'x' of another reward"):
        join({"a": {"x": 1.0}, "b": {"x": 2.0}})


@pytest.mark.parametrize(
    ("completion", "total"),
    [("So 5. #### 5", 1.0), ("#### 5.00 apples", 1.0), ("#### 6", 0.1), ("5", 0.0), ("", 0.0)],
)
def test_the_reward_gsm(completion, total):
    assert sum(gsm("", completion, {"answer": "5"}).values()) == pytest.approx(total)


def test_the_reward_gsm_says_what_it_cannot_read():
    with pytest.raises(ValueError, match="not a number"):
        gsm("", "#### 5", {"answer": "none"})
