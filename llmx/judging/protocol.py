"""What a benchmark prescribes: which games are played, what the judge is told, how he is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

from llmx.core.errors import LlmxError
from llmx.core.judging import Game, Preference
from llmx.core.record import Message, Sample


class Asks(Protocol):
    """What a judge is told, and how he is read."""

    def turns(self, game: Game) -> tuple[Message, ...]:
        """Return what the judge is sent."""

    def read(self, reply: str, alternatives: Mapping[str, float]) -> Preference:
        """Return what the judge said; a verdict without a preference if it cannot be read."""


class JudgeProtocol(Asks, Protocol):
    """One benchmark's way to compare two outputs. It asks nobody: a stage does."""

    kind: ClassVar[str]
    version: ClassVar[int]
    per_problem: ClassVar[int]
    """Games."""

    def __init__(self, instructions: str | None) -> None:
        """Take the text of the judge's own instructions, where they replace the protocol's."""

    def games(self, sample: Sample, output: str) -> Sequence[Game]:
        """Return the games of one problem; `sample.answer` is the baseline's output."""

    def settled(self, game: Game) -> Preference | None:
        """Return the verdict of a game that needs no judge, None if it needs one."""

    @classmethod
    def refusal(cls) -> LlmxError | None:
        """Return why a model cannot be asked here, None if it can."""

    @classmethod
    def source(cls) -> str:
        """Return whose words the judge is told, and their version: a part of the identity."""


def game(sample: Sample, place: int, first: str, second: str, ours_first: bool) -> Game:
    """Return a game of a problem."""
    return Game(
        id=f"{sample.id}/{place}",
        sample=sample.id,
        instruction=sample.question,
        first=first,
        second=second,
        ours="first" if ours_first else "second",
        right=sample.solution,
    )
