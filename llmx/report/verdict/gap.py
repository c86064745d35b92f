"""Differences in accuracy with their p values, for several comparisons at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.report.paired_table import PairedTable
from llmx.report.results import Span
from llmx.report.timing import as_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number
from llmx.stats.crossed import two_level
from llmx.stats.multiple import holm
from llmx.stats.permutation import permutation_test
from llmx.stats.proportion import paired_score_interval


@dataclass(frozen=True)
class Gap:
    """The accuracy of `first` minus that of `second`."""

    first: str
    second: str
    table: PairedTable
    span: Span
    p: float

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        return Number(
            what="accuracy difference",
            arm=self.first,
            against=self.second,
            span=self.span,
            unit="points",
            p=self.p,
        )


def gaps(e: Evidence, pairs: Sequence[tuple[str, str]]) -> list[Gap]:
    """Compare pairs of arms; p values of sign flips, adjusted by Holm over all pairs."""
    tables = [(first, second, e.pair(first, second)) for first, second in pairs]
    there = [(first, second, table) for first, second, table in tables if table is not None]
    adjusted = holm([permutation_test(table.gaps().mean(1)) for _, _, table in there])
    return [
        Gap(first, second, table, gap_span(table), p)
        for (first, second, table), p in zip(there, adjusted, strict=True)
    ]


def gap_span(table: PairedTable) -> Span:
    """Return the difference with a 95 % interval: Tango's, or Student's over items and seeds.

    Where nothing varies at all, Student's interval is empty and Tango's of one seed is not.
    """
    found = table.gaps()
    if table.seeds == 1 or (found == found[0, 0]).all():
        found = found[:, :1]
        better, worse = int((found > 0).sum()), int((found < 0).sum())
        return as_span(paired_score_interval(better, worse, len(found)))
    return as_span(two_level(found).interval)
