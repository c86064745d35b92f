"""Which of several rules is best at the same draft share?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from llmx.report.numbers import percent
from llmx.report.verdict.evidence import Evidence, unequal_shares
from llmx.report.verdict.gap import Gap, gaps
from llmx.report.verdict.model import Verdict
from llmx.stats.interval import normal_quantile, two_sided_z

LEVEL = 0.05


def ranking_at_equal_share(
    e: Evidence, *, arms: Sequence[str], share_tolerance: float = 0.01
) -> Verdict:
    """Order arms by accuracy and say which differences are real (all pairs, Holm).

    Shown: at least one pair differs. Not comparable: the shares are further apart than allowed.
    """
    found = gaps(e, list(combinations(arms, 2)))
    numbers = tuple(gap.number() for gap in found)
    uneven = unequal_shares(e, arms, share_tolerance)
    if uneven or not found:
        reason = uneven or "The arms share no scored problem."
        return Verdict(
            word="not comparable",
            reason=reason,
            numbers=numbers,
        )
    sure = [gap for gap in found if gap.p < LEVEL]
    return Verdict(
        word="shown here" if sure else "not shown here",
        reason=f"{_order(e, arms)} {_pairs(sure, found)}",
        numbers=numbers,
    )


def _order(e: Evidence, arms: Sequence[str]) -> str:
    ranks = sorted(((_accuracy(e, arm), arm) for arm in arms), reverse=True)
    names = ", ".join(f"`{arm}` {percent(accuracy)} %" for accuracy, arm in ranks)
    return f"By accuracy at equal draft share: {names}."


def _accuracy(e: Evidence, arm: str) -> float:
    scores = [score for run in e.arm(arm).runs() for score in run.scores.values()]
    return sum(score.correct for score in scores) / len(scores)


def _pairs(sure: Sequence[Gap], found: Sequence[Gap]) -> str:
    total = len(found)
    if not sure:
        return (
            f"None of the {total} pairs differs significantly (Holm over all pairs); one pair alone"
            f" would need {percent(max(_detectable(gap) for gap in found))} points."
        )
    won = "; ".join(
        f"`{gap.first}` over `{gap.second}`"
        if gap.span.estimate > 0
        else f"`{gap.second}` over `{gap.first}`"
        for gap in sure
    )
    return f"Significant (Holm over all {total} pairs): {won}."


def _detectable(gap: Gap) -> float:
    """Return the difference found with 80 % power at 5 %, from the interval's own width."""
    low, high = gap.span.low, gap.span.high
    error = 0.0 if low is None or high is None else (high - low) / 2 / two_sided_z(0.95)
    return (two_sided_z(0.95) + normal_quantile(0.8)) * error
