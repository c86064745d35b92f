"""The turns of a stage on the disk: what an earlier try has recorded, and what this one adds.

``turns.jsonl`` holds a line a turn; ``times.jsonl`` what the clock said of it, apart, so that the
same turns are the same bytes. No kill loses what was written, a power cut half a second of turns.
While an endpoint is asked, ``answers.jsonl`` holds each of its answers before calls are made, on
the disk when it is written: it was perhaps paid for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from pydantic import ValidationError

from llmx.core.episode import EpisodeTurn
from llmx.core.record import Record, as_json
from llmx.store.files import Appender, lines_before_damage, write_lines, write_parts

TURNS, TIMES, ANSWERS = "turns.jsonl", "times.jsonl", "answers.jsonl"
_EVERY = 0.5  # seconds: waiting for the disk each time takes as long as many an answer


class EpisodeKey(NamedTuple):
    """Which episode."""

    id: str
    draw: int


class Seconds(NamedTuple):
    """What a clock said of a turn."""

    model: float = 0.0
    tools: float = 0.0


class TurnLog:
    """Reads and writes the turns of one stage; threads may share it."""

    def __init__(self, out: Path) -> None:
        self.out, self._lock = out, Lock()
        self._places: dict[EpisodeKey, list[int]] = {}
        self._attempts: dict[EpisodeKey, int] = {}
        self._read_turns()
        self._times = dict(self._read_times())
        self._answers = dict(self._read_answers())
        self._end = self._size()
        self._files = ExitStack()
        self._turn_lines = self._files.enter_context(Appender(out / TURNS, _EVERY))
        self._time_lines = self._files.enter_context(Appender(out / TIMES, _EVERY))
        self._answer_lines: Appender | None = None

    def _size(self) -> int:
        path = self.out / TURNS
        return path.stat().st_size if path.exists() else 0

    def _read_turns(self) -> None:
        """Learn where turns stand; what a kill or a power cut left behind the last is cut off."""
        path, place = self.out / TURNS, 0
        if not path.exists():
            return
        with path.open("r+b") as handle:
            for line in handle:
                turn = _turn_of(line)
                if turn is None:
                    break
                self._note(turn, place)
                place += len(line)
            handle.truncate(place)

    def _note(self, turn: EpisodeTurn, place: int) -> None:
        """Remember where a turn stands; a further attempt takes the place of the one before."""
        key = EpisodeKey(turn.id, turn.draw)
        if turn.attempt > self._attempts.get(key, 1):
            self._places[key] = []
        self._attempts[key] = turn.attempt
        self._places.setdefault(key, []).append(place)

    def _read_times(self) -> Iterator[tuple[tuple[EpisodeKey, int, int], Seconds]]:
        rows, clean = lines_before_damage(self.out / TIMES)
        if not clean:
            write_lines(self.out / TIMES, rows)
        for row in rows:
            key = EpisodeKey(row["id"], row["draw"])
            yield (key, row["attempt"], row["turn"]), Seconds(row["model"], row["tools"])

    def _read_answers(self) -> Iterator[tuple[tuple[EpisodeKey, int, int], Record]]:
        rows, clean = lines_before_damage(self.out / ANSWERS)
        if not clean:
            write_lines(self.out / ANSWERS, rows)
        for row in rows:
            key = EpisodeKey(row["id"], row["draw"])
            if row["attempt"] == self.attempt(key) and row["turn"] > self.count(key):
                record = Record.model_validate(row["record"])
                yield (key, row["attempt"], row["turn"]), record

    def attempt(self, key: EpisodeKey) -> int:
        """Return the number of the attempt that is recorded last."""
        return self._attempts.get(key, 1)

    def count(self, key: EpisodeKey) -> int:
        """Return how many turns of it are recorded."""
        return len(self._places.get(key, ()))

    def turns(self, key: EpisodeKey) -> list[EpisodeTurn]:
        """Return them, in their order."""
        return [self._at(place) for place in self._places.get(key, ())]

    def answer(self, key: EpisodeKey, attempt: int, turn: int) -> Record | None:
        """Return the answer that came before a kill, and whose calls were not all made."""
        return self._answers.get((key, attempt, turn))

    def seconds(self, key: EpisodeKey, attempt: int, turn: int) -> Seconds:
        """Return what the clock said of a turn, as far as a power cut left it."""
        return self._times.get((key, attempt, turn), Seconds())

    def add(self, turn: EpisodeTurn, seconds: Seconds) -> None:
        """Record a turn."""
        key, attempt = EpisodeKey(turn.id, turn.draw), turn.attempt
        with self._lock:
            self._time_lines.append([_timed(key, attempt, turn.turn, seconds)])
            self._note(turn, self._end)
            self._turn_lines.append([as_json(turn)])
            self._end = self._size()
            self._times[key, attempt, turn.turn] = seconds

    def keep(self, key: EpisodeKey, attempt: int, turn: int, record: Record) -> None:
        """Record an answer before its calls are made."""
        row = {**key._asdict(), "attempt": attempt, "turn": turn, "record": as_json(record)}
        with self._lock:
            if self._answer_lines is None:
                self._answer_lines = self._files.enter_context(Appender(self.out / ANSWERS))
            self._answer_lines.append([row])

    def spent(self) -> Iterator[Record]:
        """Yield all answers that were given, for a budget."""
        for place in (one for places in self._places.values() for one in places):
            if (record := self._at(place).record) is not None:
                yield record
        yield from self._answers.values()

    def close(self) -> None:
        """Close the files. Safe to call twice."""
        self._files.close()

    def finish(self, keys: Sequence[EpisodeKey]) -> None:
        """Put the turns in the order of the episodes, whoever came first, and close the files."""
        self.close()
        places = [place for key in keys for place in self._places.get(key, ())]
        write_parts(self.out / TURNS, (self._line(place) for place in places))
        write_lines(self.out / TIMES, self._ordered_times(keys))
        (self.out / ANSWERS).unlink(missing_ok=True)

    def _ordered_times(self, keys: Iterable[EpisodeKey]) -> Iterator[dict[str, Any]]:
        for key in keys:
            attempt = self.attempt(key)
            for turn in range(1, self.count(key) + 1):
                yield _timed(key, attempt, turn, self.seconds(key, attempt, turn))

    def _line(self, place: int) -> bytes:
        with (self.out / TURNS).open("rb") as handle:
            handle.seek(place)
            return handle.readline()

    def _at(self, place: int) -> EpisodeTurn:
        return EpisodeTurn.model_validate_json(self._line(place))


def _timed(key: EpisodeKey, attempt: int, turn: int, seconds: Seconds) -> dict[str, Any]:
    return {**key._asdict(), "attempt": attempt, "turn": turn, **seconds._asdict()}


def _turn_of(line: bytes) -> EpisodeTurn | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return EpisodeTurn.model_validate_json(line)
    except ValidationError:
        return None
