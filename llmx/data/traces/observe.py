"""A model's completion, read as a trace: does it go back, and does what it says hold?"""

from __future__ import annotations

from dataclasses import dataclass

from llmx.data.traces.events import Return, backtracks
from llmx.data.traces.replay import RefusedTrace, replay
from llmx.data.traces.tasks import AnyPuzzle
from llmx.data.traces.wording import UnreadableTrace


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


def observe(puzzle: AnyPuzzle, wording: str, completion: str, opened: bool) -> Observed:
    """Read and replay a completion that a model wrote.

    Args:
        wording: of the traces that the model was warmed up with.
        opened: the prompt has opened the think block already.
    """
    phrases = puzzle.phrases(wording)
    lines = completion.split("\n")
    returns = sum(isinstance(phrases.event(line), Return) for line in lines)
    try:
        events = phrases.read(completion, opened)
    except UnreadableTrace as error:
        return Observed(returns, readable=False, fault=error.message)
    try:
        replay(puzzle, events)
    except RefusedTrace as error:
        return Observed(backtracks(events), readable=True, fault=error.message)
    return Observed(backtracks(events), readable=True, fault="")
