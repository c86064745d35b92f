"""Which of our figures stands beside a published one."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from llmx.claims.paper import Ours
from llmx.claims.quantity import quantity
from llmx.claims.reproduce.stored import Stored
from llmx.core.figure import Figure, Figures, JudgeName, Span
from llmx.core.record import Frozen
from llmx.report.figures import names

CLOSE = 0.01
"""How near an arm's accuracy difference has to be to the one asked for: a point."""


class Beside(Frozen):
    """One comparison of two of our arms, or a figure of one."""

    recipe: str
    run: str
    scale: str
    quantity: str
    arm: str
    against: str | None
    span: Span
    unit: str
    problems: int
    seeds: int
    absolute: Span | None = Field(default=None, description="the same as a difference, tokens/s")
    accuracy: Span | None = Field(default=None, description="the arm's accuracy difference")
    judge: JudgeName | None = Field(default=None, description="who gave it, of win rates")
    unkept: str = Field(default="", description="day of a run whose outcomes were not kept")


def beside(ours: Ours, stored: Mapping[str, Stored]) -> Beside | None:
    """Return our figure; None where no run of the recipe is stored, or it lacks the arm.

    A plain win rate stands in where lengths were not controlled for.
    """
    source = stored.get(ours.recipe)
    if source is None:
        return None
    known, name = source.figures, ours.quantity
    found = _figure(known, ours, name)
    if found is None and name == names.CONTROLLED:
        name = names.WIN_RATE
        found = _figure(known, ours, name)
    wanted = quantity(name)
    if found is None or (wanted.of_all and source.explored(found)):
        return None
    counted = known.find(names.PROBLEMS, found.arm)
    bases = known.marked(names.REFERENCE)
    gaps = (one for one in known.of(names.ACCURACY_GAP, (found.arm,)) if one.against in bases)
    accuracy = next(gaps, None)
    return Beside(
        recipe=ours.recipe,
        run=source.card.run,
        scale=source.card.scale,
        quantity=name,
        arm=found.arm,
        against=None if wanted.alone or wanted.of_all else ours.against,
        span=found.span,
        unit=wanted.unit,
        problems=_problems(found, counted, source),
        seeds=counted.seeds if counted else 1,
        absolute=_gain(known, found, ours),
        accuracy=accuracy.span if accuracy and counted else None,
        judge=found.judge,
        unkept=source.card.date if source.unkept and found.judge is None else "",
    )


def exploratory(ours: Ours, stored: Mapping[str, Stored]) -> str:
    """Return why a best value that the run has found is no figure of ours; empty = it may be one.

    A best value is that of a verdict: where the verdict is exploratory, so is its figure.
    """
    source = stored.get(ours.recipe)
    if source is None or not quantity(ours.quantity).of_all:
        return ""
    found = _figure(source.figures, ours, ours.quantity)
    if found is None or not source.explored(found):
        return ""
    return f"Settings of {source.card.run} were chosen on its test problems, so its best value is"


def _problems(found: Figure, counted: Figure | None, source: Stored) -> int:
    if found.judge is not None:
        return found.n
    return counted.n if counted else source.problems


def _figure(known: Figures, ours: Ours, called: str) -> Figure | None:
    """Return the figure of a comparison; at a sweep's points it is that of the arm's own point."""
    wanted = quantity(called)
    name = wanted.figure or called
    if wanted.of_all:
        return next(iter(known.of(name)), None)
    arm = ours.arm or _arm_at(known, ours)
    if arm is None:
        return None
    if wanted.alone:
        return known.find(name, arm)
    beside = [one for one in known.of(name, (arm,)) if one.against and not one.swept()]
    exact = (one for one in beside if one.against == ours.against)
    points = (one for one in beside if str(one.against).partition("@")[0] == ours.against)
    return next(exact, next(points, None))


def _arm_at(known: Figures, ours: Ours) -> str | None:
    """Return the fastest fuzzy arm near an accuracy difference, or the nearest one."""
    wanted = ours.at_difference
    assert wanted is not None
    # An arm of another temperature has another reference, and its figures are none beside this one.
    fuzzy = known.of(names.ACCURACY_GAP, known.marked("fuzzy"))
    rows = {one.arm: one for one in reversed(fuzzy) if one.against == ours.against}

    def off(arm: str) -> float:
        return abs(rows[arm].span.estimate - wanted)

    def speed(arm: str) -> float:
        found = known.find(names.TOKEN_RATE, arm, ours.against)
        return found.span.estimate if found else 0.0

    order = [arm for arm in known.marked("fuzzy") if arm in rows]
    close = [arm for arm in order if off(arm) <= CLOSE]
    return max(close, key=speed) if close else min(order, key=off, default=None)


def _gain(known: Figures, found: Figure, ours: Ours) -> Span | None:
    """Return the gain in tokens/s: the paired ratio less one, of the reference's speed."""
    base = known.find(names.TOKEN_RATE, ours.against)
    if ours.quantity != "tokens/s" or base is None:
        return None
    ratio, speed = found.span, base.span.estimate
    ends = (None if end is None else (end - 1) * speed for end in (ratio.low, ratio.high))
    return Span(
        estimate=(ratio.estimate - 1) * speed,
        **dict(zip(("low", "high"), ends, strict=True)),
        level=ratio.level,
    )
