"""Where a rising mean reaches another one, with an interval by inverting the test of a difference.

The interval holds each place of a path at which "both are equal" is not rejected: over queries,
groups of queries and seeds, as everywhere (:func:`llmx.stats.crossed.two_level`). So it covers as
often as that test does not err, whatever the path looks like. A bootstrap over three seeds would
not: it knows three numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmx.papers.b3.report.points import Floats, used
from llmx.stats.crossed import TwoLevel, two_level

LEVEL = 0.95
_STEPS = 8  # places that are looked at between two points
_HALVINGS = 20


@dataclass(frozen=True)
class QualityMeeting:
    """Where a path meets a target.

    Attributes:
        place: the first at which its mean is as high; the last of all where none is.
        low: None = it may have been as high from the beginning.
        high: None = it may not be as high by the end.
        reached: whether its mean is as high anywhere.
        outside: 1 where it is surely not as high anywhere, so that the meeting lies after the end;
            -1 where it is surely higher from the beginning; else 0.
    """

    place: float
    low: float | None
    high: float | None
    reached: bool
    outside: int = 0


def tested(gaps: Floats, clusters: Sequence[str], level: float = LEVEL) -> TwoLevel:
    """Return the mean of differences (Q, S) with all that may make it wrong."""
    return two_level(used(gaps), level, clusters)


def meeting(
    gap_at: Callable[[float], Floats], points: int, clusters: Sequence[str]
) -> QualityMeeting:
    """Return where a path meets its target.

    Args:
        gap_at: place from 0 to points - 1 → path minus target, (Q, S), linear between two points.
        points: of the path, at least one.
        clusters: one label a query; empty = its own.
    """

    def equal(place: float) -> bool:
        interval = tested(gap_at(place), clusters).interval
        return interval.low <= 0 <= interval.high

    means = [float(gap_at(at).mean()) for at in range(points)]
    found = first_reached(means)
    grid = [at / _STEPS for at in range((points - 1) * _STEPS + 1)]
    looked = sorted({*grid, *([] if found is None else [found])})
    held = [at for at in looked if equal(at)]
    if not held:
        if found is None:
            return QualityMeeting(looked[-1], looked[-1], None, reached=False, outside=1)
        return QualityMeeting(found, None, found, reached=True, outside=-1)
    return QualityMeeting(
        place=looked[-1] if found is None else found,
        low=None if held[0] == looked[0] else _edge(equal, held[0], _before(looked, held[0])),
        high=None if held[-1] == looked[-1] else _edge(equal, held[-1], _after(looked, held[-1])),
        reached=found is not None,
    )


def first_reached(means: Sequence[float]) -> float | None:
    """Return the first place where a path of means is 0 or above, linear between points."""
    if means[0] >= 0:
        return 0.0
    for at in range(1, len(means)):
        if means[at] >= 0:
            return at - 1 + means[at - 1] / (means[at - 1] - means[at])
    return None


def _before(looked: Sequence[float], place: float) -> float:
    return looked[looked.index(place) - 1]


def _after(looked: Sequence[float], place: float) -> float:
    return looked[looked.index(place) + 1]


def _edge(equal: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return where "equal" ends on the way out, the outer side of it."""
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if equal(middle) else (inside, middle)
    return outside
