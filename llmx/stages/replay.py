"""An episode that has ended, led once more: answers are told as they were, calls are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmx.core.episode import Episode, EpisodeTurn
from llmx.core.record import Record
from llmx.core.stage import StageInput
from llmx.data import load
from llmx.stages.agent_arm import craft_of
from llmx.stages.decode import problems_of, split_of
from llmx.stages.play import Play, WorldChangedError
from llmx.stages.requests import required
from llmx.stages.turns import EpisodeKey, Seconds


@dataclass(frozen=True)
class Replayed:
    """What became of an episode that was led once more. No model is asked.

    Attributes:
        calls: that gave what they had given.
        changed: number of the first turn whose calls gave something else; None where all did.
        ending: that the loop comes to; None where it did not come to its end.
    """

    calls: int
    changed: int | None
    ending: str | None


class RecordedTurns:
    """The turns of one episode, to read; nothing is added to them."""

    def __init__(self, turns: Sequence[EpisodeTurn], seconds: Mapping[int, Seconds]) -> None:
        self._turns, self._seconds = list(turns), seconds

    def attempt(self, key: EpisodeKey) -> int:
        """Return the number of the attempt."""
        return self._turns[0].attempt if self._turns else 1

    def turns(self, key: EpisodeKey) -> list[EpisodeTurn]:
        """Return them, in their order."""
        return self._turns

    def answer(self, key: EpisodeKey, attempt: int, turn: int) -> Record | None:
        """Return nothing: all answers stand in turns."""
        return None

    def seconds(self, key: EpisodeKey, attempt: int, turn: int) -> Seconds:
        """Return what the clock said of a turn."""
        return self._seconds.get(turn, Seconds())

    def add(self, turn: EpisodeTurn, seconds: Seconds) -> None:
        """Refuse a turn that was not there."""
        raise WorldChangedError


def replay(
    given: StageInput,
    key: EpisodeKey,
    turns: Sequence[EpisodeTurn],
    seconds: Mapping[int, Seconds],
) -> Replayed:
    """Lead an episode once more.

    Args:
        seconds: of each turn, by its number.

    Raises:
        ConfigError: for tools that are not there any more.
    """
    data, _ = required(given.arm, given.stage.name)
    samples = load(data, split_of(given), problems_of(given))
    sample = next(one for one in samples if one.id == key.id)
    play = Play(craft_of(given), sample, key.draw, RecordedTurns(turns, seconds))
    try:
        request = play.start()
        while request is not None and play.known is not None:
            request = play.lead(play.known, 0.0)
    except WorldChangedError:
        return Replayed(play.repeated, play.turn, None)
    finally:
        play.close()
    found: Episode | None = play.episode
    # What ended for want of a reply wants one more, and nothing of that is recorded.
    whole = found is not None or play.turn == len(turns) + 1
    return Replayed(play.repeated, None if whole else play.turn, found.ending if found else None)
