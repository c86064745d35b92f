"""Student's t for whole degrees of freedom, so that few measurements get honest intervals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import atan, cos, pi, sin, sqrt

from llmx.stats.interval import check_level


@dataclass(frozen=True)
class StudentError:
    """A standard error, in the unit of its estimate, and the degrees of freedom behind it."""

    standard_error: float
    freedom: int

    def reach(self, level: float) -> float:
        """Return half the width of Student's interval."""
        return two_sided_t(level, self.freedom) * self.standard_error

    def p_value(self, gap: float) -> float:
        """Return the two-sided p value of an estimate that is `gap` away from what is tested."""
        if gap == 0:
            return 1.0
        if self.standard_error == 0:
            return 0.0
        return max(0.0, 1 - coverage(abs(gap) / self.standard_error, self.freedom))


@lru_cache(maxsize=8192)
def two_sided_t(level: float, freedom: int) -> float:
    """Return t with P(|T| <= t) = level (4.30 for 0.95 and two degrees of freedom).

    Raises:
        ValueError: if freedom < 1 or level is not strictly between 0 and 1.
    """
    check_level(level)
    if freedom < 1:
        raise ValueError(f"degrees of freedom must be at least 1, not {freedom}")
    low, high = 0.0, pi / 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _coverage(middle, freedom) < level else (low, middle)
    return sqrt(freedom) * sin(low) / cos(low)


def coverage(t: float, freedom: int) -> float:
    """Return P(|T| <= t) (Abramowitz and Stegun 1964, 26.7.3 and 26.7.4)."""
    return _coverage(atan(t / sqrt(freedom)), freedom)


def _coverage(angle: float, freedom: int) -> float:
    """The finite series in powers of cos(angle); a closed form exists for whole degrees only."""
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = 0.0
    for step in range(1 + odd, freedom, 2):
        total += term
        term *= cos(angle) ** 2 * step / (step + 1)
    total *= sin(angle)
    return (angle + total) * 2 / pi if odd else total
