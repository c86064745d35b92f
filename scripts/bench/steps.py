"""A line on the standard error: how far it is, and how long it will still take."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

_QUIET = 10.0  # seconds between two lines of a log


class Steps:
    """Parts of a run with guesses of how long each takes; what is measured corrects them.

    Args:
        expected: part → seconds on two quiet cores.
    """

    def __init__(self, expected: Mapping[str, float]) -> None:
        self.left = dict(expected)
        self.over = 0.0
        self.begun = time.perf_counter()
        self.name, self.total, self.done = "", 1, 0
        self.shown = -_QUIET

    def begin(self, name: str, total: int) -> None:
        """Begin a part of so many steps."""
        self._close()
        self.name, self.total, self.done = name, max(total, 1), 0
        self.shown = -_QUIET
        self._show()

    def step(self) -> None:
        """One step is done."""
        self.done += 1
        self._show()

    def end(self) -> None:
        """Everything is done."""
        self._close()
        self._line(f"done in {_clock(time.perf_counter() - self.begun)}\n")

    def _close(self) -> None:
        self.over += self.left.pop(self.name, 0.0)

    def _show(self) -> None:
        now = time.perf_counter()
        if not sys.stderr.isatty() and now - self.shown < _QUIET:
            return
        self.shown = now
        share = min(self.done / self.total, 1.0) * self.left.get(self.name, 0.0)
        known = self.over + share
        ahead = sum(self.left.values()) - share
        spent = now - self.begun
        # Until a tenth is done the guess is worth more than the clock.
        slower = spent / known if known > 0.1 * (known + ahead) else 1.0
        text = f"{self.name} {self.done}/{self.total}, about {_clock(ahead * slower)} left"
        self._line(text)

    def _line(self, text: str) -> None:
        before, after = ("\r\033[K", "") if sys.stderr.isatty() else ("", "\n")
        print(f"{before}{text.rstrip()}", end=after, file=sys.stderr, flush=True)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
