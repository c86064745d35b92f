"""Is the reference what it claims to be: as good as the target alone?"""

from __future__ import annotations

from llmx.report.numbers import points_span
from llmx.report.paired_table import PairedTable, counted
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL, Support, decide
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import counts
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.tost import Equivalence, equivalence


def lossless(e: Evidence, *, arm: str, target: str, margin: float = 0.02) -> Verdict:
    """Test the accuracy of an arm against the target alone for equivalence within `margin`.

    Shown: the 90 % interval of the difference lies inside the margin, up and down. Contradicted: it
    lies wholly outside, so that a loss or gain inside the margin is refuted at 5 % too.
    """
    table = e.pair(arm, target)
    if table is None:
        reason = "The arms share no scored problem."
        return Verdict(word="not comparable", reason=reason)
    found = equivalent(table, margin)
    span = as_span(found.interval)
    number = Number(
        what="accuracy difference, 90 %",
        arm=arm,
        against=target,
        span=span,
        unit="points",
        p=found.p_equivalent,
        **counts(table),
    )
    inside = Support(found.equivalent, found.p_equivalent, table.lone)
    return decide(inside, outside(found, table.lone)).verdict(
        reason=f"`{arm}` is {points_span(span)} points from `{target}` (90 % interval); the margin"
        f" is ± {100 * margin:g} points.",
        numbers=(number,),
    )


def equivalent(table: PairedTable, margin: float) -> Equivalence:
    """Test the difference in accuracy of a pair against a margin, at 5 % to either side."""
    return equivalence(counted(table, table.gaps()), margin, alpha=LEVEL)


def outside(found: Equivalence, lone: bool) -> Support:
    """Return what speaks for a difference beyond the margin, up or down.

    Its p value is that of "no further than the margin", on the side where the estimate lies; it is
    one less the larger p value of the two tests of equivalence, which is of the same side.
    """
    beyond = found.interval.above(found.margin) or found.interval.below(-found.margin)
    return Support(beyond, 1 - found.p_equivalent, lone)
