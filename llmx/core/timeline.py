"""What processes did for a run and when: rows that rooms of work keep and a report draws."""

from __future__ import annotations

from dataclasses import dataclass

DONE, STOPPED, FAILED, LOST = "done", "stopped", "failed", "lost"
"""How work at a stage ended: whole; asked to, and taken up again; of an error; without a word."""


@dataclass(frozen=True)
class WorkBar:
    """Work of one process at one stage; `begin` and `end` are seconds since 1970."""

    title: str
    begin: float
    end: float
    outcome: str = DONE


@dataclass(frozen=True)
class WorkerLife:
    """One process from its begin to its end, in seconds since 1970.

    Attributes:
        worker: what it is called; the lives of a job that was begun again have one name.
        key: class of the work that it takes.
        queued: since when it waited for a machine; None where it did not.
        killed: whether it ended without a word: `end` is when it was last seen.
    """

    host: str
    worker: str
    key: str
    gpus: int
    begin: float
    end: float
    bars: tuple[WorkBar, ...] = ()
    queued: float | None = None
    killed: bool = False

    def hours(self, *outcomes: str) -> float:
        """Return the hours of work that ended in one of some ways."""
        return sum(bar.end - bar.begin for bar in self.bars if bar.outcome in outcomes) / 3600

    @property
    def idle(self) -> float:
        """Hours in which it was at no stage: it began, looked for work, ended."""
        return max(0.0, self.end - self.begin) / 3600 - self.hours(DONE, STOPPED, FAILED, LOST)
