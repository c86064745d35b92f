"""Calls of methods that ask a model again: each is made once, and stays on the disk.

``calls.jsonl`` is the cache: append-only, a line a call, with the whole request and the record of
its answer. A call is known by its request and by what the engine's answers depend on, so a method
that is run again, after a kill or from the start, finds every answer that was given. So does one
with other options, a larger pool or more rounds, where an answer depends on its request alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.progress import Progress
from llmx.core.record import CostVector, Record, as_json
from llmx.core.speech import Request
from llmx.engines.engine import Accounting, Arriving, Engine, Exact, Rooms
from llmx.store.files import Appender, write_parts
from llmx.store.fingerprint import fingerprint

CALLS = "calls.jsonl"
_BEGINS = re.compile(rb'\{"key": "([0-9a-f]+)", .*\}\n')
_EVERY = 0.5  # seconds: waiting for the disk each time takes as long as many an answer
_STEP = 32  # tokens: caps that a context makes smaller are multiples, so that many are alike


class Calls:
    """Answers requests from ``calls.jsonl``, and by the engine what is not there yet.

    Attributes:
        too_long: requests that did not fit the model's context, and were never sent.

    Args:
        out: folder of the stage.
        identity: what answers depend on beside the request: the engine's identity, and versions.
        batch: requests of a batch, of an engine whose answers depend on their batch.
        others: folders with calls of other stages, which are taken over where they are the same.
    """

    def __init__(
        self,
        out: Path,
        engine: Engine,
        identity: Mapping[str, Any],
        batch: int,
        progress: Progress,
        others: Sequence[Path] = (),
    ) -> None:
        self.path, self.engine, self.progress = out / CALLS, engine, progress
        self._folders = tuple(others)
        self.too_long: set[str] = set()
        self._identity, self._batch = fingerprint(identity), batch
        self._places, self._used = _places(self.path), dict[str, None]()
        self._spent = [_slim(record) for record in records(out)]

    @property
    def made(self) -> int:
        """How many calls the cache holds."""
        return len(self._places)

    def answers(self, requests: list[Request]) -> list[Record]:
        """Return the answers in order; what does not fit a context is answered with nothing.

        Raises:
            LlmxError: as the engine does; every answer that was on its way is kept.
        """
        fitting = [fitted(self.engine, request) for request in requests]
        self.too_long |= {
            one.id for one, kept in zip(requests, fitting, strict=True) if kept is None
        }
        keys = [None if one is None else self._key(one) for one in fitting]
        sent = {key: one for key, one in zip(keys, fitting, strict=True) if key and one}
        self._used.update(dict.fromkeys(sent))
        # An answer that arrives was waited for, and perhaps paid for.
        every = 0.0 if isinstance(self.engine, Arriving) else _EVERY
        with Appender(self.path, every) as written:
            for key, record in self._taken_over(key for key in sent if key not in self._places):
                self._keep(written, key, sent[key], record)
            for key, record in self._new(sent):
                self._keep(written, key, sent[key], record)
        pairs = zip(requests, keys, strict=True)
        return [_unsent(request) if key is None else self._read(key) for request, key in pairs]

    def finish(self) -> None:
        """Put the calls in the order in which they were wanted, whoever answered first."""
        used = [key for key in self._used if key in self._places]
        rest = [key for key in self._places if key not in self._used]
        places = [self._places[key] for key in (*used, *rest)]
        if places != sorted(places):
            write_parts(self.path, (_line_at(self.path, place) for place in places))
            self._places = _places(self.path)

    def accounts(self) -> Mapping[str, Any] | None:
        """Return what the engine counts beside records; None where it counts nothing."""
        return self.engine.accounts() if isinstance(self.engine, Accounting) else None

    def _key(self, request: Request) -> str:
        return fingerprint({"engine": self._identity, "request": as_json(request)})

    @cached_property
    def _others(self) -> dict[str, tuple[Path, int]]:
        """Where calls of other stages stand; looked up when the first call is missing."""
        return _rows_of(self._folders)

    def _taken_over(self, missing: Iterable[str]) -> Iterator[tuple[str, Record]]:
        """Yield (key, answer) of what another stage has asked."""
        for key in missing:
            path, place = self._others.get(key, (None, 0))
            with suppress(OSError, ValueError, KeyError, TypeError):  # no whole call, or gone
                if path is not None:
                    yield key, _record_at(path, place)

    def _new(self, requests: Mapping[str, Request]) -> Iterator[tuple[str, Record]]:
        """Yield (key, answer) of what is not in the cache yet, as it is answered."""
        ordered = sorted(requests, key=lambda key: requests[key].sampler.max_tokens)
        keys = [key for key in ordered if key not in self._places]
        left = [requests[key] for key in keys]
        if not left:
            return
        if isinstance(self.engine, Arriving):
            named = {(one.id, one.draw): key for key, one in zip(keys, left, strict=True)}
            found = self.engine.arrivals(left, self._spent)
            yield from ((named[record.id, record.draw], record) for record in found)
        elif isinstance(self.engine, Exact) and self.engine.exact(left[0].sampler):
            yield from zip(keys, self.engine.generate(left), strict=True)
        else:
            yield from self._in_batches(ordered, requests)

    def _in_batches(
        self, keys: Sequence[str], requests: Mapping[str, Request]
    ) -> Iterator[tuple[str, Record]]:
        """Answer whole batches: one of which an answer is missing is asked again, as it was."""
        for start in range(0, len(keys), self._batch):
            batch = keys[start : start + self._batch]
            if all(key in self._places for key in batch):
                continue
            found = list(self.engine.generate([requests[key] for key in batch]))
            pairs = zip(batch, found, strict=True)
            yield from ((key, record) for key, record in pairs if key not in self._places)

    def _keep(self, written: Appender, key: str, request: Request, record: Record) -> None:
        place = self.path.stat().st_size
        row = {"key": key, "request": as_json(request), "record": as_json(record)}
        written.append([row])
        self._places[key] = place
        self._spent.append(_slim(record))
        self.progress.advance()

    def _read(self, key: str) -> Record:
        return _record_at(self.path, self._places[key])


def fitted(engine: Engine, request: Request) -> Request | None:
    """Return the request with a cap that its context has room for; None where it has none."""
    room = engine.room(request) if isinstance(engine, Rooms) else None
    if room is None or room >= request.sampler.max_tokens:
        return request
    if room < 1:
        return None
    cap = room // _STEP * _STEP or room
    sampler = request.sampler.model_copy(update={"max_tokens": cap})
    return request.model_copy(update={"sampler": sampler})


def records(out: Path) -> Iterator[Record]:
    """Yield the answers of all calls in a folder, in the order in which they came."""
    path = out / CALLS
    if path.exists():
        with path.open("rb") as handle:
            for line in handle:
                yield Record.model_validate(json_text.parse(line)["record"])


def _record_at(path: Path, place: int) -> Record:
    return Record.model_validate(json_text.parse(_line_at(path, place))["record"])


def _line_at(path: Path, place: int) -> bytes:
    with path.open("rb") as handle:
        handle.seek(place)
        return handle.readline()


def _rows_of(folders: Sequence[Path]) -> dict[str, tuple[Path, int]]:
    """Return where calls of other stages stand, by how their lines begin."""
    found: dict[str, tuple[Path, int]] = {}
    for path in (folder / CALLS for folder in folders):
        place = 0
        with suppress(OSError), path.open("rb") as handle:
            for line in handle:
                if named := _BEGINS.match(line):
                    found.setdefault(named[1].decode(), (path, place))
                place += len(line)
    return found


def _places(path: Path) -> dict[str, int]:
    """Return where each call stands; what a kill or a power cut left behind the last is cut off."""
    found: dict[str, int] = {}
    if not path.exists():
        return found
    place = 0
    with path.open("r+b") as handle:
        for line in handle:
            key = _key_of(line)
            if key is None:
                break
            found[key] = place
            place += len(line)
        handle.truncate(place)
    return found


def _key_of(line: bytes) -> str | None:
    try:
        row = json_text.parse(line)
        Record.model_validate(row["record"])
        return str(row["key"]) if line.endswith(b"\n") else None
    except (ValueError, KeyError, TypeError):
        return None


def _slim(record: Record) -> Record:
    """Return what a budget counts of an answer, without its texts."""
    spent = record.spent
    return Record(
        id=record.id,
        prompt_ids=(),
        completion_ids=(),
        prompt="",
        text="",
        finish=record.finish,
        rounds=0,
        prompt_tokens=spent.prompt,
        completion_tokens=spent.completion,
    )


def _unsent(request: Request) -> Record:
    """Return the record of a request that was never sent: no answer, and nothing spent."""
    return Record(
        id=request.id,
        prompt_ids=(),
        completion_ids=(),
        prompt="",
        text="",
        finish="length",
        rounds=0,
        cost=CostVector(),
    )
