"""Means of graded values, and margins for them: Student's t, and bounds where nothing varies."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats
from llmx.stats.crossed import two_level
from llmx.stats.interval import Interval
from llmx.stats.proportion import wilson
from llmx.stats.tost import Equivalence


def graded_interval(
    values: ArrayLike,
    low: float | None = None,
    high: float | None = None,
    level: float = 0.95,
    clusters: Sequence[str] | None = None,
) -> Interval | None:
    """Return the interval of a mean: that of :func:`two_level`, cut at the bounds.

    Where all values are alike (or there is one item) Student's interval would be empty, as if
    nothing else could ever come. A share of what was not seen may then be different, as much as
    Wilson's interval of 0 of n allows, and lie at either bound; for values of 0 and 1 this is
    Wilson's interval itself. Without bounds nothing can be said: None.

    Args:
        values: shape ``[items]`` or ``[items, seeds]``, at least one item.
        low, high: bounds of one value.
        level: nominal coverage.
        clusters: one label an item, of items that are drawn together; see :func:`two_level`.

    Raises:
        ValueError: for a level that is not in (0, 1), or numbers that are not finite.
    """
    table = np.asarray(values, dtype=np.float64)
    if varied(table):
        found = two_level(table, level, clusters).interval
        # Bounds of the values are bounds of their mean.
        floor, roof = (-inf if low is None else low), (inf if high is None else high)
        return Interval(max(found.low, floor), found.estimate, min(found.high, roof), level)
    if low is None or high is None:
        return None
    mean, unseen = float(table.mean()), wilson(0, len(table), level).high
    return Interval(mean - (mean - low) * unseen, mean, mean + (high - mean) * unseen, level)


def graded_equivalence(
    differences: ArrayLike,
    margin: float,
    reach: float | None,
    *,
    alpha: float = 0.05,
    clusters: Sequence[str] | None = None,
) -> Equivalence:
    """Test graded paired differences against a margin, as :func:`~llmx.stats.tost.equivalence`.

    Where all of them are alike the interval is that of :func:`graded_interval`, and the p values
    invert it. Without bounds it is the whole line, which decides nothing.

    Args:
        differences: shape ``[items]`` or ``[items, seeds]``, first arm minus second.
        margin: > 0, in the unit of the differences.
        reach: the largest difference that there can be; None = not known.
        alpha: level of each one-sided test.
        clusters: one label an item, of items that are drawn together; see :func:`two_level`.

    Raises:
        ValueError: for a margin that is not above 0, or an alpha not in (0, 0.5).
    """
    if not margin > 0 or not 0 < alpha < 0.5:
        raise ValueError(f"needs margin > 0 and 0 < alpha < 0.5, not {margin} and {alpha}")
    table = np.asarray(differences, dtype=np.float64)
    if varied(table):
        found = two_level(table, 1 - 2 * alpha, clusters)
        lower, upper = found.p_above(-margin), found.p_below(margin)
        return Equivalence(found.interval, margin, max(lower, upper), lower, alpha)
    mean = float(table.mean())
    if reach is None:
        return Equivalence(Interval(-inf, mean, inf, 1 - 2 * alpha), margin, 1.0, 1.0, alpha)
    interval = graded_interval(table, -reach, reach, 1 - 2 * alpha)
    assert interval is not None
    lower = _alike_p(mean + margin, mean + reach, len(table))
    upper = _alike_p(margin - mean, reach - mean, len(table))
    return Equivalence(interval, margin, max(lower, upper), lower, alpha)


def varied(table: Floats) -> bool:
    """Whether there are two items or more, and values that differ by more than rounding."""
    spread = float(table.max() - table.min())
    return len(table) > 1 and spread > 1e-12 * float(np.abs(table).max())


def _alike_p(room: float, reach: float, items: int) -> float:
    """Return the one-sided p value of "beyond a bound", of values that are all alike.

    Wilson's limit of 0 of n is z²/(n + z²): it ends at the bound where that is `room` / `reach`.
    """
    share = room / reach if reach > 0 else 1.0
    if share <= 0:
        return 1.0
    return 0.0 if share >= 1 else 1 - NormalDist().cdf(sqrt(items * share / (1 - share)))
