"""The interval that every estimate is printed with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """A two-sided interval in the unit of its estimate; `level` is the nominal coverage."""

    low: float
    estimate: float
    high: float
    level: float

    def above(self, value: float) -> bool:
        """Whether the whole interval lies above `value`."""
        return self.low > value

    def below(self, value: float) -> bool:
        """Whether the whole interval lies below `value`."""
        return self.high < value


At = Callable[[float], Interval]
"""The interval of one estimate at any level: wider for a higher one."""


def check_level(level: float) -> None:
    """Refuse a coverage that is not a probability strictly between 0 and 1.

    Raises:
        ValueError: if it is not.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal law."""
    return NormalDist().inv_cdf(probability)


def two_sided_z(level: float) -> float:
    """Return z with P(|Z| <= z) = level for a standard normal Z (1.96 for 0.95)."""
    check_level(level)
    return normal_quantile((1 + level) / 2)
