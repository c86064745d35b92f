"""How much better one arm answers some problems than others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmx.core.figure import Span
from llmx.core.record import Metric
from llmx.report.gather import ArmFiles
from llmx.report.paired_table import value_of
from llmx.report.timing import as_span
from llmx.stats.interval import Interval
from llmx.stats.inversion import p_beyond
from llmx.stats.linear_contrast import LinearContrast, group_difference
from llmx.stats.proportion import difference_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LEAST = 1e-9


@dataclass(frozen=True)
class LevelDifference:
    """The metric on a first set of problems minus that on a second; positive = the first is better.

    Attributes:
        contrast: of the items' values; None where right answers are counted, as `counts` has them.
        counts: right, of how many, right, of how many.
        reach: how large a difference could be; None = without bound.
        problems: of the smaller set.
        lone: whether it is of one seed of a training.
    """

    contrast: LinearContrast | None
    counts: tuple[int, int, int, int]
    sign: int
    reach: float | None
    problems: int
    seeds: int
    lone: bool

    def at(self, level: float) -> Interval:
        """Return the interval at a level: Newcombe's where answers are counted, else Student's."""
        if self.contrast is None:
            found = difference_interval(*self.counts, level)
        else:
            found = self.contrast.at(level)
        if self.sign < 0:
            found = Interval(-found.high, -found.estimate, -found.low, level)
        if self.reach is None:
            return found
        low, high = max(found.low, -self.reach), min(found.high, self.reach)
        return Interval(low, found.estimate, high, level)

    def span(self, level: float) -> Span:
        """Return the interval as it is printed."""
        return as_span(self.at(level))

    def p_value(self, null: float = 0.0) -> float:
        """Return the two-sided p value of "it is `null`"."""
        if self.contrast is None:
            return p_beyond(self.at, null, least=_LEAST)
        return self.contrast.p_value(self.sign * null)


def level_difference(
    files: ArmFiles,
    first: Collection[str],
    second: Collection[str],
    metric: Metric,
    clustered: bool = False,
) -> LevelDifference | None:
    """Compare two sets of problems of one arm; None where one has no two that all seeds scored.

    Of a trained arm a seed is a model, and counts as one (:mod:`llmx.stats.linear_contrast`); of
    others the mean of a problem over seeds is one value. Right and wrong of one seed are counted.

    Args:
        clustered: whether the problems of one cluster are drawn together.
    """
    runs = list(files.by_seed().values())
    if not runs or any(not _has(run, metric) for run in runs):
        return None
    common = set[str].intersection(*(set(run.scores) for run in runs))
    ids = [sorted(common.intersection(part)) for part in (first, second)]
    if min(map(len, ids)) < 2:
        return None
    seeds, clusters = len(runs), None
    if clustered:
        clusters = [runs[0].scores[name].cluster for part in ids for name in part]
    tables = [_values(runs, part, metric) for part in ids]
    told = (metric.signed, metric.reach, min(map(len, ids)), seeds, files.trained and seeds == 1)
    if metric.boolean and seeds == 1 and not clustered:
        right = [int(table.sum()) for table in tables]
        return LevelDifference(None, (right[0], len(ids[0]), right[1], len(ids[1])), *told)
    if seeds > 1 and not files.trained:
        tables = [table.mean(1, keepdims=True) for table in tables]
    contrast = group_difference(tables[0], tables[1], clusters)
    return LevelDifference(contrast, (0, 0, 0, 0), *told)


def _has(files: ArmFiles, metric: Metric) -> bool:
    return metric.name == "accuracy" or metric in files.metrics


def _values(runs: list[ArmFiles], ids: list[str], metric: Metric) -> NDArray[np.float64]:
    """Return float64 (items, seeds)."""
    import numpy as np

    value = value_of(metric)
    return np.array([[value(run.scores[name]) for run in runs] for name in ids])
