"""Is choosing drafted tokens by divergence better than choosing as many at random?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.numbers import points_span
from llmx.report.verdict.evidence import Evidence, unequal_shares
from llmx.report.verdict.gap import Gap, gaps
from llmx.report.verdict.model import Verdict, Word

LEVEL = 0.05


def beats_control(
    e: Evidence, *, arms: Sequence[str], control: str, share_tolerance: float = 0.03
) -> Verdict:
    """Compare arms with a control at equal draft share.

    Shown: every arm is significantly better (sign flips, Holm over the arms). Contradicted: one is
    significantly worse. Not comparable: the shares differ by more than `share_tolerance`.
    """
    odd = [text for arm in arms if (text := unequal_shares(e, (arm, control), share_tolerance))]
    found = gaps(e, [(arm, control) for arm in arms])
    numbers = tuple(gap.number() for gap in found)
    if odd or not found:
        reason = " ".join(odd) or "The arms share no scored problem."
        return Verdict(word="not comparable", reason=reason, numbers=numbers)
    reason = "; ".join(_sentence(gap) for gap in found) + "."
    return Verdict(word=_word(found), reason=reason, numbers=numbers)


def _word(found: Sequence[Gap]) -> Word:
    if any(gap.p < LEVEL and gap.span.estimate < 0 for gap in found):
        return "contradicted here"
    sure = all(gap.p < LEVEL and gap.span.estimate > 0 for gap in found)
    return "shown here" if sure else "not shown here"


def _sentence(gap: Gap) -> str:
    return (
        f"At equal draft share `{gap.first}` is {points_span(gap.span)} points from `{gap.second}`"
    )
