"""The replayer: checks every step of a trace, knowing nothing of how it was made.

A trace holds if each step is legal and says what is true, each dead end is one, each return follows
a dead end and names a step that can still lead to the answer while what is given up cannot, no
excursion stands twice, and the answer is what the last path gives. So a return ends a whole
excursion, and counting returns counts excursions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llmx.core.errors import LlmxError
from llmx.papers.backtracking.traces.events import Again, Conclude, Event, Fail, Place, Return
from llmx.papers.backtracking.traces.puzzle import IllegalStep, Puzzle


class RefusedTrace(LlmxError):
    """A trace that does not hold: which event, and why."""


@dataclass(frozen=True)
class ReplayedTrace:
    """What a trace that holds consists of."""

    backtracks: int
    steps: int
    deepest: int
    """Steps of the longest excursion."""


def replay(
    puzzle: Puzzle[Any, Any, Any],
    events: Sequence[Event[Any, Any]],
    k: int | None = None,
    wrong_answer: bool = False,
) -> ReplayedTrace:
    """Check a trace.

    Args:
        k: the backtracks that it must have; None = any number.
        wrong_answer: the answer must be of the right form and wrong (the incorrect arm).

    Raises:
        RefusedTrace: naming the first event that does not hold.
    """
    walk = _Walk(puzzle, wrong_answer)
    for place, event in enumerate(events):
        try:
            walk.take(event, last=place == len(events) - 1)
        except IllegalStep as error:
            raise RefusedTrace(f"event {place + 1}, {event}: {error.message}") from error
    if not events or not isinstance(events[-1], Conclude):
        raise RefusedTrace("the trace has no conclusion")
    if k is not None and walk.backtracks != k:
        raise RefusedTrace(f"the trace has {walk.backtracks} backtracks, not {k}")
    return ReplayedTrace(walk.backtracks, walk.steps, walk.deepest)


class _Walk:
    """Where a replay stands: the states and moves that are not taken back."""

    def __init__(self, puzzle: Puzzle[Any, Any, Any], wrong_answer: bool) -> None:
        self.puzzle, self.wrong_answer = puzzle, wrong_answer
        self.states: list[Any] = [puzzle.start()]
        self.moves: list[Any] = []
        self.stuck = False
        self.given_up: set[tuple[int, Any, Any]] = set()
        self.backtracks = self.steps = self.deepest = 0

    def take(self, event: Event[Any, Any], last: bool) -> None:
        if self.stuck != isinstance(event, Return):
            after = "a return has to follow" if self.stuck else "a return needs one before it"
            raise IllegalStep(f"dead ends: {after}")
        if last != isinstance(event, Conclude):
            raise IllegalStep("the conclusion stands last, and nothing else does")
        match event:
            case Place(step, move):
                self._place(step, move)
            case Again(step, move):
                self._again(step, move)
            case Fail(reason):
                self.puzzle.check_stuck(self.states[-1], reason)
                self.stuck = True
            case Return(to):
                self._return(to)
            case Conclude(answer):
                self._conclude(answer)

    def _place(self, step: int, move: Any) -> None:
        if step != len(self.moves) + 1:
            raise IllegalStep(f"this is step {len(self.moves) + 1}")
        self.states.append(self.puzzle.step(self.states[-1], move))
        self.moves.append(move)
        self.steps += 1

    def _again(self, step: int, move: Any) -> None:
        if not 1 <= step <= len(self.moves) or self.moves[step - 1] != move:
            raise IllegalStep("no step that stands says this")

    def _return(self, to: int) -> None:
        if not 0 <= to < len(self.moves):
            raise IllegalStep(f"there is no earlier step {to} to go back to")
        if not self.puzzle.dead(self.states[to + 1]):
            raise IllegalStep(f"step {to + 1} is given up, but an answer can be reached from it")
        if self.puzzle.dead(self.states[to]):
            raise IllegalStep(f"no answer can be reached from step {to} either")
        excursion = (to, self.states[to], self.states[to + 1])
        if excursion in self.given_up:
            raise IllegalStep(f"step {to + 1} was given up before")
        self.given_up.add(excursion)
        self.deepest = max(self.deepest, len(self.moves) - to)
        self.backtracks += 1
        self.stuck = False
        del self.states[to + 1 :], self.moves[to:]

    def _conclude(self, answer: str) -> None:
        if self.wrong_answer:
            if not self.puzzle.well_formed(answer) or self.puzzle.right(answer):
                raise IllegalStep("the answer should be of the right form and wrong")
            return
        given = self.puzzle.conclusion(self.states[-1], self.moves)
        if answer != given:
            raise IllegalStep(f"the path gives {given!r}")
        if not self.puzzle.right(answer):
            raise IllegalStep("the answer is wrong")
