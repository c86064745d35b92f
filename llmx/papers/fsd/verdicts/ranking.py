"""Which of several rules is best at the same draft share?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from llmx.core.record import ACCURACY, Metric
from llmx.report.numbers import amount, gap_unit, level_words
from llmx.report.verdict.decide import decide, some
from llmx.report.verdict.evidence import Evidence, unequal_shares
from llmx.report.verdict.gap import Gap, detectable, gaps
from llmx.report.verdict.model import Verdict


def ranking_at_equal_share(
    e: Evidence, *, arms: Sequence[str], share_tolerance: float = 0.01, metric: str = ACCURACY
) -> Verdict:
    """Order arms by a metric and say which differences are real (all pairs, Holm).

    Shown: at least one pair differs, by its interval and by its p value. Not comparable: the shares
    are further apart than allowed.
    """
    found = gaps(e, list(combinations(arms, 2)), metric)
    numbers = tuple(gap.number() for gap in found)
    uneven = unequal_shares(e, arms, share_tolerance)
    if uneven or not found:
        reason = uneven or "The arms share no scored problem."
        return Verdict(word="not comparable", reason=reason, numbers=numbers)
    halves = [half for gap in found for half in (gap.above(), gap.below())]
    return decide(some(halves)).verdict(
        reason=f"{_order(e, arms, e.metric(metric))} {_pairs(found)}", numbers=numbers
    )


def _order(e: Evidence, arms: Sequence[str], metric: Metric) -> str:
    levels = ((e.level(arm, metric), arm) for arm in arms)
    ranks = sorted(levels, key=lambda one: (metric.signed * one[0], one[1]), reverse=True)
    names = ", ".join(f"`{arm}` {level_words(value, metric)}" for value, arm in ranks)
    return f"By {metric.name} at equal draft share: {names}."


def _pairs(found: Sequence[Gap]) -> str:
    over = [f"`{gap.first}` over `{gap.second}`" for gap in found if gap.above().sure]
    over += [f"`{gap.second}` over `{gap.first}`" for gap in found if gap.below().sure]
    if over:
        return f"Significant{_over_pairs(len(found))}: {'; '.join(over)}."
    if len(found) == 1:
        return f"They do not differ significantly; that would need {_needed(found)}."
    return (
        f"None of the {len(found)} pairs differs significantly (Holm over all pairs); one pair"
        f" alone would need {_needed(found)}."
    )


def _over_pairs(count: int) -> str:
    return "" if count == 1 else f" (Holm over all {count} pairs)"


def _needed(found: Sequence[Gap]) -> str:
    return amount(max(detectable(gap.span) for gap in found), gap_unit(found[0].metric))
