"""Is the gain of one pair of arms greater than that of another: in small batches, say?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, Metric
from llmx.papers.b3.report.points import Floats
from llmx.report.figures.names import gap_of
from llmx.report.numbers import gap_unit, gap_words
from llmx.report.paired_table import PairedTable, size_of, value_of
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL, Support, decide, every
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import gaps
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.crossed import two_level
from llmx.stats.graded import graded_interval, varied


def greater_gain(
    e: Evidence,
    *,
    pairs: Sequence[Sequence[str]],
    metric: str = ACCURACY,
    clustered: bool = False,
    sure: bool = False,
) -> Verdict:
    """Compare the gain of the first of two pairs with that of the second, by problem and seed.

    Shown: the first pair's gain is surely greater. Contradicted: surely smaller. A gain is an arm's
    lead over its control.

    Args:
        pairs: two, each an arm and its control.
        metric: by which a lead is meant.
        clustered: whether the problems of one cluster are drawn together.
        sure: whether the first gain has to be surely a gain, too.
    """
    of = e.metric(metric)
    found = gaps(e, [(one, other) for one, other in pairs], metric, clustered)
    if len(pairs) != 2 or len(found) != 2:
        reason = "It takes two pairs of arms that share problems; the run has not both."
        return Verdict(word="not comparable", reason=reason)
    first, second = found
    known = _between(first.table, second.table, of)
    if known is None:
        reason = "The two pairs share no scored problem."
        return Verdict(word="not comparable", reason=reason)
    values, clusters, lone = known
    span, p = _tested(values, clusters if clustered else None, of)
    more = Support(p <= LEVEL and _beyond(span, of.signed), p, lone)
    less = Support(p <= LEVEL and _beyond(span, -of.signed), p, lone)
    parts = [more, first.above()] if sure else [more]
    said = "; ".join(f"`{one.first}` is {one.said()} from `{one.second}`" for one in found)
    number = Number(
        what=f"{gap_of(of.name)}, first pair minus second", arm=first.first,
        against=second.first, span=span, unit=gap_unit(of), p=p, problems=len(values),
        seeds=min(first.table.seeds, second.table.seeds), lone=lone,
        metric="" if of.name == ACCURACY else of.name,
    )  # fmt: skip
    return decide(every(parts), less).verdict(
        reason=f"{said}. Between the two gains lie {gap_words(span, of)}.",
        numbers=(*(one.number() for one in found), number),
    )


def _between(
    first: PairedTable, second: PairedTable, metric: Metric
) -> tuple[Floats, list[str], bool] | None:
    """Return the first gaps minus the second, (P, S), clusters of problems, and whether it is lone.

    Of arms that were not trained the mean of a problem over seeds is one value, so that S is 1.
    """
    places = {name: at for at, name in enumerate(second.ids)}
    ids = [(at, places[name]) for at, name in enumerate(first.ids) if name in places]
    seeds = [
        (at, second.common.index(s)) for at, s in enumerate(first.common) if s in second.common
    ]
    if not ids or not seeds:
        return None
    one, other = (
        table.gaps(value_of(metric))[[pair[side] for pair in ids]][:, [s[side] for s in seeds]]
        for side, table in enumerate((first, second))
    )
    values = size_of(metric, len(ids)) * (one - other)
    trained = first.trained or second.trained
    if not trained:
        values = values.mean(1, keepdims=True)
    lone = trained and values.shape[1] == 1
    return values, [first.clusters[at] for at, _ in ids], lone


def _tested(values: Floats, clusters: Sequence[str] | None, metric: Metric) -> tuple[Span, float]:
    used = values[:, 0] if values.shape[1] == 1 else values
    reach = None if metric.reach is None else 2 * size_of(metric, len(values)) * metric.reach
    low = None if reach is None else -reach
    interval = graded_interval(used, low, reach, clusters=clusters)
    span = Span(estimate=float(values.mean())) if interval is None else as_span(interval)
    return span, two_level(used, clusters=clusters).p_value() if varied(used) else 1.0


def _beyond(span: Span, side: int) -> bool:
    return span.above(0) if side > 0 else span.below(0)
