"""Are arms more accurate than another one?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.record import ACCURACY
from llmx.report.verdict.decide import DecidedWord, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import Gap, gaps
from llmx.report.verdict.model import Verdict


def more_accurate(
    e: Evidence, *, arms: Sequence[str], control: str, metric: str = ACCURACY
) -> Verdict:
    """Compare arms with a control, paired by problem and seed.

    Shown: every arm is surely better. Contradicted: one is surely worse. See :func:`against`.

    Args:
        metric: by which better is meant, whichever way that is.
    """
    found = gaps(e, [(arm, control) for arm in arms], metric)
    if not found:
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    reason = "; ".join(f"`{gap.first}` is {gap.said()} from `{gap.second}`" for gap in found)
    return against(found).verdict(reason=f"{reason}.", numbers=tuple(gap.number() for gap in found))


def against(found: Sequence[Gap]) -> DecidedWord:
    """Decide whether every arm is surely better than its control, or one surely worse.

    Sure is what interval and p value agree on: the interval may count noise that a test of items
    does not know, and the p value counts that several pairs were looked at.
    """
    return decide(every(gap.above() for gap in found), some(gap.below() for gap in found))
