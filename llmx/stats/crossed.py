"""Items and seeds are both samples: a mean over a table of them, with both kinds of noise."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats
from llmx.stats.interval import Interval, check_level
from llmx.stats.student import coverage, two_sided_t

SEEN = 2.0
"""Seed noise counts once the mean square of seeds is more than so many times the error's."""


@dataclass(frozen=True)
class TwoLevel:
    """The mean of a table of items × seeds.

    Attributes:
        interval: of the mean over all items and all seeds that there could be.
        standard_error: of the mean.
        freedom: degrees of freedom of the standard error.
        item_sd: spread of the items' own means.
        seed_sd: spread that is left between the means of whole seeds after the noise of items;
            0 where there is none to be seen, None for one seed.
    """

    interval: Interval
    standard_error: float
    freedom: int
    item_sd: float
    seed_sd: float | None
    items: int
    seeds: int

    def p_value(self, null: float = 0.0) -> float:
        """Stand-in."""
        gap = abs(self.interval.estimate - null)
        if self.standard_error == 0:
            return 0.0 if gap else 1.0
        return min(1.0, max(0.0, 1 - coverage(gap / self.standard_error, self.freedom)))

    def p_above(self, bound: float) -> float:
        """Stand-in."""
        half = self.p_value(bound) / 2
        return half if self.interval.estimate > bound else 1 - half

    def p_below(self, bound: float) -> float:
        """Stand-in."""
        half = self.p_value(bound) / 2
        return half if self.interval.estimate < bound else 1 - half


def two_level(values: ArrayLike, level: float = 0.95) -> TwoLevel:
    """Return the mean of a table and an interval that counts item and seed noise.

    Crossed random effects ``y = μ + a_item + b_seed + e``: from the mean squares of a two-way
    table without replication, ``Var ȳ = (MS_item + MS_seed - MS_error) / (I S)``, with
    Satterthwaite's degrees of freedom (Searle, Casella and McCulloch 1992, sections 4.3 and 4.6;
    Satterthwaite 1946, Biometrics 2, p. 110) and Student's t. Three seeds say little about their
    own spread: up to ``MS_seed = 2 MS_error`` it is left out, beyond that the wider of this
    interval and of Student's over the means of the seeds is taken. By simulation (docs/statistics)
    that keeps its level whether seeds matter or not; leaving out the one or the other does not.
    With one seed it is the ordinary t interval over items, and seed noise is unknown.

    Args:
        values: shape ``[items]`` or ``[items, seeds]``; one row is one item under every seed.
        level: nominal coverage.

    Raises:
        ValueError: for fewer than two items, no seed, or numbers that are not finite.
    """
    check_level(level)
    table = _table(values)
    items, seeds = table.shape
    squares = _mean_squares(table)
    variance, freedom = _widest(squares, items, seeds, level)
    error = sqrt(variance / table.size)
    reach, mean = two_sided_t(level, freedom) * error, float(table.mean())
    noise = max(0.0, squares[1] - squares[2]) / items
    return TwoLevel(
        interval=Interval(mean - reach, mean, mean + reach, level),
        standard_error=error,
        freedom=freedom,
        item_sd=float(table.mean(1).std(ddof=1)),
        seed_sd=sqrt(noise) if seeds > 1 else None,
        items=items,
        seeds=seeds,
    )


def paired_two_level(first: ArrayLike, second: ArrayLike, level: float = 0.95) -> TwoLevel:
    """Return :func:`two_level` of ``first - second``; rows and columns mean the same in both.

    Raises:
        ValueError: if the shapes differ, and as :func:`two_level`.
    """
    one, other = _table(first), _table(second)
    if one.shape != other.shape:
        raise ValueError(f"paired tables differ in shape: {one.shape}, {other.shape}")
    return two_level(one - other, level)


def _table(values: ArrayLike) -> Floats:
    table = np.asarray(values, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 1:
        raise ValueError(f"needs a table of two items or more, not shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("the table holds numbers that are not finite")
    return table


def _mean_squares(table: Floats) -> tuple[float, float, float]:
    """Return the mean squares of items, seeds and error; the last two 0 for one seed."""
    items, seeds = table.shape
    rows, columns, mean = table.mean(1), table.mean(0), table.mean()
    of_items = seeds * float(((rows - mean) ** 2).sum()) / (items - 1)
    if seeds == 1:
        return of_items, 0.0, 0.0
    of_seeds = items * float(((columns - mean) ** 2).sum()) / (seeds - 1)
    rest = table - rows[:, None] - columns[None, :] + mean
    of_rest = float((rest**2).sum()) / ((items - 1) * (seeds - 1))
    # What rounding leaves of equal columns is no noise.
    dust = 1e-24 * float((table**2).sum())
    return of_items, of_seeds * (of_seeds > dust), of_rest * (of_rest > dust)


def _widest(
    squares: tuple[float, float, float], items: int, seeds: int, level: float
) -> tuple[float, int]:
    """Return the mean square that the error is taken from, and its degrees of freedom."""
    of_items, of_seeds, rest = squares
    if seeds == 1 or of_seeds <= 0 * rest:
        return of_items, items - 1
    total = of_items + of_seeds - rest
    terms = [(of_items, items - 1), (of_seeds, seeds - 1), (rest, (items - 1) * (seeds - 1))]
    both = (total, _satterthwaite(total, terms))
    return max(
        both, (of_seeds, seeds - 1), key=lambda pair: two_sided_t(level, pair[1]) ** 2 * pair[0]
    )


def _satterthwaite(total: float, terms: list[tuple[float, int]]) -> int:
    """Return the degrees of freedom of a sum of mean squares, rounded down.

    No fewer than the least of its terms has: a difference of mean squares can give less, which
    is the noise of the estimate and no property of the sum.
    """
    spread = sum(square**2 / freedom for square, freedom in terms)
    return max(min(freedom for _, freedom in terms), floor(min(total**2 / spread, 1e6)))
