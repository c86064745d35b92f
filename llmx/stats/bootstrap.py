"""The bootstrap (Efron 1979), once, for every statistic that is a function of sums.

A unit (an item, a cluster, a round) is one row of columns; a resample adds up rows drawn with
replacement. Means, ratios and ratios of ratios are functions of those sums, so one vectorised
loop serves them all, and the jackknife comes for free: total minus row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isnan, sqrt
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmx.stats.interval import Interval, check_level, normal_quantile, two_sided_z
from llmx.stats.student import two_sided_t

Floats = NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
Method = Literal["percentile", "expanded", "bca"]

_CHUNK = 2_000_000
_MANY = 10_000  # units: up to here every row is drawn, as it always was
_FEW = 8  # different rows are few if there are this many times as many units


def bootstrap_mean(
    values: ArrayLike,
    level: float = 0.95,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    method: Method = "bca",
) -> Interval:
    """Return the bootstrap interval of a mean, in the unit of `values` (shape ``[n]``).

    Raises:
        ValueError: if `values` is not a non-empty vector of finite numbers.
    """
    vector = finite_vector(values, "values")
    columns = np.stack([vector, np.ones_like(vector)], axis=1)
    return bootstrap(columns, mean, level, resamples=resamples, seed=seed, method=method)


def bootstrap(
    columns: Floats,
    statistic: Statistic,
    level: float = 0.95,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    method: Method = "bca",
) -> Interval:
    """Return the bootstrap interval of a statistic of column sums.

    Args:
        columns: shape ``[units, m]``, float64; the units are drawn with replacement.
        statistic: maps sums of shape ``[..., m]`` to values of shape ``[...]``.
        level: nominal coverage.
        resamples: number of resamples.
        seed: of numpy's PCG64; equal seeds give equal intervals.
        method: ``percentile`` (Efron 1979), ``bca`` (Efron 1987, JASA 82, p. 171, eq. 2.3 and
            6.6) or ``expanded``, percentile points moved out to undo the narrowness of small
            samples (Hesterberg 2015, Am. Stat. 69, p. 371, section 5.2), beyond the outermost
            draw if need be.

    Raises:
        ValueError: if there are no units, the level is not in (0, 1) or resamples < 100.
    """
    check_level(level)
    return resampled(columns, statistic, resamples=resamples, seed=seed, method=method).at(level)


def resampled(
    columns: Floats,
    statistic: Statistic,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    method: Method = "bca",
) -> Resampled:
    """Return what :func:`bootstrap` reads its interval off, for intervals at every level.

    Raises:
        ValueError: if there are no units, or resamples < 100.
    """
    if len(columns) < 1 or resamples < 100:
        raise ValueError(f"{len(columns)} units and {resamples} resamples are too few")
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = np.sort(statistic(resampled_sums(columns, resamples, seed)))
    return Resampled(
        estimate=float(statistic(columns.sum(axis=0))),
        draws=draws[~np.isnan(draws)],  # 0 / 0 says nothing
        units=len(columns),
        skew=_acceleration(columns, statistic) if method == "bca" else 0.0,
        method=method,
    )


@dataclass(frozen=True)
class Resampled:
    """A statistic, and what it was in resamples of the units.

    Attributes:
        draws: shape ``[resamples]`` less those that are no number, sorted.
        skew: Efron's acceleration, from the jackknife; read by ``bca`` alone.
    """

    estimate: float
    draws: Floats
    units: int
    skew: float
    method: Method

    def at(self, level: float) -> Interval:
        """Return the interval at a level.

        Without ends for a single unit, which says nothing of others.

        Raises:
            ValueError: if the level is not in (0, 1).
        """
        check_level(level)
        if self.units < 2 or not len(self.draws):
            return Interval(-inf, self.estimate, inf, level)
        low, high = (self._quantile(z) for z in self._points(level))
        return Interval(low, self.estimate, high, level)

    def _quantile(self, z: float) -> float:
        """Return the draws' quantile at the normal law's P(Z <= z).

        Expanded points may ask for less than one draw beyond them. There the tail goes on as a
        normal one: the outermost draw is no bound for a level that so many resamples cannot know.
        """
        edge = normal_quantile(1 - 1 / (len(self.draws) + 1))
        known = min(max(z, -edge), edge) if self.method == "expanded" else z
        value = self._read_off(NormalDist().cdf(known))
        return value if z == known else self.estimate + (value - self.estimate) * z / known

    def _read_off(self, share: float) -> float:
        """Return the draws' quantile; beside a draw without bound (x / 0), that draw's."""
        with np.errstate(invalid="ignore"):
            value = float(np.quantile(self.draws, share))
        return inf if isnan(value) else value  # inf − inf, between two of them

    def _points(self, level: float) -> tuple[float, float]:
        """Return where the draws are read off, as quantiles of the standard normal law."""
        z = two_sided_z(level)
        if self.method == "bca" and self.units > 1:
            return self._moved(-z), self._moved(z)
        if self.method == "expanded" and self.units > 1:
            z = sqrt(self.units / (self.units - 1)) * two_sided_t(level, self.units - 1)
        return -z, z

    def _moved(self, z: float) -> float:
        """Move by the bias (the share of draws below the estimate, ties half) and by the skew."""
        draws, estimate = self.draws, self.estimate
        below = float(np.mean(draws < estimate) + np.mean(draws == estimate) / 2)
        if not 0 < below < 1:
            return z
        bias = normal_quantile(below)
        return bias + (bias + z) / (1 - self.skew * (bias + z))


def resampled_sums(columns: Floats, resamples: int, seed: int) -> Floats:
    """Return the sums of resampled rows, shape ``[resamples, m]``.

    Of many units among which few rows differ (right and wrong answers, lengths in tokens) it draws
    how often each different row comes, which is the same law: the work of a resample is then the
    number of different rows, not that of units.
    """
    rng = np.random.default_rng(seed)
    if len(columns) > _MANY:
        different, often = np.unique(columns, axis=0, return_counts=True)
        if len(different) <= len(columns) // _FEW:
            return _counted_sums(rng, different, often, resamples)
    return _drawn_sums(rng, columns, resamples)


def _drawn_sums(rng: np.random.Generator, columns: Floats, resamples: int) -> Floats:
    """Draw every row of every resample."""
    units = len(columns)
    sums = np.empty((resamples, columns.shape[1]))
    step = max(1, _CHUNK // units)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(0, units, size=(size, units))
        for column in range(columns.shape[1]):
            sums[start : start + size, column] = columns[drawn, column].sum(axis=1)
    return sums


def _counted_sums(
    rng: np.random.Generator, different: Floats, often: NDArray[np.int64], resamples: int
) -> Floats:
    """Draw how often each different row comes: a multinomial, by the share of units with it."""
    units = int(often.sum())
    step = max(1, _CHUNK // len(different))
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    drawn = (rng.multinomial(units, often / units, size=size) for size in sizes)
    return np.concatenate([counts @ different for counts in drawn])


def mean(sums: Floats) -> Floats:
    """Return total over count for sums of shape ``[..., 2]``."""
    ratio: Floats = sums[..., 0] / sums[..., 1]
    return ratio


def finite_vector(values: ArrayLike, what: str) -> Floats:
    """Return `values` as a float64 vector.

    Raises:
        ValueError: if it is empty, has more than one axis or holds a number that is not finite.
    """
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or not len(vector) or not np.isfinite(vector).all():
        raise ValueError(f"{what} must be a non-empty vector of finite numbers")
    return vector


def _acceleration(columns: Floats, statistic: Statistic) -> float:
    if len(columns) < 2:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = statistic(columns.sum(axis=0) - columns)
    if not np.isfinite(left_out).all():  # x / 0, without the one unit that was not zero
        return 0.0
    gaps = left_out.mean() - left_out
    scale = float((gaps**2).sum()) ** 1.5
    return float((gaps**3).sum()) / (6 * scale) if scale > 0 else 0.0
