"""What a run tells whoever watches it: a command line, a test, a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Protocol, TextIO, runtime_checkable

from llmx.core.names import marked
from llmx.core.progress import Progress, Silent

_WIDTH = 72  # columns of a notebook's line


class Observer(Protocol):
    """Receives the course of a run."""

    def planned(self, total: int, cached: int) -> None:
        """The graph has `total` nodes, `cached` of which are whole already."""

    def started(self, title: str) -> Progress:
        """A stage starts; the answer receives its progress."""

    def finished(self, title: str, seconds: float) -> None:
        """A stage is complete."""

    def reused(self, title: str) -> None:
        """A stage's output was there already."""

    def waiting(self, title: str, owner: int | None, done: int, total: int) -> None:
        """Another process works on a stage; this is how far it is."""

    def note(self, text: str) -> None:
        """One line worth showing."""


@runtime_checkable
class Expecting(Protocol):
    """An observer that says how long a run still takes, and wants the plan's word on it."""

    def expect(self, seconds: Mapping[str, float], together: float) -> None:
        """What is left of the plan, before anything runs.

        Args:
            seconds: title → estimate of each stage that is to be done and has one.
            together: of all, in as many processes as there are.
        """


class SilentObserver:
    """Discards everything."""

    def planned(self, total: int, cached: int) -> None:
        """Discard."""

    def started(self, title: str) -> Progress:
        """Discard."""
        return Silent()

    def finished(self, title: str, seconds: float) -> None:
        """Discard."""

    def reused(self, title: str) -> None:
        """Discard."""

    def waiting(self, title: str, owner: int | None, done: int, total: int) -> None:
        """Discard."""

    def note(self, text: str) -> None:
        """Discard."""


class Printing:
    """Prints a line a finished stage, and in one line how far the present one is."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def planned(self, total: int, cached: int) -> None:
        """Say how much there is to do."""
        self.note(f"{total} stages, {cached} of them done already")

    def started(self, title: str) -> Progress:
        """Show the share that is done, and the time that is left."""
        return _Line(title, self._out)

    def finished(self, title: str, seconds: float) -> None:
        """Print a line."""
        self.note(f"done     {title}  {seconds:.1f} s")

    def reused(self, title: str) -> None:
        """Say nothing: most of a second run is reused."""

    def waiting(self, title: str, owner: int | None, done: int, total: int) -> None:
        """Show how far another process is."""
        _Line(title, self._out).show(done, total)

    def note(self, text: str) -> None:
        """Print over the line of progress."""
        print(f"\r{marked(text):<{_WIDTH}}", file=self._out, flush=True)


class _Line:
    """The progress of one stage, written over itself at most once a second."""

    def __init__(self, title: str, out: TextIO) -> None:
        self._title, self._out = title, out
        self._total = self._done = self._first = 0
        self._began = self._shown = time.monotonic()

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        self._total, self._done, self._first = total, done, done
        self._began = time.monotonic()

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        if time.monotonic() - self._shown >= 1:
            self.show(self._done, self._total)

    def note(self, text: str) -> None:
        """A line is too short for notes."""

    def scored(self, correct: int, of: int) -> None:
        """Nor for scores."""

    def show(self, done: int, total: int) -> None:
        """Write how far it is; the time that is left by what was done since it began."""
        self._shown = now = time.monotonic()
        made = done - self._first
        left = f", {(now - self._began) * (total - done) / made:.0f} s left" if made > 0 else ""
        text = f"{marked(self._title)}  {done:,} of {total:,}{left}"
        print(f"\r{text:<{_WIDTH}}", end="", file=self._out, flush=True)


def in_notebook() -> Observer | None:
    """Return an observer that prints into a notebook's cell; None outside of one."""
    return Printing(sys.stdout) if "ipykernel" in sys.modules else None
