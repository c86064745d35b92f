"""Rewards of a whole generation at once, with state between generations.

A pure reward (:data:`llmx.train.reward.Reward`) knows one completion. One that needs more, such as
the accuracy of the batch and of the batch before, is a class: the registry's ``reward`` names it,
and every training makes one of its own. Its state lies in each checkpoint, so that a training that
was killed goes on with the state that belongs to its weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeGuard

from llmx.core import json_text
from llmx.core.errors import RunError, StoreError
from llmx.store.files import write_text
from llmx.train.reward import HINT, Reward, checked

FILE = "rewards.json"
"""In a checkpoint: reward → state. None where no reward has one."""


@dataclass(frozen=True)
class Completed:
    """One completion of a generation.

    Attributes:
        prompt, completion, row: what a pure reward is given.
        where: names the row in an error.
        parts: components that the rewards named before this one have given it.
    """

    prompt: str
    completion: str
    row: Mapping[str, Any]
    where: str
    parts: Mapping[str, float] = field(default_factory=dict)


class BatchReward(Protocol):
    """A reward of whole generations; made without arguments, once a training.

    A class attribute ``version`` rises with every change that can change a reward. What `score`
    returns must be a function of the batches so far: no clock, no random numbers.
    """

    def score(self, batch: Sequence[Completed]) -> Sequence[Mapping[str, float]]:
        """Return component → value for each completion, in their order.

        Args:
            batch: all completions of one generation, those of other processes included.
        """

    def state(self) -> Mapping[str, Any]:
        """Return what later batches depend on, as JSON values; floats come back to the bit."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state that :meth:`state` returned."""


AnyReward = Reward | BatchReward


def is_batched(reward: AnyReward) -> TypeGuard[BatchReward]:
    """Whether a reward is one of whole generations."""
    return hasattr(reward, "restore")


def batch_components(
    name: str, reward: BatchReward, batch: Sequence[Completed]
) -> list[dict[str, float]]:
    """Call a reward of a generation and check what it returns.

    Raises:
        RunError: if it raises, or does not return numbers for each completion.
    """
    try:
        found = list(reward.score(batch))
    except (Exception, SystemExit) as error:
        message = f"reward '{name}' raised {type(error).__name__} on a generation: {error}"
        raise RunError(message, HINT) from error
    if len(found) != len(batch):
        message = f"reward '{name}' returned {len(found)} results for {len(batch)} completions"
        raise RunError(message, HINT)
    return [checked(name, parts, one.where) for parts, one in zip(found, batch, strict=True)]


def save_states(rewards: Mapping[str, AnyReward], folder: Path) -> None:
    """Write the states of the rewards that have one into a checkpoint.

    Raises:
        RunError: for a state that is not JSON, or does not come back from it.
    """
    states = {name: dict(one.state()) for name, one in rewards.items() if is_batched(one)}
    if not states:
        return
    for name, state in states.items():
        if not _comes_back(state):
            raise RunError(f"reward '{name}' has a state that is not JSON: {state!r}", HINT)
    write_text(folder / FILE, json.dumps(states, allow_nan=False) + "\n")


def restore_states(rewards: Mapping[str, AnyReward], folder: Path) -> None:
    """Give the rewards the states of a checkpoint.

    Raises:
        StoreError: if the checkpoint holds none, or not those of these rewards.
    """
    batched = {name: one for name, one in rewards.items() if is_batched(one)}
    if not batched:
        return
    states = _read(folder)
    if states.keys() != batched.keys():
        raise StoreError(
            f"{folder} holds no state of reward '{min(batched.keys() ^ states.keys())}'",
            f"move {folder.parent.parent} away and run again",
        )
    for name, one in batched.items():
        one.restore(states[name])


def _read(folder: Path) -> Mapping[str, Any]:
    path = folder / FILE
    found: Any = json_text.parse(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found if isinstance(found, Mapping) else {}


def _comes_back(state: Mapping[str, Any]) -> bool:
    """Whether reading what is written gives the state: no tuples, no keys that are numbers."""
    try:
        found: Any = json.loads(json.dumps(state, allow_nan=False))
    except (TypeError, ValueError):
        return False
    return bool(found == state)
