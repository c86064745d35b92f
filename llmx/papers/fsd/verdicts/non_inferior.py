"""Is there a point that loses nothing that matters, and is faster?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.numbers import gap, gap_words, margin_words, number_span
from llmx.report.paired_table import PairedTable
from llmx.report.timing import as_span
from llmx.report.verdict.decide import LEVEL, Support, decide, some
from llmx.report.verdict.equivalence import equivalent
from llmx.report.verdict.evidence import Evidence, Speed
from llmx.report.verdict.gap import gap_number
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.multiple import holm
from llmx.stats.tost import Equivalence


@dataclass(frozen=True)
class Candidate:
    """One candidate beside the reference.

    Attributes:
        p: of "its accuracy is the margin or more away", after Holm over the arms.
        p_speed: of "it is no faster" in one unit or the other, after Holm over the arms.
        p_both: of "the one or the other", after Holm over the arms.
    """

    arm: str
    table: PairedTable
    gap: Equivalence
    speeds: dict[str, Speed]
    metric: Metric
    p: float = 1.0
    p_speed: float = 1.0
    p_both: float = 1.0

    @property
    def harmless(self) -> bool:
        """Whether the 90 % interval lies inside the margin, also after Holm's adjustment."""
        return self.gap.equivalent and self.p <= LEVEL

    @property
    def faster(self) -> bool:
        """Whether the interval of the speed-up, as wide as Holm asks, is above 1 in every unit."""
        return bool(self.speeds) and self.p_speed <= LEVEL

    @property
    def kept(self) -> bool:
        """Whether nothing that matters is lost; a gain of any size may be there."""
        if self.metric.signed > 0:
            return self.gap.non_inferior
        return self.gap.interval.below(self.gap.margin)

    def said(self) -> str:
        """Return the difference with its unit."""
        return gap_words(as_span(self.gap.interval), self.metric)

    def both(self) -> Support:
        """Return what speaks for the arm being as accurate and faster, each of which p demands."""
        lone = self.table.lone or any(speed.lone for speed in self.speeds.values())
        return Support(self.p_both <= LEVEL, self.p_both, lone)


def non_inferior_and_faster(
    e: Evidence,
    *,
    arms: Sequence[str],
    reference: str,
    margin: float = 0.02,
    aim: float = 1.25,
    metric: str = ACCURACY,
) -> Verdict:
    """Look for arms whose accuracy is the reference's within `margin`, and that are faster.

    Accuracy: two one-sided tests at 5 % (the 90 % interval inside ± margin). Speed: the 95 %
    intervals of the ratios of tokens/s and of problems/s over interleaved rounds lie above 1. An
    arm has to pass all of it, so its p value is the largest of its tests' (Berger 1982,
    Technometrics 24, p. 295); Holm over the arms, of which one is enough. Without such an arm the
    reason holds the whole curve.

    Args:
        metric: what stands for accuracy.
    """
    points = _points(e, arms, reference, margin, e.metric(metric))
    numbers = tuple(number for point in points for number in _numbers(point, reference))
    both = [point for point in points if point.both().sure]
    reason = _best(both, reference, margin, aim) if both else _none(points, reference, margin)
    if not any(point.speeds for point in points):
        return Verdict(word="not comparable", reason=reason, numbers=numbers)
    return decide(some(point.both() for point in points)).verdict(reason=reason, numbers=numbers)


def _points(
    e: Evidence, arms: Sequence[str], reference: str, margin: float, metric: Metric
) -> list[Candidate]:
    pairs = [(arm, e.pair(arm, reference, metric)) for arm in arms]
    tables = [(arm, table) for arm, table in pairs if table is not None]
    found = [(arm, table, equivalent(table, margin, metric)) for arm, table in tables]
    speeds = [_speeds(e, arm, reference) for arm, _ in tables]
    equal = [gap.p_equivalent for _, _, gap in found]
    slow = [max((_slower(speed) for speed in one.values()), default=1.0) for one in speeds]
    adjusted = zip(
        holm(equal),
        holm(slow),
        holm([max(pair) for pair in zip(equal, slow, strict=True)]),
        strict=True,
    )
    return [
        Candidate(*one, of, metric, *ps)
        for one, of, ps in zip(found, speeds, adjusted, strict=True)
    ]


def _slower(speed: Speed) -> float:
    """Return the p value of "no faster": at most 5 % where the 95 % interval lies above 1.

    An arm that is surely slower refutes nothing of it.
    """
    return speed.p if speed.span.estimate > 1 else 1.0


def _speeds(e: Evidence, arm: str, reference: str) -> dict[str, Speed]:
    units = ("tokens", "problems")
    found = {f"{unit}/s": e.faster(arm, reference, unit) for unit in units}
    return {unit: speed for unit, speed in found.items() if speed is not None}


def _numbers(point: Candidate, reference: str) -> list[Number]:
    span = as_span(point.gap.interval)
    first = gap_number(point.metric, point.arm, reference, span, point.p, point.table, ", 90 %")
    speeds = point.speeds.items()
    ratios = [speed.number(unit, point.arm, reference, point.p_speed) for unit, speed in speeds]
    return [first, *ratios]


def _best(both: Sequence[Candidate], reference: str, margin: float, aim: float) -> str:
    best = max(both, key=lambda point: point.speeds["tokens/s"].span.estimate)
    tokens, problems = (best.speeds[unit].span for unit in ("tokens/s", "problems/s"))
    others = ", ".join(f"`{point.arm}`" for point in both if point is not best)
    also = f" Also: {others}." if others else ""
    reached = "is" if tokens.above(aim) else "is not"
    return (
        f"`{best.arm}` has the {best.metric.name} of `{reference}` within"
        f" ± {margin_words(margin, best.metric)}"
        f" ({gap(as_span(best.gap.interval), best.metric)}, 90 % interval) at"
        f" {number_span(tokens, 2)} times its tokens/s, {number_span(problems, 2)} times its"
        f" problems/s. A gain of {aim:g} times in tokens/s {reached} shown.{also}"
    )


def _none(points: Sequence[Candidate], reference: str, margin: float) -> str:
    groups = {
        f"within ± {_margin(points, margin)} of `{reference}`": [p for p in points if p.harmless],
        "not inferior": [p for p in points if p.kept],
        "faster": [p for p in points if p.faster],
    }
    named = (
        f"{what}: {', '.join(f'`{point.arm}`' for point in group) or 'none'}"
        for what, group in groups.items()
    )
    curve = "; ".join(_on_the_curve(point) for point in points)
    return f"No arm is both: {'; '.join(named)}. The whole curve (90 % intervals): {curve}."


def _margin(points: Sequence[Candidate], margin: float) -> str:
    return margin_words(margin, points[0].metric if points else RIGHT)


def _on_the_curve(point: Candidate) -> str:
    tokens = point.speeds.get("tokens/s")
    speed = f", {number_span(tokens.span, 2)}× tokens/s" if tokens else ""
    return f"`{point.arm}` {point.said()}{speed}"
