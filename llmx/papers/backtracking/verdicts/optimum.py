"""Which of several arms is the best, and which could be?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, Metric
from llmx.report.figures.names import BEST
from llmx.report.numbers import level_words
from llmx.report.verdict.decide import Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import Gap, gaps
from llmx.report.verdict.model import Number, Verdict


def optimum(
    e: Evidence, *, arms: Mapping[str, float], expected: float, metric: str = ACCURACY
) -> Verdict:
    """Find the arms that no other is surely better than: any of them could be the best.

    Shown: the expected one alone is left. Contradicted: it is not among them. The figure is the
    value of the most accurate arm, and the range of values of the arms that are left: no interval
    in the sense of a coverage, as it rests on the pairs (Holm over all of them). Its p value is the
    largest by which an arm was left out: the chance that the best of all is not in the range.

    Args:
        arms: arm → its value, e.g. a number of backtracks.
        metric: by which best is meant.
    """
    found = gaps(e, list(combinations(arms, 2)), metric)
    if len(arms) < 2 or not found or expected not in arms.values():
        reason = f"The run has no two arms to compare, or none of value {expected:g}."
        return Verdict(word="not comparable", reason=reason)
    of = e.metric(metric)
    beaten = {name: _beaten(name, found) for name in arms}
    wanted = [beaten[name] for name, value in arms.items() if value == expected]
    others = [beaten[name] for name, value in arms.items() if value != expected]
    left = [name for name in arms if not beaten[name].sure or beaten[name].lone]
    return decide(every(others), every(wanted)).verdict(
        reason=f"{_order(e, arms, of)} {_left(left, found)}",
        numbers=(_best(e, arms, left, beaten, of), *(gap.number() for gap in found)),
    )


def _beaten(name: str, found: Sequence[Gap]) -> Support:
    """Return what speaks for another arm being better."""
    return some(
        [gap.below() for gap in found if gap.first == name]
        + [gap.above() for gap in found if gap.second == name]
    )


def _best(
    e: Evidence,
    arms: Mapping[str, float],
    left: Sequence[str],
    beaten: Mapping[str, Support],
    metric: Metric,
) -> Number:
    best = max(arms, key=lambda name: metric.signed * e.level(name, metric))
    values = [arms[name] for name in left] or [arms[best]]
    span = Span(estimate=arms[best], low=min(values), high=max(values))
    out = [beaten[name].p for name in arms if name not in left]
    return Number(what=BEST, arm=best, span=span, unit="backtracks", p=max(out, default=None))


def _order(e: Evidence, arms: Mapping[str, float], metric: Metric) -> str:
    ranked = sorted(arms, key=lambda name: -metric.signed * e.level(name, metric))
    named = ", ".join(f"`{name}` {level_words(e.level(name, metric), metric)}" for name in ranked)
    return f"By {metric.name}: {named}."


def _left(left: Sequence[str], found: Sequence[Gap]) -> str:
    named = ", ".join(f"`{name}`" for name in left)
    return f"Not surely worse than another (Holm over {len(found)} pairs): {named}."
