"""Does a prompt go on where the last turn ended? Told by token ids, turn by turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from llmx.core.episode import EpisodeTurn
from llmx.core.record import Frozen, Record
from llmx.core.stream import shared_prefix

_AROUND = 4  # ids that are shown of each side


class PromptBreak(Frozen):
    """A prompt that does not begin with the ids of the prompt and the reply before it.

    Attributes:
        at: the first place that differs.
        was, now: ids from there on, the first few: of the turn before, and of this one.
        again: tokens of the turn before that had to be computed anew.
    """

    id: str
    draw: int
    turn: int
    at: int
    was: tuple[int, ...]
    now: tuple[int, ...]
    again: int


def breaks(turns: Iterable[EpisodeTurn]) -> Iterator[PromptBreak | None]:
    """Yield what breaks between the turns of one episode; None for a pair where nothing does.

    Turns without ids, as of an endpoint that gives none, are left out.
    """
    for before, after in pairwise(turns):
        if _known(before.record) and _known(after.record):
            yield _between(before, after)


def _known(record: Record | None) -> bool:
    return record is not None and bool(record.prompt_ids)


def _between(before: EpisodeTurn, after: EpisodeTurn) -> PromptBreak | None:
    assert before.record is not None and after.record is not None
    old = before.record.prompt_ids + before.record.completion_ids
    new = after.record.prompt_ids
    if new[: len(old)] == old:
        return None
    at = shared_prefix(old, new)
    return PromptBreak(
        id=after.id,
        draw=after.draw,
        turn=after.turn,
        at=at,
        was=old[at : at + _AROUND],
        now=new[at : at + _AROUND],
        again=len(old) - at,
    )


class TokenAudit:
    """Counts over all episodes of an arm.

    Args:
        most: breaks that are kept with their ids.
    """

    def __init__(self, most: int = 20) -> None:
        self.most = most
        self.pairs = self.broken = self.again = self.unknown = 0
        self.first: list[PromptBreak] = []

    def see(self, turns: list[EpisodeTurn]) -> None:
        """Look at the turns of one episode."""
        found = list(breaks(turns))
        bad = [one for one in found if one is not None]
        self.pairs += len(found)
        self.unknown += max(0, len(turns) - 1) - len(found)
        self.broken += len(bad)
        self.again += sum(one.again for one in bad)
        self.first += bad[: self.most - len(self.first)]

    def found(self) -> dict[str, Any]:
        """Return the counts, and the first breaks.

        ``pairs`` of turns that follow each other were compared, ``unknown`` had no ids; ``again``
        tokens were computed twice, by every engine that keeps no more than a common beginning.
        """
        return {
            "pairs": self.pairs,
            "unknown": self.unknown,
            "broken": self.broken,
            "again": self.again,
            "first": [one.model_dump(mode="json") for one in self.first],
        }
