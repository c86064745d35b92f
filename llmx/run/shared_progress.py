"""Progress that other processes can read: a small file in the stage's partial folder."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

from llmx.core.progress import Progress
from llmx.store.cache import PROGRESS, Entry

_EVERY = 0.5  # seconds between writes


class SharedProgress:
    """Passes progress on and writes it where a waiting process looks."""

    def __init__(self, inner: Progress, folder: Path) -> None:
        self._inner = inner
        self._path = folder / PROGRESS
        self._written = 0.0
        self.total = self.done = 0

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        """Announce the work."""
        self.total, self.done = total, done
        self._inner.start(total, done, unit)
        self._write()

    def advance(self, amount: int = 1) -> None:
        """Report finished work."""
        self.done += amount
        self._inner.advance(amount)
        if time.monotonic() - self._written > _EVERY:
            self._write()

    def note(self, text: str) -> None:
        """Pass one line on."""
        self._inner.note(text)

    def _write(self) -> None:
        # Not durable on purpose: losing it costs a waiting process one glance.
        self._written = time.monotonic()
        scratch = self._path.with_suffix(".tmp")
        with suppress(OSError):
            scratch.write_text(json.dumps({"done": self.done, "total": self.total}))
            scratch.replace(self._path)


def glance(entry: Entry) -> tuple[int, int]:
    """Return (done, total) of a stage that another process works on; (0, 0) if unknown."""
    try:
        found = json.loads((entry.partial / PROGRESS).read_text())
        return int(found["done"]), int(found["total"])
    except (OSError, ValueError, KeyError):
        return 0, 0
