"""Rewards of whole generations: what they are given and return, and where their state lies."""

import json

import pytest

from llmx.core.errors import RunError, StoreError
from llmx.train.batch_reward import (
    FILE,
    Completed,
    batch_components,
    is_batched,
    restore_states,
    save_states,
)
from llmx.train.post_training import reward_func
from llmx.train.post_training.reward_func import Rewarding
from llmx.train.post_training.rows import TrainingRow
from llmx.train.reward import load_rewards, rewards_identity


def length(prompt, completion, row):
    """The letters of a completion."""
    return {"length": float(len(completion))}


class Mean:
    """How far a completion is from the mean length of all batches so far."""

    version = 3

    def __init__(self):
        self.total, self.count = 0.0, 0

    def score(self, batch):
        self.total += sum(one.parts["length"] for one in batch)
        self.count += len(batch)
        return [{"off": one.parts["length"] - self.total / self.count} for one in batch]

    def state(self):
        return {"total": self.total, "count": self.count}

    def restore(self, state):
        self.total, self.count = state["total"], state["count"]


ROWS = [TrainingRow(n, {"id": f"r{n}", "answer": "a" * n}, "?") for n in range(4)]
BATCHES = [["a", "abc"], ["ab", "abcdefg"], ["", "a"]]


def rewarding(mean):
    return Rewarding(ROWS, [f"sent {n}" for n in range(4)], {"length": length, "mean": mean})


def scored(about, texts, numbers=(0, 1)):
    """Call all rewards as TRL does, and return the sums of the last."""
    for function in about.functions():
        found = function(
            completions=texts, completion_ids=[[1]] * len(texts), row=numbers,
            log_extra=lambda name, values: None,
        )  # fmt: skip
    return found


def test_it_sees_the_generation_and_what_rewards_before_it_have_given():
    seen = []

    class Looks(Mean):
        def score(self, batch):
            seen.extend(batch)
            return super().score(batch)

    assert scored(rewarding(Looks()), ["a", "abc"], (2, 1)) == [1 - 2.0, 3 - 2.0]
    assert seen == [
        Completed("sent 2", "a", ROWS[2].fields, "row 2 ('r2')", {"length": 1.0}),
        Completed("sent 1", "abc", ROWS[1].fields, "row 1 ('r1')", {"length": 3.0}),
    ]


def test_a_state_that_was_kept_goes_on_to_the_bit(tmp_path):
    """At every kill point: between any two generations."""
    whole = rewarding(Mean())
    wanted = [scored(whole, texts) for texts in BATCHES]
    for kill in range(len(BATCHES) + 1):
        first = rewarding(Mean())
        found = [scored(first, texts) for texts in BATCHES[:kill]]
        folder = tmp_path / str(kill)
        folder.mkdir()
        save_states(first.rewards, folder)
        later = rewarding(Mean())
        restore_states(later.rewards, folder)
        found += [scored(later, texts) for texts in BATCHES[kill:]]
        assert found == wanted
        assert later.rewards["mean"].state() == whole.rewards["mean"].state()


def test_all_processes_score_the_whole_generation_and_keep_their_part(monkeypatch):
    """Two processes of two completions each: the same state in both."""
    alone = rewarding(Mean())
    whole = scored(alone, ["a", "abc", "ab", "abcdefg"], (0, 1, 2, 3))
    parts = [(0, "a", {"length": 1.0}), (1, "abc", {"length": 3.0})]
    others = [(2, "ab", {"length": 2.0}), (3, "abcdefg", {"length": 7.0})]
    for start, texts, numbers in ((0, ["a", "abc"], (0, 1)), (2, ["ab", "abcdefg"], (2, 3))):
        monkeypatch.setattr(reward_func, "gathered", lambda mine, at=start: (parts + others, at))
        one = rewarding(Mean())
        assert scored(one, texts, numbers) == whole[start : start + 2]
        assert one.rewards["mean"].state() == alone.rewards["mean"].state()


def _gives(found):
    class Gives(Mean):
        def score(self, batch):
            return found(batch)

    return Gives()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (lambda batch: [], "0 results for 2 completions"),
        (lambda batch: [{"x": 1.0}] * 3, "3 results for 2 completions"),
        (lambda batch: [{"x": 1.0}, {}], "on there"),
        (lambda batch: [{"x": 1.0}, {"x": float("nan")}], "x=nan on there"),
        (lambda batch: [{"x": 1.0}, {"x": "1"}], "x='1' on there"),
        (lambda batch: None, "TypeError on a generation"),
        (lambda batch: batch[9], "IndexError on a generation"),
    ],
)
def test_what_goes_wrong_names_the_reward(found, said):
    batch = [Completed("", "", {}, where) for where in ("here", "there")]
    with pytest.raises(RunError, match=said):
        batch_components("odd", _gives(found), batch)


@pytest.mark.parametrize(
    "state", [{"x": (1, 2)}, {1: "a"}, {"x": float("nan")}, {"x": object()}, {"x": {1}}]
)
def test_a_state_that_would_not_come_back_is_refused(tmp_path, state):
    class Odd(Mean):
        def state(self):
            return state

    with pytest.raises(RunError, match="reward 'mean' has a state that is not JSON"):
        save_states({"mean": Odd()}, tmp_path)
    assert not (tmp_path / FILE).exists()


def test_a_checkpoint_of_other_rewards_is_refused(tmp_path):
    """Also one from before the reward had a state: it would go on from the beginning."""
    for text in (None, "{}", json.dumps({"other": {}}), "[]"):
        if text is not None:
            (tmp_path / FILE).write_text(text)
        with pytest.raises(StoreError, match="holds no state of reward"):
            restore_states({"mean": Mean()}, tmp_path)


def test_pure_rewards_leave_no_state(tmp_path):
    save_states({"length": length}, tmp_path)
    restore_states({"length": length}, tmp_path)
    assert not list(tmp_path.iterdir()) and not is_batched(length)


def test_each_training_has_a_reward_of_its_own(monkeypatch):
    monkeypatch.setattr("llmx.train.reward.lookup", lambda family, name: Mean)
    one, other = (load_rewards(["mean"])["mean"] for _ in range(2))
    assert isinstance(one, Mean) and one is not other
    assert rewards_identity(["mean"]) == {"mean": 3}
