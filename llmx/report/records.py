"""The records of an arm on the disk: each is read when it is asked for, none is held."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from llmx.core.record import Record
from llmx.store.rows import parsed


class KeptRecords(Mapping[str, Record]):
    """Record by id, over a ``samples.jsonl`` that does not change. Of two with one id the last.

    Every record is read once to begin with: a line that is none is found then, not in the middle
    of a page.

    Raises:
        StoreError: for a line that is not JSON.
        ValidationError: for one that is no record.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = dict(self._places())
        self._handle = path.open("rb") if self._at else None

    def _places(self) -> Iterator[tuple[str, int]]:
        start = 0
        with self._path.open("rb") as handle:
            for line in handle:
                if line.endswith(b"\n") and line.strip():
                    yield parsed(line, Record, self._path).id, start
                start += len(line)

    def __getitem__(self, name: str) -> Record:
        start = self._at[name]
        assert self._handle is not None
        self._handle.seek(start)
        return parsed(self._handle.readline(), Record, self._path)

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)
