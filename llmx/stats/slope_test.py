"""Does a quantity of items grow with a covariate? A bootstrap over items, and permutations."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats, finite_vector, resampled
from llmx.stats.interval import Interval

_CHUNK = 2_000_000
_DUST = 1e-9  # of t: orders that only rounding tells apart are alike


def slope_interval(
    values: ArrayLike,
    covariate: ArrayLike,
    level: float = 0.95,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Return the least-squares slope with a BCa interval over items that are drawn anew.

    Items are drawn with both of their numbers, so nothing is assumed of how values vary along the
    covariate (Davison and Hinkley 1997, section 6.2.4).

    Args:
        values, covariate: shape ``[items]``.

    Raises:
        ValueError: if the vectors differ in length, are empty or not finite, or the covariate takes
            one value alone.
    """
    y, x = _centred(values, covariate)
    columns = np.stack([np.ones_like(x), x, y, x * x, x * y], axis=1)
    return resampled(columns, _slope, resamples=resamples, seed=seed).at(level)


def _slope(sums: Floats) -> Floats:
    """Return the slope for sums of 1, x, y, x² and xy in the last axis."""
    n, x, y, xx, xy = (sums[..., at] for at in range(5))
    found: Floats = (n * xy - x * y) / (n * xx - x * x)
    return found


def slope_permutation(
    values: ArrayLike, covariate: ArrayLike, *, resamples: int = 10_000, seed: int = 0
) -> float:
    """Return the two-sided p value of a slope of zero, from permutations of values among items.

    What is permuted is the slope over its own standard error, which allows for unlike variances: so
    it is a test of the slope and not of independence alone, for large samples (DiCiccio and Romano
    2017, JASA 112, p. 1211). The observed order counts among the drawn ones.

    Args:
        values, covariate: shape ``[items]``.

    Raises:
        ValueError: as :func:`slope_interval`.
    """
    y, x = _centred(values, covariate)
    if not (y - y[0]).any():
        return 1.0
    rng, step = np.random.default_rng(seed), max(1, _CHUNK // len(y))
    observed = float(_studentised(y[None, :], x)[0]) - _DUST
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    drawn = (rng.permuted(np.tile(y, (size, 1)), axis=1) for size in sizes)
    reach = map(partial(_studentised, x=x), drawn)
    beaten = sum(int((part >= observed).sum()) for part in reach)
    return (beaten + 1) / (resamples + 1)


def _studentised(rows: Floats, x: Floats) -> Floats:
    """Return |slope| over its heteroscedastic error, of each row of values: |t| of White's."""
    slopes = rows @ x / float(x @ x)
    rest = rows - slopes[:, None] * x
    spread = np.sqrt((rest * rest) @ (x * x))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(slopes == 0, 0.0, float(x @ x) * np.abs(slopes) / spread)
    return found


def _centred(values: ArrayLike, covariate: ArrayLike) -> tuple[Floats, Floats]:
    y, x = finite_vector(values, "values"), finite_vector(covariate, "covariate")
    if len(y) != len(x):
        raise ValueError(f"{len(y)} values for {len(x)} of the covariate")
    if not (x - x[0]).any():
        raise ValueError("the covariate takes one value alone")
    return y - y.mean(), x - x.mean()
