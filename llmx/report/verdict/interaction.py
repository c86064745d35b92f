"""Does the gap between two arms grow with something of the problems: their steps, say?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, Metric
from llmx.report.figures.names import gap_of
from llmx.report.numbers import gap_unit, gap_words
from llmx.report.paired_table import PairedTable, counted, value_of
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import gaps
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.linear_contrast import slope
from llmx.stats.multiple import holm
from llmx.stats.slope_test import slope_interval, slope_permutation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Growth:
    """By how much a gap grows for each unit of a trait; p after Holm over all pairs."""

    first: str
    second: str
    span: Span
    p: float
    problems: int
    seeds: int
    lone: bool

    def above(self) -> Support:
        """Return what speaks for a growing gap: interval and p value both."""
        return Support(self.p <= LEVEL and self.span.above(0), self.p, self.lone)

    def below(self) -> Support:
        """Return what speaks for a shrinking one."""
        return Support(self.p <= LEVEL and self.span.below(0), self.p, self.lone)


def interaction(
    e: Evidence,
    *,
    pairs: Sequence[Sequence[str]],
    by: str,
    metric: str = ACCURACY,
    clustered: bool = False,
    sure: bool = False,
) -> Verdict:
    """Regress the gap of each pair of arms, problem by problem, on a number of the problem.

    Shown: the lead of every pair's first arm surely grows. Contradicted: one surely shrinks. Growth
    is in points of the metric, not in odds.

    Args:
        pairs: arms, each with the one that it is compared with.
        by: key in the metadata of the problems, whose value is a number.
        metric: by which a lead is meant, whichever way is better.
        clustered: whether the problems of one cluster are drawn together.
        sure: whether the lead itself has to be sure, over all problems.
    """
    of = e.metric(metric)
    leads = gaps(e, [(one, other) for one, other in pairs], metric, clustered)
    if not leads:
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    tables = [(lead, *_by_problem(e, lead.table, by, of)) for lead in leads]
    if flat := _flat(by, [x for _, _, x, _ in tables]):
        return Verdict(word="not testable here", reason=flat)
    known = [_tested(y, x, names if clustered else None) for _, y, x, names in tables]
    adjusted = holm([p for _, p in known])
    found = [
        Growth(
            lead.first, lead.second, span, p, len(x), lead.table.seeds, lead.table.lone
        )
        for (lead, _, x, _), (span, _), p in zip(tables, known, adjusted, strict=True)
    ]  # fmt: skip
    shown = [one.above() for one in found] + ([lead.above() for lead in leads] if sure else [])
    said = "; ".join(
        _said(lead.said(), one, by, of) for lead, one in zip(leads, found, strict=True)
    )
    return decide(every(shown), some(one.below() for one in found)).verdict(
        reason=f"{said}.",
        numbers=(
            *(lead.number() for lead in leads),
            *(_number(one, by, of) for one in found),
        ),
    )


def _by_problem(
    e: Evidence, table: PairedTable, by: str, metric: Metric
) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Return leads (P,) or (P, seeds), the trait (P,) and clusters of problems that have both."""
    import numpy as np

    trait = e.traits.get(by, {})
    numbers = {one: value for one, value in trait.items() if not isinstance(value, str)}
    kept = [at for at, name in enumerate(table.ids) if name in numbers]
    leads = metric.signed * counted(table, table.gaps(value_of(metric)))[kept]
    x = np.array([float(numbers[table.ids[at]]) for at in kept])
    return leads, x, [table.clusters[at] for at in kept]


def _flat(by: str, traits: Sequence[NDArray[np.float64]]) -> str:
    """Return why nothing can grow: too few problems say how much, or all say the same."""
    for x in traits:
        if len(x) < 3:
            return f"Fewer than three problems say a number of `{by}`."
        if (x == x[0]).all():
            return f"All problems have `{by}` {x[0]:g}, so nothing can grow with it."
    return ""


def _tested(
    leads: NDArray[np.float64], x: NDArray[np.float64], clusters: Sequence[str] | None
) -> tuple[Span, float]:
    """Return the slope with its interval and p value.

    Of arms that no training made: a bootstrap over problems, and permutations. Where seeds are
    models, or clusters are drawn: the widest error of :func:`llmx.stats.linear_contrast.slope`.
    """
    if leads.ndim == 1 and clusters is None:
        return as_span(slope_interval(leads, x)), slope_permutation(leads, x)
    found = slope(leads, x, clusters)
    return as_span(found.at(1 - LEVEL)), found.p_value()


def _said(lead: str, one: Growth, by: str, metric: Metric) -> str:
    return (
        f"`{one.first}` is {lead} from `{one.second}`, and its lead changes by"
        f" {gap_words(one.span, metric)} for each 1 more of `{by}`"
    )


def _number(one: Growth, by: str, metric: Metric) -> Number:
    return Number(
        what=f"{gap_of(metric.name)}, more for each {by}", arm=one.first, against=one.second,
        span=one.span, unit=gap_unit(metric), p=one.p, problems=one.problems, seeds=one.seeds,
        lone=one.lone, metric="" if metric.name == ACCURACY else metric.name,
    )  # fmt: skip
