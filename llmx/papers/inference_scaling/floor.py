"""Whether a weaker model catches up by voting: how many draws, and what they cost by then."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np

from llmx.core.errors import DataError
from llmx.papers.inference_scaling.points import MethodPoint
from llmx.stats.bootstrap import mean, resampled
from llmx.stats.interval import At, Interval
from llmx.stats.inversion import p_beyond
from llmx.stats.paired import cluster_sums
from llmx.stats.ratio import ratio_of_means

_ALIKE = 1e-12  # what differs by rounding alone is not below


@dataclass(frozen=True)
class CatchUp:
    """The smallest N at which the weaker arm's vote is not below the stronger's single answer.

    Of `smallest`, `low` and `high`, None = above the largest size that was tried.

    Attributes:
        sizes: those that were tried, from the smallest up.
        differences: weaker − stronger at each size, points of accuracy as a share.
        smallest: N*, by the estimates.
        low, high: the ends of its interval.
        kind: of cost.
        ratio: the weaker's cost at N* over the stronger's; where there is no N*, at the largest
            size: "none up to N at R times the cost".
        at: each difference's interval at any level, from the same resamples.
    """

    sizes: tuple[int, ...]
    differences: tuple[Interval, ...]
    smallest: int | None
    low: int | None
    high: int | None
    kind: str
    ratio: Interval
    at: tuple[At, ...] = field(repr=False, compare=False)

    @property
    def never(self) -> bool:
        """Whether the interval says that the weaker is below at every size that was tried."""
        return self.low is None

    @property
    def p_never(self) -> float:
        """The p value of "at one of the sizes the weaker is not below", two-sided.

        It is the largest of the sizes', so that it needs no correction for their number (Berger
        1982); 1 where the weaker is not below at one by the estimates.
        """
        below = (gap.estimate < -_ALIKE for gap in self.differences)
        pairs = zip(self.at, below, strict=True)
        return max(p_beyond(at, 0.0) if under else 1.0 for at, under in pairs)


def catch_up(
    weaker: Sequence[MethodPoint],
    stronger: MethodPoint,
    *,
    kind: str = "completion",
    clusters: Sequence[Hashable] | None = None,
    level: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> CatchUp:
    """Return the floor test of a pair of arms, paired over problems.

    The interval of N* inverts tests, and holds every N that is not rejected. "N* = N" says that the
    difference is 0 or more at N, and below 0 at every smaller size. It is rejected where the
    difference's bootstrap interval lies below 0 at N, or above 0 at a smaller size; "N* is above
    the largest size" where it lies above 0 at any.

    Args:
        weaker: its points of one method, a size each.
        stronger: its single answer, on the same problems in the same order.
        kind: of cost; both have counted it.
        clusters: one label a problem; problems of one label are drawn together.
        level: nominal coverage.
        resamples, seed: of the bootstrap.

    Raises:
        DataError: if there is no size, a size comes twice, the problems are not as many, or an arm
            has not counted that cost.
    """
    points = sorted(weaker, key=lambda point: point.size)
    _check(points, stronger, kind)
    found = [
        _difference(point, stronger, clusters, resamples=resamples, seed=seed) for point in points
    ]
    gaps = [at(level) for at in found]
    sizes = tuple(point.size for point in points)
    reached = [size for size, gap in zip(sizes, gaps, strict=True) if gap.estimate >= -_ALIKE]
    held = _not_rejected(sizes, gaps)
    shown = next(point for point in points if point.size == (reached or sizes[-1:])[0])
    return CatchUp(
        sizes=sizes,
        differences=tuple(gaps),
        smallest=reached[0] if reached else None,
        low=held[0],
        high=held[-1],
        kind=kind,
        ratio=ratio_of_means(
            shown.costs[kind],
            stronger.costs[kind],
            clusters,
            level,
            resamples=resamples,
            seed=seed,
        ),
        at=tuple(found),
    )


def _not_rejected(sizes: Sequence[int], gaps: Sequence[Interval]) -> list[int | None]:
    """Return the values of N* that no test rejects, the largest last; None = above all sizes.

    There is always one: the first size whose interval lies above 0, if no smaller one is left.
    """
    held: list[int | None] = []
    for size, gap in zip(sizes, gaps, strict=True):
        if not gap.below(0):
            held.append(size)
        if gap.above(0):
            return held
    return [*held, None]


def _difference(
    point: MethodPoint,
    stronger: MethodPoint,
    clusters: Sequence[Hashable] | None,
    *,
    resamples: int,
    seed: int,
) -> At:
    columns = cluster_sums(point.accuracy - stronger.accuracy, clusters)
    return resampled(columns, mean, resamples=resamples, seed=seed).at


def _check(points: Sequence[MethodPoint], stronger: MethodPoint, kind: str) -> None:
    sizes = [point.size for point in points]
    if not sizes or len(set(sizes)) < len(sizes):
        raise DataError(f"a floor needs each size once, not {sizes}", "give one method's points")
    for point in [*points, stronger]:
        if kind not in point.costs:
            known = ", ".join(sorted(point.costs)) or "no cost"
            text = f"{point.arm}: nobody counted {kind} of {point.method}"
            raise DataError(text, f"frontier.cost= one of {known}")
        if np.shape(point.accuracy) != np.shape(stronger.accuracy):
            text = f"{point.arm} and {stronger.arm} have not the same problems"
            raise DataError(text, "one data section for both arms")
