"""The tables of a report on trainings, the same in Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmx.core.figure import Span
from llmx.report.numbers import (
    NONE,
    number,
    number_span,
    percent,
    percent_span,
    points_span,
    signed_span,
)
from llmx.report.training.model import Learned, Outputs, Seed, TrainingReport
from llmx.report.training.trained_on import HEAD, NOTE, cells

Cell = Callable[[Learned], str]
Columns = tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class TrainingTable:
    """A table with the names of its columns; the first column names the arm."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(report: TrainingReport) -> list[TrainingTable]:
    """Return the tables that have something to show."""
    made = [
        _table("Accuracy", _ACCURACY_NOTE, report, _ACCURACY),
        _table("Backtracks", _TRACE_NOTE, report, _TRACES),
        _table("Form and length", _OUTPUT_NOTE, report, _OUTPUTS),
        _table("What the groups teach", _GROUP_NOTE, report, _GROUPS),
        _steady(report),
        _trained_on(report),
    ]
    return [table for table in made if table.rows]


def _of(which: str, field: str, show: Callable[[Span | None], str]) -> Cell:
    def cell(arm: Learned) -> str:
        found: Outputs | None = getattr(arm, which)
        return show(None if found is None else getattr(found, field))

    return cell


def _counted(span: Span | None) -> str:
    return number_span(span, 2)


_ACCURACY: Columns = (
    ("seeds", lambda arm: str(arm.seeds)),
    ("problems", lambda arm: str(arm.after.problems if arm.after else NONE)),
    ("before RL, %", _of("before", "accuracy", percent_span)),
    ("after RL, %", _of("after", "accuracy", percent_span)),
    ("gain, points", lambda arm: points_span(arm.gain)),
    ("after, − reference, points", lambda arm: points_span(arm.versus)),
    ("before, − reference, points", lambda arm: points_span(arm.versus_before)),
)
_ACCURACY_NOTE = (
    "95 % intervals. Gains and differences are paired by problem; with several seeds by seed too,"
    " and their noise is counted. One seed says nothing of other seeds: its row is indicative."
)

_TRACES: Columns = (
    ("backtracks before", _of("before", "backtracks", _counted)),
    ("backtracks after", _of("after", "backtracks", _counted)),
    ("more backtracks", lambda arm: signed_span(arm.more_backtracks)),
    ("whole traces before, %", _of("before", "whole", percent_span)),
    ("whole traces after, %", _of("after", "whole", percent_span)),
)
_TRACE_NOTE = (
    "In the outputs for the test problems, before and after reinforcement learning. A backtrack is"
    " a line that goes back to an earlier step; a whole trace is one whose every step was replayed"
    " and holds, to the right answer."
)

_OUTPUTS: Columns = (
    ("form kept before, %", _of("before", "form", percent_span)),
    ("form kept after, %", _of("after", "form", percent_span)),
    ("cut before, %", _of("before", "cut", percent_span)),
    ("cut after, %", _of("after", "cut", percent_span)),
    ("tokens before", _of("before", "tokens", number_span)),
    ("tokens after", _of("after", "tokens", number_span)),
)
_OUTPUT_NOTE = (
    "Of the same outputs. Form is what the scorer reads an answer from (of puzzles: a think block"
    " and, behind it, an answer block); cut is what ended at the cap of tokens."
)

_GROUPS: Columns = (
    ("only the form, %", lambda arm: percent(arm.form_only)),
    ("nothing, %", lambda arm: percent(arm.silent)),
)
_GROUP_NOTE = (
    "Shares of all groups of rollouts. A group teaches only the form where its rewards differ and"
    " no answer in it is right, and nothing where they are all equal."
)


def _table(title: str, note: str, report: TrainingReport, columns: Columns) -> TrainingTable:
    """Return the table without arms of which it would say nothing."""
    head = ("arm", *(name for name, _ in columns))
    rows = [(arm.arm, *(cell(arm) for _, cell in columns)) for arm in report.arms]
    counts = sum(name in ("seeds", "problems") for name in head)
    return TrainingTable(
        title, note, head, tuple(row for row in rows if {*row[1 + counts :]} != {NONE})
    )


def _steady(report: TrainingReport) -> TrainingTable:
    note = (
        f"Of the mean reward of a step. First, last and best: a moving average over {report.window}"
        " points of the curve; jitter: variance of the differences between neighbouring points, as"
        f" they are; collapsed: the last is below {percent(report.collapse, 0)} % of the best."
    )
    head = ("training", "steps", "first", "best", "last", "last − best", "jitter", "collapsed")
    rows = tuple(_seed(one) for arm in report.arms for one in arm.steady)
    return TrainingTable("Stability", note, head, rows)


def _trained_on(report: TrainingReport) -> TrainingTable:
    rows = tuple((arm.arm, *cells(one)) for arm in report.arms for one in arm.trained_on)
    return TrainingTable("What was trained on", NOTE, HEAD, rows)


def _seed(one: Seed) -> tuple[str, ...]:
    numbers: Sequence[float] = (one.first, one.best, one.last, one.drop)
    jitter = NONE if one.jitter is None else f"{one.jitter:.2g}"
    shown = tuple(number(value, 3) for value in numbers)
    return (one.name, str(one.steps), *shown, jitter, "yes" if one.collapsed else "no")
