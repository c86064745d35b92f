"""Differences in accuracy, or another metric, with their p values, for several comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.figures.names import gap_of
from llmx.report.numbers import gap_unit, gap_words
from llmx.report.paired_table import PairedTable, counted, scaled_gaps, size_of, value_of
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL, DecidedWord, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.crossed import two_level
from llmx.stats.graded import graded_interval
from llmx.stats.interval import normal_quantile, two_sided_z
from llmx.stats.multiple import holm
from llmx.stats.permutation import permutation_test
from llmx.stats.proportion import paired_score_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Gap:
    """The metric of `first` minus that of `second`; p after the adjustment for all pairs."""

    first: str
    second: str
    table: PairedTable
    span: Span
    p: float
    metric: Metric = RIGHT

    def above(self) -> Support:
        """Return what speaks for the first arm being better: interval and p value both."""
        return self._beyond(self.metric.signed)

    def below(self) -> Support:
        """Return what speaks for the first arm being worse."""
        return self._beyond(-self.metric.signed)

    def _beyond(self, side: int) -> Support:
        beyond = self.span.above(0) if side > 0 else self.span.below(0)
        return Support(self.p <= LEVEL and beyond, self.p, self.table.lone)

    def said(self) -> str:
        """Return the difference with its unit, as a sentence goes on."""
        return gap_words(self.span, self.metric)

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        return gap_number(self.metric, self.first, self.second, self.span, self.p, self.table)


def gap_number(
    metric: Metric,
    arm: str,
    against: str,
    span: Span,
    p: float | None,
    table: PairedTable,
    more: str = "",
) -> Number:
    """Return a difference as a figure of a verdict.

    Args:
        more: behind its name: the level of an interval that is not of 95 %.
    """
    return Number(
        what=f"{gap_of(metric.name)}{more}",
        arm=arm,
        against=against,
        span=span,
        unit=gap_unit(metric),
        p=p,
        metric="" if metric.name == ACCURACY else metric.name,
        **counts(table),
    )


def counts(table: PairedTable) -> dict[str, int | bool]:
    """Return on how much a figure of a paired table rests, as fields of a :class:`Number`."""
    return {"problems": len(table.ids), "seeds": table.seeds, "lone": table.lone}


def gaps(
    e: Evidence,
    pairs: Sequence[tuple[str, str]],
    metric: str = ACCURACY,
    clustered: bool = False,
) -> list[Gap]:
    """Compare pairs of arms; p values adjusted by Holm over all pairs.

    Args:
        clustered: whether the problems of one cluster are drawn together.
    """
    of = e.metric(metric)
    tables = [(first, second, e.pair(first, second, of)) for first, second in pairs]
    there = [(first, second, table) for first, second, table in tables if table is not None]
    adjusted = holm([gap_p(table, of, clustered) for _, _, table in there])
    return [
        Gap(first, second, table, gap_span(table, of, clustered), p, of)
        for (first, second, table), p in zip(there, adjusted, strict=True)
    ]


def gap_span(table: PairedTable, metric: Metric = RIGHT, clustered: bool = False) -> Span:
    """Return the difference with a 95 % interval; see
    :func:`llmx.report.paired_table.counted`.

    Of what is had or not Tango's of one seed, else Student's. Where nothing varies at all,
    Student's interval is empty and Tango's of one seed is not; of graded values see
    :func:`llmx.stats.graded.graded_interval`, cut at what a difference could be. Where clusters
    are drawn, what is had or not is treated like graded values.
    """
    if clustered or not metric.boolean:
        return _graded(table, metric, clustered)
    found = table.gaps(value_of(metric))
    span = _boolean(table, found)
    size = size_of(metric, len(found))
    return span if size == 1 else times(span, size)


def _graded(table: PairedTable, metric: Metric, clustered: bool) -> Span:
    found, reach = scaled_gaps(table, metric)
    low = None if reach is None else -reach
    clusters = table.clusters if clustered else None
    interval = graded_interval(counted(table, found), low, reach, clusters=clusters)
    return Span(estimate=float(found.mean())) if interval is None else as_span(interval)


def _boolean(table: PairedTable, found: NDArray[np.float64]) -> Span:
    if table.seeds == 1 or (found == found[0, 0]).all():
        found = found[:, :1]
        better, worse = int((found > 0).sum()), int((found < 0).sum())
        return as_span(paired_score_interval(better, worse, len(found)))
    return as_span(two_level(counted(table, found)).interval)


def times(span: Span, factor: float) -> Span:
    """Return a span in another unit, `factor` > 0 of which are one of its own."""
    low, high = (None if end is None else factor * end for end in (span.low, span.high))
    update = {"estimate": factor * span.estimate, "low": low, "high": high}
    return span.model_copy(update=update)


def gap_p(table: PairedTable, metric: Metric = RIGHT, clustered: bool = False) -> float:
    """Return the two-sided p value of no difference in a metric.

    Of trained arms it counts seeds: the interval over items and seeds, inverted. Otherwise sign
    flips of the items' mean differences, which for one seed are McNemar's exact test; those of a
    cluster flip together where clusters are drawn.
    """
    found = counted(table, table.gaps(value_of(metric)))
    clusters = table.clusters if clustered else None
    if found.ndim == 2:
        return two_level(found, clusters=clusters).p_value()
    return permutation_test(found, clusters)


def detectable(span: Span) -> float:
    """Return the difference that is found with 80 % power at 5 %, from an interval's own width.

    Half of the width is as much as decides; as far again as 80 % power asks for, by the normal law.
    """
    if span.low is None or span.high is None:
        return 0.0
    return (span.high - span.low) / 2 * (1 + normal_quantile(0.8) / two_sided_z(span.level))


def more_accurate(
    e: Evidence,
    *,
    arms: Sequence[str] = (),
    control: str = "",
    pairs: Sequence[Sequence[str]] = (),
    metric: str = ACCURACY,
    clustered: bool = False,
) -> Verdict:
    """Compare arms with a control, paired by problem and seed.

    Shown: every arm is surely better. Contradicted: one is surely worse. See :func:`against`.

    Args:
        pairs: arms, each with a control of its own, in place of `arms` and `control`.
        metric: by which better is meant, whichever way that is.
        clustered: whether the problems of one cluster are drawn together.
    """
    found = gaps(e, with_base(arms, control, pairs), metric, clustered)
    if not found:
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    reason = "; ".join(f"`{gap.first}` is {gap.said()} from `{gap.second}`" for gap in found)
    return against(found).verdict(reason=f"{reason}.", numbers=tuple(gap.number() for gap in found))


def with_base(
    arms: Sequence[str], base: str, pairs: Sequence[Sequence[str]]
) -> list[tuple[str, str]]:
    """Return each arm with what it is compared with."""
    return [*((arm, base) for arm in arms), *((one, other) for one, other in pairs)]


def against(found: Sequence[Gap]) -> DecidedWord:
    """Decide whether every arm is surely better than its control, or one surely worse.

    Sure is what interval and p value agree on: the interval may count noise that a test of items
    does not know, and the p value counts that several pairs were looked at.
    """
    return decide(every(gap.above() for gap in found), some(gap.below() for gap in found))
