"""Progress that other processes can read: a small file in the stage's partial folder."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from llmx.core import json_text
from llmx.core.progress import Progress
from llmx.store.cache import PROGRESS, Entry

_EVERY = 0.5  # seconds between writes


class SharedProgress:
    """Passes progress on and writes it where a waiting process looks."""

    def __init__(self, inner: Progress, folder: Path) -> None:
        self._inner = inner
        self._path = folder / PROGRESS
        self._written = 0.0
        self._note = ""
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
        self._write_if_due()

    def note(self, text: str) -> None:
        """Pass one line on; of several in short time others may see the last."""
        self._note = text
        self._inner.note(text)
        self._write_if_due()

    def _write_if_due(self) -> None:
        if time.monotonic() - self._written > _EVERY:
            self._write()

    def _write(self) -> None:
        # Not durable on purpose: losing it costs a waiting process one glance.
        self._written = time.monotonic()
        scratch = self._path.with_name(f".{PROGRESS}.{os.getpid()}.tmp")
        with suppress(OSError):
            seen = {"done": self.done, "total": self.total, "note": self._note}
            scratch.write_text(json.dumps(seen))
            scratch.replace(self._path)


@dataclass(frozen=True)
class Glance:
    """What another process's stage has done, of how much, and its latest line; 0 = unknown."""

    done: int = 0
    total: int = 0
    note: str = ""


def glance(entry: Entry) -> Glance:
    """Look at a stage that another process works on."""
    try:
        found = json_text.parse((entry.partial / PROGRESS).read_text())
        return Glance(int(found["done"]), int(found["total"]), str(found.get("note", "")))
    except (OSError, ValueError, KeyError):
        return Glance()
