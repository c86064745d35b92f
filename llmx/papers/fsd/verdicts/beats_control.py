"""Is choosing drafted tokens by divergence better than choosing as many at random?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.record import ACCURACY
from llmx.report.verdict.evidence import Evidence, unequal_shares
from llmx.report.verdict.gap import Gap, against, gaps
from llmx.report.verdict.model import Verdict


def beats_control(
    e: Evidence,
    *,
    arms: Sequence[str],
    control: str,
    share_tolerance: float = 0.03,
    metric: str = ACCURACY,
) -> Verdict:
    """Compare arms with a control at equal draft share.

    Shown: every arm is surely better. Contradicted: one is surely worse; see
    :func:`llmx.report.verdict.gap.against`. Not comparable: the shares differ by more
    than `share_tolerance`.
    """
    odd = [text for arm in arms if (text := unequal_shares(e, (arm, control), share_tolerance))]
    found = gaps(e, [(arm, control) for arm in arms], metric)
    numbers = tuple(gap.number() for gap in found)
    if odd or not found:
        reason = " ".join(odd) or "The arms share no scored problem."
        return Verdict(word="not comparable", reason=reason, numbers=numbers)
    reason = "; ".join(_sentence(gap) for gap in found) + "."
    return against(found).verdict(reason=reason, numbers=numbers)


def _sentence(gap: Gap) -> str:
    return f"At equal draft share `{gap.first}` is {gap.said()} from `{gap.second}`"
