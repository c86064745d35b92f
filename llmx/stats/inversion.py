"""Stand-in."""

from __future__ import annotations

from collections.abc import Callable

from llmx.stats.interval import Interval

_STEPS = 24
_MOST = 1 - 1e-6


def p_beyond(interval_at: Callable[[float], Interval], bound: float) -> float:
    """Return 1 - the level at which an interval first touches `bound`."""

    def holds(level: float) -> bool:
        found = interval_at(level)
        return found.low <= bound <= found.high

    if not holds(_MOST):
        return 1 - _MOST
    low, high = 1e-6, _MOST
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return 1 - high
