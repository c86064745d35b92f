"""The tables of a report on trainings, the same in Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from llmx.core.figure import Figure, Figures, Span
from llmx.report.figures import names
from llmx.report.figures.trainings import AFTER, BEFORE, MEASURED
from llmx.report.numbers import (
    NONE,
    number,
    number_span,
    percent,
    percent_span,
    points_span,
    signed_span,
)
from llmx.report.training.model import TrainingReport
from llmx.report.training.trained_on import HEAD, NOTE, cells

Cell = Callable[[Mapping[str, Figure]], str]
"""Quantity → figure, of one arm, to what a cell says."""

Columns = tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class TrainingTable:
    """A table with the names of its columns; the first column names the arm."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(figures: Figures, report: TrainingReport) -> list[TrainingTable]:
    """Return the tables that have something to show.

    Args:
        report: how the figures were taken, and what was trained on.
    """
    known = by_arm(figures)
    made = [
        _table("Accuracy", _ACCURACY_NOTE, known, _ACCURACY),
        _table("Backtracks", _TRACE_NOTE, known, _TRACES),
        _table("Form and length", _OUTPUT_NOTE, known, _OUTPUTS),
        _table("What the groups teach", _GROUP_NOTE, known, _GROUPS),
        _steady(known, report),
        _trained_on(report),
    ]
    return [table for table in made if table.rows]


ByName = dict[str, dict[str, Figure]]
"""Arm → quantity → its figure."""


def by_arm(figures: Figures) -> ByName:
    """Return the figures of trainings; each arm has one of a quantity, alone or beside another.

    Those of several arms, and of one that is part of an arm, have names of their own.
    """
    found: ByName = {}
    for one in figures.figures:
        if one.quantity in MEASURED and not one.swept():
            found.setdefault(one.arm, {}).setdefault(one.quantity, one)
    return found


def _of(quantity: str, show: Callable[[Span | None], str]) -> Cell:
    def cell(arm: Mapping[str, Figure]) -> str:
        found = arm.get(quantity)
        return show(None if found is None else found.span)

    return cell


def _both(quantity: str, show: Callable[[Span | None], str]) -> tuple[Cell, Cell]:
    return _of(f"{quantity} {BEFORE}", show), _of(f"{quantity} {AFTER}", show)


def _problems(arm: Mapping[str, Figure]) -> str:
    found = arm.get(f"{names.ACCURACY} {AFTER}")
    return NONE if found is None else str(found.n)


def _seeds(arm: Mapping[str, Figure]) -> str:
    return str(max(one.seeds for one in arm.values()))


def _share(span: Span | None) -> str:
    return percent(None if span is None else span.estimate)


def _counted(span: Span | None) -> str:
    return number_span(span, 2)


_ACCURATE = _both(names.ACCURACY, percent_span)
_ACCURACY: Columns = (
    ("seeds", _seeds),
    ("problems", _problems),
    ("before RL, %", _ACCURATE[0]),
    ("after RL, %", _ACCURATE[1]),
    ("gain, points", _of(names.GAIN, points_span)),
    ("after, − reference, points", _of(f"{names.ACCURACY_GAP} {AFTER}", points_span)),
    ("before, − reference, points", _of(f"{names.ACCURACY_GAP} {BEFORE}", points_span)),
)
_ACCURACY_NOTE = (
    "95 % intervals. Gains and differences are paired by problem; with several seeds by seed too,"
    " and their noise is counted. One seed says nothing of other seeds: its row is indicative."
)

_RETURNS, _WHOLE = _both(names.RETURNS, _counted), _both(names.WHOLE, percent_span)
_TRACES: Columns = (
    ("backtracks before", _RETURNS[0]),
    ("backtracks after", _RETURNS[1]),
    ("more backtracks", _of(names.MORE_RETURNS, signed_span)),
    ("whole traces before, %", _WHOLE[0]),
    ("whole traces after, %", _WHOLE[1]),
)
_TRACE_NOTE = (
    "In the outputs for the test problems, before and after reinforcement learning. A backtrack is"
    " a line that goes back to an earlier step; a whole trace is one whose every step was replayed"
    " and holds, to the right answer."
)

_FORM, _CUT = _both(names.FORM, percent_span), _both(names.CUT, percent_span)
_LENGTH = _both(names.LENGTH, number_span)
_OUTPUTS: Columns = (
    ("form kept before, %", _FORM[0]),
    ("form kept after, %", _FORM[1]),
    ("cut before, %", _CUT[0]),
    ("cut after, %", _CUT[1]),
    ("tokens before", _LENGTH[0]),
    ("tokens after", _LENGTH[1]),
)
_OUTPUT_NOTE = (
    "Of the same outputs. Form is what the scorer reads an answer from (of puzzles: a think block"
    " and, behind it, an answer block); cut is what ended at the cap of tokens."
)

_GROUPS: Columns = (
    ("only the form, %", _of(names.FORM_ONLY, _share)),
    ("nothing, %", _of(names.SILENT, _share)),
)
_GROUP_NOTE = (
    "Shares of all groups of rollouts. A group teaches only the form where its rewards differ and"
    " no answer in it is right, and nothing where they are all equal."
)


def _table(title: str, note: str, known: ByName, columns: Columns) -> TrainingTable:
    """Return the table without arms of which it would say nothing."""
    head = ("arm", *(name for name, _ in columns))
    rows = [(arm, *(cell(own) for _, cell in columns)) for arm, own in known.items()]
    counts = sum(name in ("seeds", "problems") for name in head)
    return TrainingTable(
        title, note, head, tuple(row for row in rows if {*row[1 + counts :]} != {NONE})
    )


def _steady(known: ByName, report: TrainingReport) -> TrainingTable:
    note = (
        f"Of the mean reward of a step. First, last and best: a moving average over {report.window}"
        " points of the curve; jitter: variance of the differences between neighbouring points, as"
        f" they are; collapsed: the last is below {percent(report.collapse, 0)} % of the best."
    )
    head = ("training", "steps", "first", "best", "last", "last − best", "jitter", "collapsed")
    rows = tuple(_seed(name, own) for name, own in known.items() if names.COLLAPSED in own)
    return TrainingTable("Stability", note, head, rows)


def _trained_on(report: TrainingReport) -> TrainingTable:
    rows = tuple((arm.arm, *cells(one)) for arm in report.arms for one in arm.trained_on)
    return TrainingTable("What was trained on", NOTE, HEAD, rows)


def _seed(name: str, own: Mapping[str, Figure]) -> tuple[str, ...]:
    values = {quantity: one.span.estimate for quantity, one in own.items()}
    of = (names.FIRST_REWARD, names.BEST_REWARD, names.LAST_REWARD, names.DROP)
    shown = tuple(number(values[quantity], 3) for quantity in of)
    jitter = f"{values[names.JITTER]:.2g}" if names.JITTER in values else NONE
    fallen = "yes" if values[names.COLLAPSED] else "no"
    return (name, number(values[names.STEPS], 0), *shown, jitter, fallen)
