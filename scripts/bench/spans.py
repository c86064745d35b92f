"""Estimates with 95 % intervals from a bootstrap over units; of two arms the units are paired."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
_DRAWS = 2000


@dataclass(frozen=True)
class Span:
    """An estimate and its interval; without one where there is a single unit."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        interval = "" if self.low is None or self.high is None else f" [{self._ends()}]"
        return f"{short(self.value)}{interval}"

    def _ends(self) -> str:
        assert self.low is not None and self.high is not None
        return f"{short(self.low)}, {short(self.high)}"

    def times(self, factor: float) -> Span:
        """Return the same in another unit."""
        ends = (None if end is None else end * factor for end in (self.low, self.high))
        return Span(self.value * factor, *ends)


def short(value: float) -> str:
    """Return a number with three digits or more, never in powers of ten."""
    if not math.isfinite(value) or value == 0:
        return f"{value:.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 6)}f}"


def median(values: Sequence[float]) -> Span:
    """Return the median of units."""
    return _span(np.array(values, float)[:, None], lambda part: np.median(part[..., 0], -1))


def ratio(above: Sequence[float], below: Sequence[float]) -> Span:
    """Return the sum of one column over the sum of another, units drawn together."""
    return _span(np.array((above, below), float).T, lambda p: p[..., 0].sum(-1) / p[..., 1].sum(-1))


def ratio_of_rates(
    above: Sequence[tuple[float, float]], below: Sequence[tuple[float, float]]
) -> Span:
    """Return one rate over another; each a list of (amount, seconds) a unit, in the same order."""
    columns = np.concatenate((np.array(above, float), np.array(below, float)), 1)

    def of(part: Doubles) -> Doubles:
        a, s, b, t = np.moveaxis(part.sum(-2), -1, 0)
        found: Doubles = (a / s) / (b / t)
        return found

    return _span(columns, of)


def _span(columns: Doubles, of: Callable[[Doubles], Doubles]) -> Span:
    """Estimate from (units, columns), and from draws of units (draws, units, columns)."""
    value, count = float(of(columns)), len(columns)
    if count < 2:
        return Span(value)
    picks = np.random.default_rng(0).integers(0, count, (_DRAWS, count))
    low, high = np.quantile(of(columns[picks]), (0.025, 0.975))
    return Span(value, float(low), float(high))
