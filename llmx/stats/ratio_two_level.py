"""Stand-in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.crossed import two_level
from llmx.stats.interval import Interval


def ratio_two_level(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> Interval:
    """Stand-in: Fieller's set by bisection."""
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    estimate = float(one.mean() / other.mean())

    def inside(r: float) -> bool:
        found = two_level(one - r * other, level).interval
        return found.low <= 0 <= found.high

    def edge(out: float) -> float:
        near, far = estimate, out
        for _ in range(50):
            middle = (near + far) / 2
            near, far = (middle, far) if inside(middle) else (near, middle)
        return near

    return Interval(edge(0.0), estimate, edge(10 * estimate), level)
