"""What a run of inference-time scaling says in sentences, with the names of arms as code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmx.core.names import several
from llmx.papers.inference_scaling import figure_names
from llmx.report.numbers import number, number_span, percent, points_span
from llmx.report.priced import (
    CatchingUp,
    PricedGap,
    PricedPoint,
    PricedPoints,
    cheapest_within,
    cost_amount,
    cost_said,
)


def sentences(found: PricedPoints, gain: float, kinds: Sequence[str]) -> Iterator[str]:
    """Yield what votes gain, what is enough, and whether weaker arms catch up.

    Args:
        gain: how far below the best is enough, a share.
        kinds: of cost, by which it is told what is enough.
    """
    for arm in found.draws:
        own = [one for one in found.points if one.arm == arm]
        gaps = [one for one in found.gaps if one.arm == arm and one.what == figure_names.VOTING]
        yield from _voting(arm, own, gaps)
    yield from _enough(found, gain, kinds)
    yield from map(_floor, found.floors)


def _voting(arm: str, own: Sequence[PricedPoint], gaps: Sequence[PricedGap]) -> Iterator[str]:
    single = next((one for one in own if one.method == "single"), None)
    vote = max((one for one in own if one.method == "majority"), key=_size, default=None)
    any_ = max((one for one in own if one.bound), key=_size, default=None)
    if single is None or vote is None or any_ is None or not gaps:
        return
    gain = max(gaps, key=lambda one: one.at or 0.0)
    lost = any_.accuracy.estimate - vote.accuracy.estimate
    missing = 1 - any_.accuracy.estimate
    yield (
        f"`{arm}`: one answer is right in {percent(single.accuracy.estimate)} %, a vote of"
        f" {vote.size} in {percent(vote.accuracy.estimate)} %: {points_span(gain.span)} points."
        f" The vote loses {percent(lost)} points of what its draws hold, and"
        f" {percent(missing)} % of the problems have no right draw."
    )


def _size(one: PricedPoint) -> int:
    return one.size


def _enough(found: PricedPoints, gain: float, kinds: Sequence[str]) -> Iterator[str]:
    cheapest: dict[str, list[str]] = {}
    for kind in kinds:
        for one in cheapest_within(found, gain, kind):
            cost = f"{cost_amount(one.costs[kind])} a problem"
            text = f"by {cost_said(kind)} with {one.label}, {one.size} {one.sizes} ({cost})"
            cheapest.setdefault(one.arm, []).append(text)
    for arm, told in cheapest.items():
        within = f"Within {number(100 * gain)} points of its best"
        yield f"{within}, `{arm}` is cheapest {', '.join(told)}."


def _floor(one: CatchingUp) -> str:
    cost = f"{number_span(one.ratio, 2)} times its {cost_said(one.kind)}"
    if one.votes is None:
        return (
            f"`{one.arm}` does not reach one answer of `{one.against}` with up to {one.most} votes,"
            f" at {cost}."
        )
    ends = [("more" if end is None else f"{end}") for end in (one.low, one.high)]
    span = f"{ends[0]} to {ends[1]}" if one.high is not None else f"{ends[0]} to beyond {one.most}"
    return (
        f"`{one.arm}` reaches one answer of `{one.against}` with"
        f" {several(one.votes, 'vote')} ({span}), at"
        f" {cost}."
    )
