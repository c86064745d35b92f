"""Differences in accuracy with their p values, for several comparisons at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.figure import Span
from llmx.report.paired_table import PairedTable, counted
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL, Support
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number
from llmx.stats.crossed import two_level
from llmx.stats.interval import normal_quantile, two_sided_z
from llmx.stats.multiple import holm
from llmx.stats.permutation import permutation_test
from llmx.stats.proportion import paired_score_interval


@dataclass(frozen=True)
class Gap:
    """The accuracy of `first` minus that of `second`; p after the adjustment for all pairs."""

    first: str
    second: str
    table: PairedTable
    span: Span
    p: float

    def above(self) -> Support:
        """Return what speaks for the first arm being better: interval and p value both."""
        return Support(self.p <= LEVEL and self.span.above(0), self.p, self.table.lone)

    def below(self) -> Support:
        """Return what speaks for the first arm being worse."""
        return Support(self.p <= LEVEL and self.span.below(0), self.p, self.table.lone)

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        return Number(
            what="accuracy difference",
            arm=self.first,
            against=self.second,
            span=self.span,
            unit="points",
            p=self.p,
            **counts(self.table),
        )


def counts(table: PairedTable) -> dict[str, int | bool]:
    """Return on how much a figure of a paired table rests, as fields of a :class:`Number`."""
    return {"problems": len(table.ids), "seeds": table.seeds, "lone": table.lone}


def gaps(e: Evidence, pairs: Sequence[tuple[str, str]]) -> list[Gap]:
    """Compare pairs of arms; p values adjusted by Holm over all pairs."""
    tables = [(first, second, e.pair(first, second)) for first, second in pairs]
    there = [(first, second, table) for first, second, table in tables if table is not None]
    adjusted = holm([gap_p(table) for _, _, table in there])
    return [
        Gap(first, second, table, gap_span(table), p)
        for (first, second, table), p in zip(there, adjusted, strict=True)
    ]


def gap_span(table: PairedTable) -> Span:
    """Return the difference with a 95 % interval; see
    :func:`llmx.report.paired_table.counted`.

    Tango's of one seed, else Student's. Where nothing varies at all, Student's interval is empty
    and Tango's of one seed is not.
    """
    found = table.gaps()
    if table.seeds == 1 or (found == found[0, 0]).all():
        found = found[:, :1]
        better, worse = int((found > 0).sum()), int((found < 0).sum())
        return as_span(paired_score_interval(better, worse, len(found)))
    return as_span(two_level(counted(table, found)).interval)


def gap_p(table: PairedTable) -> float:
    """Return the two-sided p value of no difference in accuracy.

    Of trained arms it counts seeds: the interval over items and seeds, inverted. Otherwise sign
    flips of the items' mean differences, which for one seed are McNemar's exact test.
    """
    found = counted(table, table.gaps())
    return two_level(found).p_value() if found.ndim == 2 else permutation_test(found)


def detectable(span: Span) -> float:
    """Return the difference that is found with 80 % power at 5 %, from an interval's own width.

    Half of the width is as much as decides; as far again as 80 % power asks for, by the normal law.
    """
    if span.low is None or span.high is None:
        return 0.0
    return (span.high - span.low) / 2 * (1 + normal_quantile(0.8) / two_sided_z(span.level))
