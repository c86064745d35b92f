"""Are arms as good as a reference, within a margin? Is speculation what it claims to be?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.numbers import gap_words, margin_words
from llmx.report.paired_table import PairedTable, counted, scaled_gaps, value_of
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import gap_number, with_base
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.graded import graded_equivalence
from llmx.stats.multiple import holm
from llmx.stats.tost import Equivalence, equivalence


def lossless(
    e: Evidence, *, arm: str, target: str, margin: float = 0.02, metric: str = ACCURACY
) -> Verdict:
    """Test the accuracy of an arm against the target alone for equivalence within `margin`.

    Shown: the 90 % interval of the difference lies inside the margin, up and down. Contradicted: it
    lies wholly outside, so that a loss or gain inside the margin is refuted at 5 % too.

    Args:
        metric: what stands for accuracy.
    """
    of = e.metric(metric)
    table = e.pair(arm, target, of)
    if table is None:
        reason = "The arms share no scored problem."
        return Verdict(word="not comparable", reason=reason)
    found = equivalent(table, margin, of)
    span = as_span(found.interval)
    number = gap_number(of, arm, target, span, found.p_equivalent, table, ", 90 %")
    inside = Support(found.equivalent, found.p_equivalent, table.lone)
    return decide(inside, outside(found, table.lone)).verdict(
        reason=f"`{arm}` is {gap_words(span, of)} from `{target}` (90 % interval); the margin"
        f" is ± {margin_words(margin, of)}.",
        numbers=(number,),
    )


def equivalent(
    table: PairedTable, margin: float, metric: Metric = RIGHT, clustered: bool = False
) -> Equivalence:
    """Test the difference of a pair in a metric against a margin, at 5 % to either side.

    Args:
        clustered: whether the problems of one cluster are drawn together.
    """
    if metric.boolean and metric.aggregate == "mean" and not clustered:
        return equivalence(counted(table, table.gaps(value_of(metric))), margin, alpha=LEVEL)
    found, reach = scaled_gaps(table, metric)
    clusters = table.clusters if clustered else None
    return graded_equivalence(counted(table, found), margin, reach, alpha=LEVEL, clusters=clusters)


def outside(found: Equivalence, lone: bool) -> Support:
    """Return what speaks for a difference beyond the margin, up or down.

    Its p value is that of "no further than the margin", on the side where the estimate lies; it is
    one less the larger p value of the two tests of equivalence, which is of the same side.
    """
    beyond = found.interval.above(found.margin) or found.interval.below(-found.margin)
    return Support(beyond, 1 - found.p_equivalent, lone)


@dataclass(frozen=True)
class Contrast:
    """One arm beside a reference; `p_outside` after Holm, as one arm outside is enough."""

    arm: str
    reference: str
    table: PairedTable
    gap: Equivalence
    p_outside: float

    @property
    def span(self) -> Span:
        """The difference with its 90 % interval."""
        return as_span(self.gap.interval)

    def inside(self) -> Support:
        """Return what speaks for the arm being within the margin."""
        return Support(self.gap.equivalent, self.gap.p_equivalent, self.table.lone)

    def beyond(self) -> Support:
        """Return what speaks for it being further away."""
        found = outside(self.gap, self.table.lone)
        return Support(found.sure and self.p_outside <= LEVEL, self.p_outside, found.lone)


def equivalent_arms(
    e: Evidence,
    *,
    arms: Sequence[str] = (),
    reference: str = "",
    pairs: Sequence[Sequence[str]] = (),
    margin: float = 0.02,
    metric: str = ACCURACY,
    clustered: bool = False,
) -> Verdict:
    """Test arms against a reference for equivalence in a metric, each at 5 % to either side.

    Shown: the 90 % interval of every arm lies inside the margin; all have to pass, so no p value is
    adjusted (Berger 1982). Contradicted: that of one lies wholly outside, after Holm.

    Args:
        pairs: arms, each with a reference of its own, in place of `arms` and `reference`.
        margin: in the unit of the metric; of accuracy, and of what is in percent, a share.
        clustered: whether the problems of one cluster are drawn together.
    """
    of = e.metric(metric)
    found = _beside(e, with_base(arms, reference, pairs), margin, of, clustered)
    if not found:
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    said = "; ".join(_from(one, reference, of) for one in found)
    beside = f"Beside `{reference}` (90 % intervals): " if reference else "By 90 % intervals "
    return decide(
        every(one.inside() for one in found), some(one.beyond() for one in found)
    ).verdict(
        reason=f"{beside}{said}. The margin is ± {margin_words(margin, of)}.",
        numbers=tuple(_number(one, of) for one in found),
    )


def _from(one: Contrast, reference: str, metric: Metric) -> str:
    of = "it" if one.reference == reference else f"`{one.reference}`"
    return f"`{one.arm}` is {gap_words(one.span, metric)} from {of}"


def _beside(
    e: Evidence,
    pairs: Sequence[tuple[str, str]],
    margin: float,
    metric: Metric,
    clustered: bool,
) -> list[Contrast]:
    known = [(arm, of, e.pair(arm, of, metric)) for arm, of in pairs]
    tables = [(arm, of, table) for arm, of, table in known if table is not None]
    tested = [equivalent(table, margin, metric, clustered) for _, _, table in tables]
    beyond = holm([1 - one.p_equivalent for one in tested])
    zipped = zip(tables, tested, beyond, strict=True)
    return [Contrast(arm, of, table, gap, p) for (arm, of, table), gap, p in zipped]


def _number(one: Contrast, metric: Metric) -> Number:
    p = one.gap.p_equivalent
    return gap_number(metric, one.arm, one.reference, one.span, p, one.table, ", 90 %")
