"""How many times as long, as many, as large: the ratio of two paired means."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats, finite_vector, resampled
from llmx.stats.interval import At, Interval
from llmx.stats.paired import cluster_sums


def ratio_of_means(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Return mean of `first` over mean of `second` with a paired bootstrap (BCa) over items.

    Args:
        first: shape ``[n]``, not negative.
        second: shape ``[n]``, the same items; its mean is above 0.
        clusters: one label an item; items of one label are drawn together.

    Raises:
        ValueError: if the lengths differ, a vector is empty or not finite, or the second sums to 0.
    """
    return ratio_at(first, second, clusters, resamples=resamples, seed=seed)(level)


def ratio_at(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> At:
    """Return :func:`ratio_of_means` at every level, from one set of resamples.

    Its p value against a ratio is :func:`~llmx.stats.inversion.p_beyond`.
    """
    one, other = finite_vector(first, "first"), finite_vector(second, "second")
    if one.shape != other.shape:
        raise ValueError(f"paired vectors differ in length: {one.shape}, {other.shape}")
    if not other.sum() > 0:
        raise ValueError("the second mean is not above 0")
    columns = np.stack([cluster_sums(v, clusters)[:, 0] for v in (one, other)], axis=1)
    return resampled(columns, _quotient, resamples=resamples, seed=seed).at


def _quotient(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: Floats = sums[..., 0] / sums[..., 1]
    return ratio
