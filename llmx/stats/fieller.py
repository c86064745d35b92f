"""A ratio of two means over items and seeds, by inverting the test of their difference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.crossed import paired_two_level, two_level
from llmx.stats.interval import Interval

_DOUBLINGS = 60


def ratio_two_level(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> Interval:
    """Return mean of `first` over mean of `second` with the noise of items and of seeds.

    The interval holds each ratio r for which :func:`~llmx.stats.crossed.two_level` of
    ``first - r * second`` holds 0 (Fieller 1954, J. R. Stat. Soc. B 16, p. 175): for trained arms,
    whose lengths differ from seed to seed. The p value of a ratio r is therefore
    ``paired_two_level(first, r * second).p_value()``, with ``second`` an array.

    Args:
        first: shape ``[items]`` or ``[items, seeds]``, any unit.
        second: the same shape and unit; the same items and seeds.
        level: nominal coverage.

    Raises:
        ValueError: if the interval of the second mean holds 0 (no bounded interval of the ratio
            exists then), and as :func:`~llmx.stats.crossed.paired_two_level`.
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    below = two_level(other, level)
    if below.interval.low <= 0 <= below.interval.high:
        raise ValueError("the second mean may be 0: a ratio to it has no bounded interval")

    def holds(ratio: float) -> bool:
        interval = paired_two_level(one, ratio * other, level).interval
        return interval.low <= 0 <= interval.high

    estimate = float(one.mean() / other.mean())
    step = paired_two_level(one, estimate * other, level).reach / abs(below.interval.estimate)
    low, high = (_edge(holds, estimate, sign * step) for sign in (-1, 1))
    return Interval(low, estimate, high, level)


def _edge(holds: Callable[[float], bool], inside: float, step: float) -> float:
    """Return where `holds` ends on the way from `inside`: doubled steps, then bisection."""
    outside = inside + step
    for _ in range(_DOUBLINGS):
        if not holds(outside):
            break
        inside, outside, step = outside, outside + 2 * step, 2 * step
    for _ in range(50):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return (inside + outside) / 2
