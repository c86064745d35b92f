"""A model's completion, read as a trace: does it go back, and does what it says hold?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmx.data.tasks.tags import ANSWER
from llmx.papers.backtracking.traces.replay import RefusedTrace, replay
from llmx.papers.backtracking.traces.tasks import AnyPuzzle
from llmx.papers.backtracking.traces.wording import Phrases, Template, UnreadableTrace


@dataclass(frozen=True)
class Observed:
    """A completion, read as a trace.

    Attributes:
        returns: lines that go back to an earlier step, also in a text that is no whole trace.
        readable: every line is an event of the wording, and the form is kept.
        fault: the first thing that does not hold; empty = the trace holds to its right answer.
    """

    returns: int
    readable: bool
    fault: str

    @property
    def holds(self) -> bool:
        """Whether every step was checked and holds."""
        return not self.fault


def returns(phrases: Phrases[Any, Any], completion: str) -> int:
    """Return how many lines before the answer go back to an earlier step.

    No problem is needed, so that it can be counted in each of many thousand rollouts.
    """
    back = Template(phrases.back)
    thinking = completion.partition(ANSWER)[0]
    return sum(back.read(line) is not None for line in thinking.split("\n"))


def observe(puzzle: AnyPuzzle, wording: str, completion: str, opened: bool) -> Observed:
    """Read and replay a completion that a model wrote.

    Args:
        wording: of the traces that the model was warmed up with.
        opened: the prompt has opened the think block already.
    """
    phrases = puzzle.phrases(wording)
    found = returns(phrases, completion)
    try:
        events = phrases.read(completion, opened)
    except UnreadableTrace as error:
        return Observed(found, readable=False, fault=error.message)
    try:
        replay(puzzle, events)
    except RefusedTrace as error:
        return Observed(found, readable=True, fault=error.message)
    return Observed(found, readable=True, fault="")
