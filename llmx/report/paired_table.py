"""Two arms side by side: the same problems under the same seeds, as tables of items × seeds.

Also how many times as much: the ratio of the means of both, and its test against 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, Metric, Score
from llmx.report.gather import ArmFiles
from llmx.report.timing import as_span
from llmx.stats.crossed import two_level
from llmx.stats.fieller import ratio_two_level
from llmx.stats.inversion import p_beyond
from llmx.stats.ratio import ratio_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


Value = Callable[[Score], float]


def correct(score: Score) -> float:
    """1 for a right answer in the asked format."""
    return float(score.correct)


def value_of(metric: Metric) -> Value:
    """Return what reads a metric off a score."""
    return correct if metric.name == ACCURACY else metric.of


def tokens(score: Score) -> float:
    """Length of the output, tokens."""
    return float(score.tokens)


def rounds(score: Score) -> float:
    """Forward passes of the target after the prompt."""
    return float(score.rounds)


@dataclass(frozen=True)
class PairedTable:
    """What two arms have in common.

    Attributes:
        ids: problems that both have answered under every common seed, sorted.
        clusters: one label a problem; its own id where it has none.
        common: the seeds that both have, in the order of the first.
    """

    first: ArmFiles
    second: ArmFiles
    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    common: tuple[str, ...]

    @property
    def seeds(self) -> int:
        """How many seeds both have."""
        return len(self.common)

    @property
    def trained(self) -> bool:
        """Whether a seed is a training of its own, of either arm."""
        return self.first.trained or self.second.trained

    @property
    def lone(self) -> bool:
        """Whether it shows one training of an arm: nothing then says what another would give."""
        return self.trained and self.seeds == 1

    def runs(self, which: ArmFiles) -> tuple[ArmFiles, ...]:
        """Return the runs of one of the two, one a common seed."""
        return _runs(which, self.common)

    def values(self, which: ArmFiles, value: Value) -> NDArray[np.float64]:
        """Return float64 (items, seeds)."""
        import numpy as np

        runs = self.runs(which)
        return np.array([[value(run.scores[name]) for run in runs] for name in self.ids])

    def gaps(self, value: Value = correct) -> NDArray[np.float64]:
        """Return first minus second, float64 (items, seeds)."""
        found: NDArray[np.float64] = self.values(self.first, value) - self.values(
            self.second, value
        )
        return found


def paired_table(first: ArmFiles, second: ArmFiles | None) -> PairedTable | None:
    """Pair two arms by seed and problem; None where they have no seed or problem in common."""
    if second is None:
        return None
    common = common_seeds([first, second])
    if not common:
        return None
    runs = (*_runs(first, common), *_runs(second, common))
    ids = sorted(set.intersection(*(set(run.scores) for run in runs)))
    if not ids:
        return None
    return PairedTable(first, second, tuple(ids), _labels(runs[0], ids), common)


def counted(table: PairedTable, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values as what is counted, float64 (items, seeds) or (items,).

    Of arms that were trained a seed is a model, drawn like the problems are: both count. Of others
    a seed is a draw of the sampler, which is independent from problem to problem: the mean of a
    problem over seeds is one value of that problem.
    """
    return values if table.trained and table.seeds > 1 else values.mean(1)


def common_seeds(arms: Sequence[ArmFiles]) -> tuple[str, ...]:
    """Return the seeds under which all of some arms were scored, in the order of the first."""
    found = [arm.by_seed() for arm in arms]
    return tuple(seed for seed in found[0] if all(seed in other for other in found[1:]))


def table_of(first: ArmFiles, second: ArmFiles | None, metric: Metric) -> PairedTable | None:
    """Return :func:`paired_table`; None also where one of the arms has not this very metric."""
    table = paired_table(first, second)
    if table is None or metric.name == ACCURACY:
        return table
    return table if all(metric in of.metrics for of in (table.first, table.second)) else None


def scaled_gaps(table: PairedTable, metric: Metric) -> tuple[NDArray[np.float64], float | None]:
    """Return first minus second, float64 (items, seeds), and how large one of them could be.

    Of a sum every item counts as often as there are items, so that the mean is the sum.
    """
    size = size_of(metric, len(table.ids))
    return size * table.gaps(
        value_of(metric)
    ), None if metric.reach is None else size * metric.reach


def size_of(metric: Metric, items: int) -> int:
    """Return what a mean is to be multiplied by: the number of items where sums are read."""
    return items if metric.aggregate == "sum" else 1


def _runs(files: ArmFiles, seeds: Sequence[str]) -> tuple[ArmFiles, ...]:
    found = files.by_seed()
    return tuple(found[seed] for seed in seeds)


def _labels(files: ArmFiles, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the cluster of each problem; one without a cluster is one by itself."""
    return tuple(files.scores[name].cluster or name for name in ids)


LEVEL = 0.95


@dataclass(frozen=True)
class Ratio:
    """The mean of a first over that of a second; `p` is two-sided, of a ratio of exactly 1."""

    span: Span
    p: float


def ratio(table: PairedTable, value: Value) -> Ratio:
    """Return the mean of the first arm over that of the second; see :func:`ratio_of`."""
    first, second = (table.values(which, value) for which in (table.first, table.second))
    return ratio_of(table, first, second)


def ratio_of(table: PairedTable, first: NDArray[np.float64], second: NDArray[np.float64]) -> Ratio:
    """Return the ratio of two means with a 95 % interval, and the p value that inverts it.

    Over items and seeds where the arms were trained (Fieller's), else a paired bootstrap over
    problems; see :func:`llmx.report.paired_table.counted`. Without an interval where few seeds say
    so little of the second mean that it could be 0.

    Args:
        first, second: float64 (items, seeds), rows and columns as in `table`.

    Raises:
        ValueError: if the second mean is not above 0.
    """
    if counted(table, first).ndim == 1:
        at = ratio_at(first.mean(1), second.mean(1))
        return Ratio(as_span(at(LEVEL)), p_beyond(at, 1.0))
    if not second.sum() > 0:
        raise ValueError("the second mean is not above 0")
    p = two_level(first - second).p_value()
    try:
        return Ratio(as_span(ratio_two_level(first, second, LEVEL)), p)
    except ValueError:
        return Ratio(Span(estimate=float(first.mean() / second.mean())), p)
