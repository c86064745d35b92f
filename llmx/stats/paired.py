"""Two arms on the same items: the difference, its interval and its test."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats, Method, bootstrap, finite_vector, mean
from llmx.stats.interval import Interval
from llmx.stats.mcnemar import mcnemar_exact


@dataclass(frozen=True)
class Paired:
    """A paired comparison of a first arm with a second.

    ``better`` and ``worse`` count items where the first arm is above and below the second; for
    right/wrong data they are McNemar's discordant counts and ``p_value`` his exact test, for other
    data the sign test.
    """

    difference: Interval
    items: int
    units: int
    better: int
    worse: int
    p_value: float


def paired_difference(
    first: ArrayLike,
    second: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    *,
    resamples: int = 10_000,
    seed: int = 0,
    method: Method = "bca",
) -> Paired:
    """Return the mean of ``first - second`` with a bootstrap over items, or whole clusters.

    Args:
        first: shape ``[n]``, any unit; ``first[i]`` and ``second[i]`` are the same item.
        second: shape ``[n]``, the same unit.
        clusters: one label an item; items of one label are drawn together (Davison and Hinkley
            1997, section 3.8). Fewer than about ten clusters give too narrow an interval.
        level: nominal coverage.
        resamples: number of resamples.
        seed: of the resampling.
        method: see :func:`llmx.stats.bootstrap.bootstrap`.

    Raises:
        ValueError: if the lengths differ or a vector is empty or not finite.
    """
    gaps = finite_vector(first, "first") - _like(first, finite_vector(second, "second"))
    columns = cluster_sums(gaps, clusters)
    interval = bootstrap(columns, mean, level, resamples=resamples, seed=seed, method=method)
    better, worse = int((gaps > 0).sum()), int((gaps < 0).sum())
    p_value = mcnemar_exact(better, worse)
    return Paired(interval, len(gaps), len(columns), better, worse, p_value)


def _like(first: ArrayLike, second: Floats) -> Floats:
    if np.shape(first) != second.shape:
        raise ValueError(f"paired vectors differ in length: {np.shape(first)}, {second.shape}")
    return second


def cluster_sums(gaps: Floats, clusters: Sequence[Hashable] | None) -> Floats:
    """Return sum and size of every unit, shape ``[units, 2]``, in order of first appearance."""
    if clusters is None:
        return np.stack([gaps, np.ones_like(gaps)], axis=1)
    if len(clusters) != len(gaps):
        raise ValueError(f"{len(clusters)} cluster labels for {len(gaps)} items")
    index = {label: row for row, label in enumerate(dict.fromkeys(clusters))}
    columns = np.zeros((len(index), 2))
    np.add.at(columns, [index[label] for label in clusters], np.stack([gaps, gaps * 0 + 1], axis=1))
    return columns
