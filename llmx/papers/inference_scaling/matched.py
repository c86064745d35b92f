"""Methods of one arm against each other: what each buys with a budget, and which is cheapest."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from llmx.papers.inference_scaling.points import MethodPoint
from llmx.stats.bootstrap import mean, resampled
from llmx.stats.interval import Interval
from llmx.stats.inversion import p_beyond
from llmx.stats.multiple import holm
from llmx.stats.paired import cluster_sums


@dataclass(frozen=True)
class MethodGap:
    """A method at a budget, against the reference there.

    Attributes:
        difference: method − reference, paired over problems.
        p_value: two-sided, by inversion of the interval.
        adjusted: the same by Holm over all methods that were compared at this budget.
    """

    point: MethodPoint
    difference: Interval
    p_value: float
    adjusted: float


def at_budget(points: Sequence[MethodPoint], kind: str, budget: float) -> list[MethodPoint]:
    """Return each method's dearest point within a budget, in the order of the methods.

    A method that costs more at every size, or whose cost nobody counted, is left out. Of two points
    that cost the same the larger one is taken.
    """
    best: dict[str, MethodPoint] = {}
    for point in points:
        if not point.cost(kind) <= budget * (1 + 1e-9):
            continue
        held = best.get(point.method)
        key = (point.cost(kind), point.size)
        if held is None or key > (held.cost(kind), held.size):
            best[point.method] = point
    return [best[name] for name in dict.fromkeys(one.method for one in points) if name in best]


def compared(
    points: Sequence[MethodPoint],
    reference: MethodPoint,
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> list[MethodGap]:
    """Return every other point against the reference, with Holm's correction over all of them.

    Args:
        points: on the same problems in the same order; the reference itself is left out.
        reference: ``majority``, say, at the same budget.
        clusters: one label a problem; problems of one label are drawn together.
        level: of the intervals.
        resamples, seed: of the bootstrap.
    """
    others = [point for point in points if point is not reference]
    found = [
        resampled(
            cluster_sums(point.accuracy - reference.accuracy, clusters),
            mean,
            resamples=resamples,
            seed=seed,
        ).at
        for point in others
    ]
    p_values = [p_beyond(at, 0.0) for at in found]
    rows = zip(others, found, p_values, holm(p_values), strict=True)
    return [MethodGap(point, at(level), p, adjusted) for point, at, p, adjusted in rows]


def cheapest_within(points: Sequence[MethodPoint], kind: str, gain: float) -> MethodPoint:
    """Return the cheapest point that is at most `gain` (a share) below the most accurate one.

    Points whose cost nobody counted are not looked at. Of two that cost the same the more accurate
    one is taken.

    Raises:
        ValueError: if there is no point of that cost.
    """
    known = [point for point in points if point.cost(kind) >= 0]
    best = max(point.mean for point in known)
    near = [point for point in known if point.mean >= best - gain - 1e-12]
    return min(near, key=lambda point: (point.cost(kind), -point.mean))
