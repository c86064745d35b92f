"""Are arms more accurate than another one?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.numbers import points_span
from llmx.report.verdict.decide import Decision, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import Gap, gaps
from llmx.report.verdict.model import Verdict


def more_accurate(e: Evidence, *, arms: Sequence[str], control: str) -> Verdict:
    """Compare arms with a control, paired by problem and seed.

    Shown: every arm is surely better. Contradicted: one is surely worse. See :func:`against`.
    """
    found = gaps(e, [(arm, control) for arm in arms])
    if not found:
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    reason = "; ".join(
        f"`{gap.first}` is {points_span(gap.span)} points from `{gap.second}`" for gap in found
    )
    return against(found).verdict(reason=f"{reason}.", numbers=tuple(gap.number() for gap in found))


def against(found: Sequence[Gap]) -> Decision:
    """Decide whether every arm is surely better than its control, or one surely worse.

    Sure is what interval and p value agree on: the interval may count noise that a test of items
    does not know, and the p value counts that several pairs were looked at.
    """
    return decide(every(gap.above() for gap in found), some(gap.below() for gap in found))
