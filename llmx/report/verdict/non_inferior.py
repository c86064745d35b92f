"""Is there a point that loses nothing that matters, and is faster?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.report.numbers import number_span, points_span
from llmx.report.results import Span
from llmx.report.timing import as_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.multiple import holm
from llmx.stats.tost import Equivalence, equivalence

LEVEL = 0.05


@dataclass(frozen=True)
class Point:
    """One candidate beside the reference."""

    arm: str
    gap: Equivalence
    p: float
    tokens: Span | None
    problems: Span | None

    @property
    def harmless(self) -> bool:
        """Whether the 90 % interval lies inside the margin, also after Holm's adjustment."""
        return self.gap.equivalent and self.p < LEVEL

    @property
    def faster(self) -> bool:
        """Whether the intervals of the speed-up lie above 1, in tokens/s and in problems/s."""
        spans = [span for span in (self.tokens, self.problems) if span is not None]
        return bool(spans) and all(span.above(1) for span in spans)


def non_inferior_and_faster(
    e: Evidence,
    *,
    arms: Sequence[str],
    reference: str,
    margin: float = 0.02,
    aim: float = 1.25,
) -> Verdict:
    """Look for arms whose accuracy is the reference's within `margin`, and that are faster.

    Accuracy: two one-sided tests at 5 % (the 90 % interval inside ± margin), Holm over the arms.
    Speed: the 95 % intervals of the ratios of tokens/s and of problems/s over interleaved rounds
    lie above 1. Without such an arm the reason holds the whole curve.
    """
    points = _points(e, arms, reference, margin)
    numbers = tuple(number for point in points for number in _numbers(point, reference))
    both = [point for point in points if point.harmless and point.faster]
    timed = any(point.tokens is not None for point in points)
    word = "shown here" if both else ("not shown here" if timed else "not comparable")
    reason = _best(both, reference, margin, aim) if both else _none(points, reference, margin)
    return Verdict(word=word, reason=reason, numbers=numbers)


def _points(e: Evidence, arms: Sequence[str], reference: str, margin: float) -> list[Point]:
    tables = [(arm, e.pair(arm, reference)) for arm in arms]
    found = [(arm, equivalence(table.gaps(), margin)) for arm, table in tables if table]
    adjusted = holm([gap.p_equivalent for _, gap in found])
    return [
        Point(arm, gap, p, e.faster(arm, reference, "tokens"), e.faster(arm, reference, "problems"))
        for (arm, gap), p in zip(found, adjusted, strict=True)
    ]


def _numbers(point: Point, reference: str) -> list[Number]:
    gap = Number(
        what="accuracy difference, 90 %",
        arm=point.arm,
        against=reference,
        span=as_span(point.gap.interval),
        unit="points",
        p=point.p,
    )
    ratios = {"tokens/s": point.tokens, "problems/s": point.problems}
    return [
        gap,
        *(
            Number(what=what, arm=point.arm, against=reference, span=span, unit="times")
            for what, span in ratios.items()
            if span is not None
        ),
    ]


def _best(both: Sequence[Point], reference: str, margin: float, aim: float) -> str:
    best = max(both, key=lambda point: point.tokens.estimate if point.tokens else 0.0)
    assert best.tokens is not None
    others = ", ".join(f"`{point.arm}`" for point in both if point is not best)
    also = f" Also: {others}." if others else ""
    reached = "is" if best.tokens.above(aim) else "is not"
    per_problem = f", {number_span(best.problems, 2)} times its problems/s" if best.problems else ""
    return (
        f"`{best.arm}` has the accuracy of `{reference}` within ± {100 * margin:g} points"
        f" ({points_span(as_span(best.gap.interval))}, 90 % interval) at"
        f" {number_span(best.tokens, 2)} times its tokens/s{per_problem}."
        f" A gain of {aim:g} times in tokens/s {reached} shown.{also}"
    )


def _none(points: Sequence[Point], reference: str, margin: float) -> str:
    groups = {
        f"within ± {100 * margin:g} points of `{reference}`": [p for p in points if p.harmless],
        "not inferior": [p for p in points if p.gap.non_inferior],
        "faster": [p for p in points if p.faster],
    }
    named = (
        f"{what}: {', '.join(f'`{point.arm}`' for point in group) or 'none'}"
        for what, group in groups.items()
    )
    curve = "; ".join(_on_the_curve(point) for point in points)
    return f"No arm is both: {'; '.join(named)}. The whole curve (90 % intervals): {curve}."


def _on_the_curve(point: Point) -> str:
    speed = f", {number_span(point.tokens, 2)}× tokens/s" if point.tokens else ""
    return f"`{point.arm}` {points_span(as_span(point.gap.interval))} points{speed}"
