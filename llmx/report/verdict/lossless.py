"""Is the reference what it claims to be: as good as the target alone?"""

from __future__ import annotations

from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.metric_words import gap_words, margin_words
from llmx.report.paired_table import PairedTable, counted, scaled_gaps, value_of
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL, Support, decide
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import gap_number
from llmx.report.verdict.model import Verdict
from llmx.stats.graded import graded_equivalence
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


def equivalent(table: PairedTable, margin: float, metric: Metric = RIGHT) -> Equivalence:
    """Test the difference of a pair in a metric against a margin, at 5 % to either side."""
    if metric.boolean and metric.aggregate == "mean":
        return equivalence(counted(table, table.gaps(value_of(metric))), margin, alpha=LEVEL)
    found, reach = scaled_gaps(table, metric)
    return graded_equivalence(counted(table, found), margin, reach, alpha=LEVEL)


def outside(found: Equivalence, lone: bool) -> Support:
    """Return what speaks for a difference beyond the margin, up or down.

    Its p value is that of "no further than the margin", on the side where the estimate lies; it is
    one less the larger p value of the two tests of equivalence, which is of the same side.
    """
    beyond = found.interval.above(found.margin) or found.interval.below(-found.margin)
    return Support(beyond, 1 - found.p_equivalent, lone)
