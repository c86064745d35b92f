"""Rewards that a random model can earn, or that go wrong."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from llmx.train.batch_reward import Completed


def letters(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """The share of letters, and a tenth for the row's first digit."""
    share = sum(char.isalpha() for char in completion) / max(len(completion), 1)
    return {"letters": share, "digit": 0.1 * (row["answer"][0] in completion)}


def raises(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """Right for some rows, and an error for the others."""
    return {"fine": 1.0 / (int(row["answer"]) % 5)}


def nan(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """No number for some rows."""
    return {"fine": 1.0, "odd": float("nan") if int(row["answer"]) % 5 == 0 else 0.0}


def huge(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """A whole number that no float holds, for some rows."""
    return {"huge": 10**400 if int(row["answer"]) % 5 == 0 else 0}


def leaves(prompt: str, completion: str, row: Mapping[str, Any]) -> dict[str, float]:
    """An end of the whole program, for some rows."""
    return {"fine": 1.0 if int(row["answer"]) % 5 else sys.exit("no")}


class Gate:
    """A bonus for the letter e while the batch has no fewer letters than the one before.

    As interleaved reasoning pays for intermediate answers; it reads what `letters` has given.
    """

    version = 2

    def __init__(self) -> None:
        self.before, self.seen = 0.0, 0

    def score(self, batch: Sequence[Completed]) -> list[dict[str, float]]:
        """One bonus a completion, where the gate is open."""
        mean = sum(one.parts["letters"] for one in batch) / len(batch)
        is_open, self.before, self.seen = mean >= self.before, mean, self.seen + len(batch)
        bonus = [0.5 * one.completion.count("e") / 8 if is_open else 0.0 for one in batch]
        return [{"bonus": value, "open": 1e-3 * is_open} for value in bonus]

    def state(self) -> dict[str, Any]:
        """The mean of the last batch, and how many completions there were."""
        return {"before": self.before, "seen": self.seen}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on behind that batch."""
        self.before, self.seen = state["before"], state["seen"]
