"""Judges without a model: rules that are the same everywhere. For tests and rehearsals alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from llmx.core.errors import DataError
from llmx.core.judging import Game, Judgement, JudgeSpec, Preference, judged
from llmx.judging.protocol import JudgeProtocol
from llmx.scoring.number import last_number


class LengthJudge:
    """`judge: {kind: length}`: the output of more characters is better."""

    def __init__(self, spec: JudgeSpec, protocol: JudgeProtocol) -> None:
        self.spec, self.protocol = spec, protocol

    def judgements(
        self, games: Sequence[Game], kept: Sequence[Judgement] = ()
    ) -> Iterator[Judgement]:
        """Yield the judgement of each game."""
        yield from (judged(game, verdict(len(game.first), len(game.second))) for game in games)


class ExactJudge:
    """`judge: {kind: exact}`: an output whose last number is the right one is better."""

    version: ClassVar[int] = 2

    def __init__(self, spec: JudgeSpec, protocol: JudgeProtocol) -> None:
        self.spec, self.protocol = spec, protocol

    def judgements(
        self, games: Sequence[Game], kept: Sequence[Judgement] = ()
    ) -> Iterator[Judgement]:
        """Yield the judgement of each game.

        Raises:
            DataError: for a problem whose right answer the data does not know.
        """
        for game in games:
            right = last_number(game.right)
            if right is None:
                text = f"judge.kind=exact: '{game.sample}' has no right answer with a number"
                raise DataError(text, "judge=length, or data that has answers")
            hits = [last_number(output) == right for output in (game.first, game.second)]
            yield judged(game, verdict(*hits))


def verdict(first: int, second: int) -> Preference:
    """Return who has more."""
    if first == second:
        return Preference(label="same", first=0.5)
    better = first > second
    return Preference(label="first" if better else "second", first=float(better))
