"""What a search task has to say for its traces to be made, written, read and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, Protocol, TypeVar

from llmx.core.errors import LlmxError
from llmx.papers.backtracking.traces.events import Event
from llmx.papers.backtracking.traces.wording import Phrases

State = TypeVar("State")
Move = TypeVar("Move")
Reason = TypeVar("Reason")


class IllegalStep(LlmxError):
    """A step of a trace that does not hold."""


class TooFew(LlmxError):
    """A problem that does not offer as many backtracks as asked."""


class Puzzle(Protocol[State, Move, Reason]):
    """One problem as a search space. States are immutable; the start has no step.

    A state is *dead* if no legal moves lead from it to the answer. That is decided exactly.
    """

    @classmethod
    def of(cls, instance: Mapping[str, Any]) -> Puzzle[State, Move, Reason]:
        """Return the problem that :meth:`instance` wrote down."""

    def instance(self) -> dict[str, Any]:
        """Return what states the problem, as JSON."""

    def start(self) -> State:
        """Return the state before the first step."""

    def step(self, state: State, move: Move) -> State:
        """Return the state after a move.

        Raises:
            IllegalStep: if the rules do not allow it, or it says something untrue.
        """

    def check_stuck(self, state: State, reason: Reason) -> None:
        """Return if the reason is true in this state.

        Raises:
            IllegalStep: if it is not.
        """

    def dead(self, state: State) -> bool:
        """Whether no legal moves lead from here to the answer."""

    def conclusion(self, state: State, moves: Sequence[Move]) -> str:
        """Return the answer that a finished search gives.

        Raises:
            IllegalStep: if the search is not finished here.
        """

    def right(self, answer: str) -> bool:
        """Whether an answer is right, as the reward sees it."""

    def well_formed(self, answer: str) -> bool:
        """Whether an answer has the form of one, right or not."""

    def path(self, rng: Random) -> list[Move]:
        """Return moves from the start to the answer."""

    def detours(self, path: Sequence[Move], step: int) -> list[Move]:
        """Return the wrong moves at the state after `step` steps of a path.

        Each leads to a dead state, and no two of them to the same.
        """

    def further_detours(self, path: Sequence[Move], step: int) -> list[Move]:
        """Return wrong moves that are less natural, for problems that have too few others."""

    def excursion(self, state: State, rng: Random) -> Iterator[Move | Reason]:
        """Yield legal moves from a dead state on, and last the reason why the search is stuck."""

    def mistaken(
        self, events: Sequence[Event[Move, Reason]], rng: Random
    ) -> list[Event[Move, Reason]]:
        """Return the trace with a wrong final answer and the same backtracks."""

    def phrases(self, wording: str) -> Phrases[Move, Reason]:
        """Return how events are written and read."""
