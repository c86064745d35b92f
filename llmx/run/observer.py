"""What a run tells whoever watches it: a command line, a test, a notebook."""

from __future__ import annotations

from typing import Protocol

from llmx.core.progress import Progress, Silent


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
