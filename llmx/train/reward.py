"""The contract of a reward, and the call that checks it.

A reward is a registered function (registry kind ``reward``): recipes name it, never a Python
object. It is called once for each completion and returns its components by name; what the trainer
maximises is their sum. A function may carry an attribute ``version`` that rises with every change
that can change a reward, so that an old checkpoint is not reused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from llmx.core.errors import ConfigError, RunError
from llmx.core.registry import lookup

Reward = Callable[[str, str, Mapping[str, Any]], Mapping[str, float]]
"""``reward(prompt, completion, row)`` → component → value.

Args:
    prompt: the text that was sent, chat template included, special tokens shown.
    completion: the text that came back, special tokens left out.
    row: the row of ``train.jsonl`` that the prompt was made from, with all of its fields.

It must be a function of these three alone: no clock, no state, no random numbers. One that knows
a whole generation, and the ones before, is a class: :mod:`llmx.train.batch_reward`.
"""


def load_rewards(names: Iterable[str]) -> dict[str, Any]:
    """Return the functions behind the names; of a class one of its own for this training.

    Raises:
        ConfigError: if a name is not registered.
    """
    found = {name: lookup("reward", name) for name in names}
    return {name: one() if isinstance(one, type) else one for name, one in found.items()}


def rewards_identity(names: Iterable[str]) -> dict[str, int]:
    """Return each reward's version: what a training that uses it depends on."""
    return {name: int(getattr(f, "version", 1)) for name, f in load_rewards(names).items()}


def components(
    name: str, reward: Reward, prompt: str, completion: str, row: Mapping[str, Any], where: str
) -> dict[str, float]:
    """Call a reward and check what it returns.

    Args:
        where: names the row in an error.

    Raises:
        RunError: if it raises, returns no number, or returns one that is not finite.
    """
    try:
        found = reward(prompt, completion, row)
    except (Exception, SystemExit) as error:
        message = f"reward '{name}' raised {type(error).__name__} on {where}: {error}"
        raise RunError(message, HINT) from error
    return checked(name, found, where)


def checked(name: str, found: Any, where: str) -> dict[str, float]:
    """Return what a reward has given one completion.

    Raises:
        RunError: if it is no mapping of numbers, or one of them is not finite.
    """
    if not isinstance(found, Mapping) or not found:
        raise RunError(f"reward '{name}' returned {found!r} on {where}", "component -> number")
    for part, value in found.items():
        if not _is_finite(value):
            message = f"reward '{name}' returned {part}={value!r} on {where}"
            raise RunError(message, HINT)
    return {str(part): float(value) for part, value in found.items()}


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, int | float) and math.isfinite(value)
    except OverflowError:  # a whole number that no float holds
        return False


HINT = "repair it; the same command resumes from the last checkpoint"


def join(parts: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return the components of several rewards in one mapping.

    Raises:
        ConfigError: if two rewards name a component alike.
    """
    joined: dict[str, float] = {}
    for name, found in parts.items():
        twice = sorted(joined.keys() & found.keys())
        if twice:
            raise ConfigError(f"reward '{name}' has the component '{twice[0]}' of another reward")
        joined.update(found)
    return joined
