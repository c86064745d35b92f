"""Which points no other beats in both cost and accuracy, and how sure that is."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from llmx.stats.bootstrap import Floats, resampled_sums
from llmx.stats.paired import cluster_sums

Bools = NDArray[np.bool_]

_ALIKE = 1e-9  # of the largest: sums of the same values in another order
_CHUNK = 4_000_000


def frontier(costs: ArrayLike, accuracies: ArrayLike) -> Bools:
    """Return which points are not dominated, shape ``[..., points]``.

    A point is dominated if another costs no more and is no less accurate, one of them strictly.
    Two points that are alike in both stay both. What differs by rounding alone is alike.

    Args:
        costs: ``[..., points]``, lower is better. A point of unknown cost (NaN) is not on the
            frontier, and dominates none.
        accuracies: ``[..., points]``, higher is better.

    Raises:
        ValueError: if the shapes differ.
    """
    cost, accuracy = np.asarray(costs, dtype=np.float64), np.asarray(accuracies, dtype=np.float64)
    if cost.shape != accuracy.shape or not cost.ndim:
        raise ValueError(f"costs and accuracies differ in shape: {cost.shape}, {accuracy.shape}")
    cheaper, dearer = _compared(-cost)
    better, worse = _compared(accuracy)
    known = ~np.isnan(cost + accuracy)
    beats = ~dearer & ~worse & (cheaper | better) & known[..., :, None]
    found: Bools = known & ~beats.any(-2)
    return found


def frontier_shares(
    costs: ArrayLike,
    accuracies: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> Floats:
    """Return in which share of resamples each point is on the frontier, shape ``[points]``.

    Problems are drawn with replacement, the same for every point, and both means are taken anew.

    Args:
        costs: ``[points, problems]``; a row with a NaN is a point of unknown cost.
        accuracies: ``[points, problems]``.
        clusters: one label a problem; problems of one label are drawn together.
        resamples: number of resamples.
        seed: of the resampling.

    Raises:
        ValueError: if the shapes differ, or there is no problem or no point.
    """
    cost, accuracy = np.asarray(costs, dtype=np.float64), np.asarray(accuracies, dtype=np.float64)
    if cost.shape != accuracy.shape or cost.ndim != 2 or not cost.size:
        raise ValueError(f"needs points x problems of both, not {cost.shape}, {accuracy.shape}")
    unknown = np.isnan(cost).any(1, keepdims=True)
    table = np.concatenate([np.where(unknown, np.nan, cost), accuracy])
    columns = np.stack([cluster_sums(row, clusters)[:, 0] for row in table], axis=1)
    sizes = cluster_sums(table[0] * 0 + 1, clusters)[:, 1:]
    sums = resampled_sums(np.concatenate([columns, sizes], axis=1), resamples, seed)
    means, points = sums[:, :-1] / sums[:, -1:], len(cost)
    step = max(1, _CHUNK // points**2)
    parts = [means[at : at + step] for at in range(0, resamples, step)]
    held = [frontier(part[:, :points], part[:, points:]).sum(0) for part in parts]
    shares: Floats = np.sum(held, axis=0) / resamples
    return shares


def _compared(values: Floats) -> tuple[Bools, Bools]:
    """Return where the first of two points is higher, and where lower: ``[..., first, second]``."""
    gaps = values[..., :, None] - values[..., None, :]
    slack = _ALIKE * np.nanmax(np.abs(values), axis=-1, initial=0.0)[..., None, None]
    return gaps > slack, gaps < -slack
