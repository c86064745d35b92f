"""Intervals over problems, or over whole clusters of them, of sums that each problem adds to."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from llmx.papers.inference_scaling.points import Bools, Floats, Ints
from llmx.stats.bootstrap import Statistic, bootstrap, mean
from llmx.stats.interval import Interval
from llmx.stats.permutation import permutation_test

Clusters = Sequence[Hashable] | None
"""(P,) a label a problem: problems of one label are drawn together; None = each alone."""

RESAMPLES = 2_000
FLIPS = 10_000


class Bootstrap:
    """How intervals are made.

    Args:
        clusters: a label a problem; None = problems are the units.
        level: nominal coverage.
        resamples: of the bootstrap.
        flips: patterns of signs of :meth:`p_of_mean`; no p value is below 1 in so many.
        seed: of the resampling.
    """

    def __init__(
        self,
        clusters: Clusters = None,
        *,
        level: float = 0.95,
        resamples: int = RESAMPLES,
        flips: int = FLIPS,
        seed: int = 0,
    ) -> None:
        self.clusters = clusters
        self.level, self.seed = level, seed
        self.resamples, self.flips = resamples, flips

    def interval(self, columns: Floats, counts: Bools, statistic: Statistic) -> Interval:
        """Return the interval of a statistic of sums.

        Args:
            columns: shape ``[P, m]``, what each problem adds.
            counts: (P,) whether a problem is one of those that are drawn.
            statistic: maps sums ``[..., m]`` to values ``[...]``.
        """
        units = summed(columns[counts], self._labels(counts))
        return bootstrap(
            units,
            statistic,
            self.level,
            resamples=self.resamples,
            seed=self.seed,
            method="expanded",  # of a hundred problems BCa's are a point short of their coverage
        )

    def of_mean(self, values: Floats) -> Interval:
        """Return the interval of the mean of problems, shape ``[P]``; NaN = does not count."""
        there = np.isfinite(values)
        columns = np.stack([np.where(there, values, 0.0), there.astype(np.float64)], axis=1)
        return self.interval(columns, there, mean)

    def p_of_mean(self, values: Floats) -> float:
        """Return the two-sided p value of "the mean is 0", by sign flips of units."""
        return permutation_test(values, self.clusters, resamples=self.flips, seed=self.seed)

    def _labels(self, counts: Bools) -> Ints | None:
        if self.clusters is None:
            return None
        return numbered([label for label, one in zip(self.clusters, counts, strict=False) if one])


def summed(columns: Floats, labels: Ints | None) -> Floats:
    """Return the columns, shape ``[P, m]``, summed over each label; alone without labels."""
    if labels is None:
        return columns
    found = np.zeros((int(labels.max(initial=-1)) + 1, columns.shape[1]))
    np.add.at(found, labels, columns)
    return found


def numbered(labels: Sequence[Hashable]) -> Ints:
    """Return a number for each label, from 0, in order of first appearance."""
    number = {label: at for at, label in enumerate(dict.fromkeys(labels))}
    return np.array([number[label] for label in labels], dtype=np.int64)
