"""Time by both clocks: the processor's, of this thread, and the wall's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Found = TypeVar("Found")
CLOCKS = ("processor", "wall")


@dataclass(frozen=True)
class Lap:
    """Seconds of one piece of work."""

    processor: float
    wall: float

    def __add__(self, other: Lap) -> Lap:
        return Lap(self.processor + other.processor, self.wall + other.wall)

    def by(self, clock: str) -> float:
        """Return the seconds of one of :data:`CLOCKS`."""
        return self.processor if clock == "processor" else self.wall


NOTHING = Lap(0.0, 0.0)


def timed(work: Callable[[], Found]) -> tuple[Found, Lap]:
    """Do some work; return what it gives, and how long it took."""
    wall, processor = time.perf_counter(), time.thread_time()
    found = work()
    return found, Lap(time.thread_time() - processor, time.perf_counter() - wall)
