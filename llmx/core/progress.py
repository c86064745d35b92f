"""Progress as an interface, so that stages draw no bars and tests need no terminal."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives how far a stage is. One instance a stage."""

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        """Announce the amount of work, and how much an earlier try has already done."""

    def advance(self, amount: int = 1) -> None:
        """Report finished work."""

    def note(self, text: str) -> None:
        """Show one short line beside the bar (a phase, a rate)."""

    def scored(self, correct: int, of: int) -> None:
        """Report that `correct` answers are right of those that have been scored so far."""


class Silent:
    """Discards everything."""

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        """Discard."""

    def advance(self, amount: int = 1) -> None:
        """Discard."""

    def note(self, text: str) -> None:
        """Discard."""

    def scored(self, correct: int, of: int) -> None:
        """Discard."""
