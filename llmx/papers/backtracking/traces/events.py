"""What a trace is made of: places, fails, returns, one conclusion.

A backtrack is a return: it follows a fail, and names the earlier step that the search goes on from.
The number of backtracks of a trace is the number of its returns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Move = TypeVar("Move")
Reason = TypeVar("Reason")


@dataclass(frozen=True)
class Place(Generic[Move]):
    """A step forward. `step` counts the steps that stand, from 1."""

    step: int
    move: Move


@dataclass(frozen=True)
class Again(Generic[Move]):
    """A step that stands is stated once more; nothing changes (length-matched controls)."""

    step: int
    move: Move


@dataclass(frozen=True)
class Fail(Generic[Reason]):
    """The search is stuck, and why."""

    reason: Reason


@dataclass(frozen=True)
class Return:
    """Back to where `to` steps stood; 0 is the start."""

    to: int


@dataclass(frozen=True)
class Conclude:
    """The answer, as it stands in the answer block."""

    answer: str


Event = Place[Move] | Again[Move] | Fail[Reason] | Return | Conclude


def backtracks(events: Sequence[object]) -> int:
    """Return the number of backtracks of a trace: B in the paper's terms."""
    return sum(isinstance(event, Return) for event in events)


def standing(events: Sequence[Event[Any, Any]]) -> list[Place[Any]]:
    """Return the places that no return has taken back."""
    stack: list[Place[Any]] = []
    for event in events:
        if isinstance(event, Place):
            stack.append(event)
        elif isinstance(event, Return):
            del stack[event.to :]
    return stack
