"""The table of figures that no other table of a report shows: those of a plugin's stages."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Figure, Figures, Span
from llmx.report.metric_words import places
from llmx.report.numbers import NONE, number, number_span, p_value, percent_span, points_span
from llmx.report.training.tables import TrainingTable

TITLE = "Other figures"
MOST = 200
"""Rows that are shown: a stage may write thousands of points of a sweep."""


def other_table(figures: Figures) -> TrainingTable | None:
    """Return the table, points of sweeps last; None where there is no such figure."""
    found = sorted(dict.fromkeys(figures.figures), key=Figure.swept)
    if not found:
        return None
    rows = tuple((one.arm, one.quantity, *_cells(one)) for one in found[:MOST])
    kept = [at for at in range(len(_HEAD)) if at < _NAMES or any(row[at] != NONE for row in rows)]
    shown = tuple(tuple(row[at] for at in kept) for row in rows)
    return TrainingTable(TITLE, _note(found), tuple(_HEAD[at] for at in kept), shown)


_HEAD = ("Arm", "Figure", "Value (interval)", "Beside", "At", "p", "Problems", "Seeds")
_NAMES = 3


def _cells(one: Figure) -> tuple[str, ...]:
    at = NONE if one.at is None else f"{one.setting} = {one.at:g}"
    return (
        said(one.span, one.unit),
        one.against or NONE,
        at if one.swept() else NONE,
        p_value(one.p),
        number(one.n, 0) if one.n else NONE,
        number(one.seeds, 0) if one.seeds else NONE,
    )


def said(span: Span, unit: str) -> str:
    """Return a figure with its unit, and the level of an interval that is not of 95 %."""
    ways = {"share": (percent_span, "%"), "points": (points_span, "points")}
    if unit in ways:
        way, shown = ways[unit]
        text = f"{way(span)} {shown}"
    else:
        named = "×" if unit == "times" else unit
        text = f"{number_span(span, _digits(span))} {named}".rstrip()
    # 95 % is what all tables have; a range that covers all is no interval of a level.
    usual = span.low is None or span.level in (0.95, 1.0)
    return text if usual else f"{text}, {100 * span.level:g} %"


def _digits(span: Span) -> int:
    """Return digits behind the point: none where all are whole numbers, as counts are."""
    whole = all(value == round(value) for value in (span.estimate, *span.ends()))
    return 0 if whole else places(span)


def _note(found: Sequence[Figure]) -> str:
    more = len(found) - MOST
    left = f" {more} more are in the files `figures.json` of the run." if more > 0 else ""
    return f"Written by stages that have no table of their own.{left}"
