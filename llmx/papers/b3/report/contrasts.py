"""Arms beside their control: at equal amounts, to equal quality, and at which batch it is equal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log2, nextafter

import numpy as np

from llmx.core.figure import Span
from llmx.papers.b3.report.meeting import QualityMeeting, meeting, tested
from llmx.papers.b3.report.points import AMOUNTS, Amount, Floats, TrainedArm, aligned, used
from llmx.report.timing import as_span
from llmx.stats.graded import graded_interval


@dataclass(frozen=True)
class QualityGap:
    """The quality of an arm minus that of its control, where both have spent an amount.

    Attributes:
        p: two-sided, of none.
    """

    first: TrainedArm
    second: TrainedArm
    amount: float
    span: Span
    p: float


@dataclass(frozen=True)
class EqualQuality:
    """How much of what an arm's control spent in all the arm needs to be as good as it then is.

    Attributes:
        ratio: kind of amount → how many times as much; without a low end it may be as good before
            any training, without a high one it may not be as good by its end.
        most: kind → what the arm spent in all, as a ratio.
        reached: whether it is as good anywhere.
        p: kind → two-sided, of the ratio being 1: of equal quality when the arm has spent as much
            as its control in all, or is at its own end before that.
    """

    first: TrainedArm
    second: TrainedArm
    ratio: Mapping[Amount, Span]
    most: Mapping[Amount, float]
    reached: bool
    p: Mapping[Amount, float]


@dataclass(frozen=True)
class EqualBatch:
    """The batch at which the control is as good as an arm, after equal samples.

    Attributes:
        size: rows; between two sizes linear in the logarithm. Without a low end it may be smaller
            than the smallest, without a high one larger than the largest.
        controls: by size.
        reached: whether a control is as good.
        p: two-sided, of equal quality at the arm's own size; None without a control of that size.
    """

    first: TrainedArm
    controls: tuple[TrainedArm, ...]
    samples: float
    size: Span
    reached: bool
    p: float | None


def gap(
    first: TrainedArm, second: TrainedArm, kind: Amount, after: float = inf
) -> QualityGap | None:
    """Return the difference after an amount, or after all that both spent; None without a common
    query.
    """
    both = aligned((first, second))
    if not both:
        return None
    one, other = both
    amount = min(one.last.amount(kind), other.last.amount(kind), after)
    table = one.at(kind, amount) - other.at(kind, amount)
    interval = graded_interval(used(table), -1.0, 1.0, clusters=one.clusters)
    assert interval is not None
    p = _p(table, one) if len(table) > 1 else 1.0
    return QualityGap(one, other, amount, as_span(interval), p)


def to_equal_quality(first: TrainedArm, second: TrainedArm) -> EqualQuality | None:
    """Return what an arm needs for the quality that its control has in the end; None as above."""
    both = aligned((first, second))
    if not both or len(both[0].ids) < 2:
        return None
    one, other = both
    target = other.last.values
    found = meeting(lambda place: one.between(place) - target, len(one.points), one.clusters)
    spent = {kind: most for kind in AMOUNTS if (most := other.last.amount(kind)) > 0}
    return EqualQuality(
        one,
        other,
        {kind: _ratio(found, one, kind, of) for kind, of in spent.items()},
        {kind: one.last.amount(kind) / of for kind, of in spent.items()},
        found.reached,
        {kind: _p(one.at(kind, of) - target, one) for kind, of in spent.items()},
    )


def _ratio(found: QualityMeeting, arm: TrainedArm, kind: Amount, of: float) -> Span:
    return _span(found, lambda place: arm.spent_at(kind, place) / of)


def _p(table: Floats, arm: TrainedArm) -> float:
    return tested(table, arm.clusters).p_value()


def _span(found: QualityMeeting, value: Callable[[float], float]) -> Span:
    """Return a meeting in the unit of `value`; an end that it surely lies beyond is left out."""
    low, high = (None if end is None else value(end) for end in (found.low, found.high))
    if found.outside > 0 and low is not None:
        low = nextafter(low, inf)
    if found.outside < 0 and high is not None:
        high = nextafter(high, -inf)
    return Span(estimate=value(found.place), low=low, high=high)


def equal_batch(first: TrainedArm, controls: Sequence[TrainedArm]) -> EqualBatch | None:
    """Return the batch of equal quality; None for fewer than two sizes, or no common query."""
    known = sorted(controls, key=lambda one: one.size)
    every = aligned((first, *known))
    if len(known) < 2 or not every or len(every[0].ids) < 2:
        return None
    one, others = every[0], every[1:]
    samples = min(arm.last.samples for arm in every)
    target = one.at("samples", samples)
    tables = [other.at("samples", samples) - target for other in others]

    def gap_at(place: float) -> Floats:
        below = min(int(place), len(tables) - 2)
        part = place - below
        mixed: Floats = (1 - part) * tables[below] + part * tables[below + 1]
        return mixed

    found = meeting(gap_at, len(tables), one.clusters)
    steps = [log2(other.size) for other in others]
    size = _span(found, lambda place: float(2 ** np.interp(place, np.arange(len(steps)), steps)))
    own = next((at for at, other in enumerate(others) if other.size == one.size), None)
    p = None if own is None else _p(tables[own], one)
    return EqualBatch(one, others, samples, size, found.reached, p)
