"""From intervals to p values: the level at which an interval ends at what is tested."""

from __future__ import annotations

from llmx.stats.interval import At, Interval

LEAST = 2e-4
"""No p value by inversion is smaller: 10,000 resamples know nothing of what is rarer."""


def p_beyond(interval_at: At, bound: float, *, least: float = LEAST) -> float:
    """Return the two-sided p value of "the estimate is `bound`" that belongs to an interval.

    It is 1 minus the highest level at which the whole interval lies to one side of `bound`, found
    by bisection; intervals widen with their level. So "p < α" and "the interval at level 1 - α
    leaves `bound` out" decide alike, and p can be corrected for several comparisons.

    Args:
        interval_at: gives the interval at each level, of the same data and the same resamples.
        bound: what is tested, in the unit of the estimate.
        least: the smallest p value there is, in (0, 1).

    Returns:
        A p value in [least, 1], to about 1e-9.
    """
    if _beyond(interval_at(1 - least), bound):
        return least
    low, high = 0.0, 1 - least  # beyond at `low`, if anywhere; not at `high`
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if _beyond(interval_at(middle), bound) else (low, middle)
    return 1 - low


def _beyond(interval: Interval, bound: float) -> bool:
    return interval.above(bound) or interval.below(bound)
