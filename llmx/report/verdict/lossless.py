"""Is the reference what it claims to be: as good as the target alone?"""

from __future__ import annotations

from llmx.report.numbers import points_span
from llmx.report.timing import as_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict, Word
from llmx.stats.tost import equivalence


def lossless(e: Evidence, *, arm: str, target: str, margin: float = 0.02) -> Verdict:
    """Test the accuracy of an arm against the target alone for equivalence within `margin`.

    Contradicted: the 90 % interval of the difference excludes 0 and is not inside the margin.
    """
    table = e.pair(arm, target)
    if table is None:
        reason = "The arms share no scored problem."
        return Verdict(word="not comparable", reason=reason)
    found = equivalence(table.gaps(), margin)
    span = as_span(found.interval)
    off = span.above(0) or span.below(0)
    word: Word = "contradicted here" if off else "not shown here"
    number = Number(
        what="accuracy difference, 90 %",
        arm=arm,
        against=target,
        span=span,
        unit="points",
        p=found.p_equivalent,
    )
    return Verdict(
        word="shown here" if found.equivalent else word,
        reason=f"`{arm}` is {points_span(span)} points from `{target}` (90 % interval); the margin"
        f" is ± {100 * margin:g} points.",
        numbers=(number,),
    )
