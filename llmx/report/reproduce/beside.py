"""Which of our figures stands beside a published one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from llmx.core.record import Frozen
from llmx.report.paper import Ours
from llmx.report.quantity import quantity
from llmx.report.reproduce.stored import Stored
from llmx.report.results import Results, Row, Span
from llmx.report.verdict.optimum import BEST
from llmx.report.won import Judge

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
    judge: Judge | None = Field(default=None, description="who gave it, of win rates")
    unkept: str = Field(default="", description="day of a run whose outcomes were not kept")


def beside(ours: Ours, stored: Mapping[str, Stored]) -> Beside | None:
    """Return our figure; None where no run of the recipe is stored, or it lacks the arm."""
    source = stored.get(ours.recipe)
    if source is None:
        return None
    wanted = quantity(ours.quantity)
    found = _best(source) if wanted.of_all else _named(source, ours)
    if found is None:
        return _judged(ours, source)
    arm, span = found
    row = source.results.row(arm)
    return Beside(
        recipe=ours.recipe,
        run=source.card.run,
        scale=source.card.scale,
        quantity=ours.quantity,
        arm=arm,
        against=None if wanted.alone or wanted.of_all else ours.against,
        span=span,
        unit=wanted.unit,
        problems=row.problems if row else source.problems,
        seeds=row.seeds if row else 1,
        absolute=_gain(source.results, arm, ours),
        accuracy=row.difference.score if row and row.difference else None,
        unkept=source.card.date if source.unkept else "",
    )


def _judged(ours: Ours, source: Stored) -> Beside | None:
    """Return what a judge gave the arm; a plain rate stands in where lengths are not controlled."""
    arm = ours.arm or ""
    row, found = source.wins.row(arm), source.wins.figure(arm, ours.quantity)
    if row is None or found is None:
        return None
    return Beside(
        recipe=ours.recipe,
        run=source.card.run,
        scale=source.card.scale,
        quantity=found[0],
        arm=arm,
        against=None,
        span=found[1],
        unit="percent",
        problems=row.problems,
        seeds=1,
        judge=source.wins.judge(arm),
    )


def _best(source: Stored) -> tuple[str, Span] | None:
    """Return the most accurate arm and the range of those that could be, from the verdicts."""
    numbers = (number for verdict in source.verdicts for number in verdict.numbers)
    return next(((one.arm, one.span) for one in numbers if one.what == BEST), None)


def _named(source: Stored, ours: Ours) -> tuple[str, Span] | None:
    arm = ours.arm or _arm_at(source.results, ours)
    span = None if arm is None else _span(source, ours, arm)
    return None if arm is None or span is None else (arm, span)


def _arm_at(results: Results, ours: Ours) -> str | None:
    """Return the fastest fuzzy arm near an accuracy difference, or the nearest one."""
    wanted = ours.at_difference
    assert wanted is not None
    # An arm of another temperature has another reference, and its figures are none beside this one.
    own = [row for row in results.rows if (row.reference or results.reference) == ours.against]
    rows = [row for row in own if row.algorithm == "fuzzy" and row.difference is not None]

    def off(row: Row) -> float:
        assert row.difference is not None
        return abs(row.difference.score.estimate - wanted)

    close = [row for row in rows if off(row) <= CLOSE]
    if close:
        return max(close, key=_speed).arm
    return min(rows, key=off).arm if rows else None


def _speed(row: Row) -> float:
    return row.speedup_reference.estimate if row.speedup_reference else 0.0


def _span(source: Stored, ours: Ours, arm: str) -> Span | None:
    """Return the comparison from the table of the run, or else from its verdicts."""
    row = source.results.row(arm)
    if row is None and (streamed := source.streams.figure(arm, ours.quantity)) is not None:
        return streamed
    if ours.quantity == "own accuracy":
        return row.accuracy if row else None
    if row is not None and ours.against == source.results.reference:
        table = {
            "tokens/s": row.speedup_reference,
            "problems/s": row.speedup_reference_problems,
            "accuracy": row.difference.score if row.difference else None,
        }
        if table.get(ours.quantity) is not None:
            return table[ours.quantity]
    wanted = quantity(ours.quantity)
    return _from_verdicts(source, (wanted.figure, arm, None if wanted.alone else ours.against))


def _from_verdicts(source: Stored, wanted: Sequence[str | None]) -> Span | None:
    for verdict in source.verdicts:
        for number in verdict.numbers:
            if (number.what, number.arm, number.against) == tuple(wanted):
                return number.span
    return None


def _gain(results: Results, arm: str, ours: Ours) -> Span | None:
    """Return the gain in tokens/s: the paired ratio less one, of the reference's speed."""
    row, base = results.row(arm), results.row(ours.against)
    if ours.quantity != "tokens/s" or not row or not base or ours.against != results.reference:
        return None
    ratio, speed = row.speedup_reference, base.tokens_per_second
    if ratio is None or speed is None:
        return None
    ends = (None if end is None else (end - 1) * speed.estimate for end in (ratio.low, ratio.high))
    return Span(
        estimate=(ratio.estimate - 1) * speed.estimate,
        **dict(zip(("low", "high"), ends, strict=True)),
        level=ratio.level,
    )
