"""A metric against a swept key: a table, a picture, and what the best point is worth.

Points of a sweep are arms: ``sd@gamma=3`` is `sd` at `gamma` 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure, Figures
from llmx.core.names import family
from llmx.report.axes import drawn_span
from llmx.report.brought import BroughtPicture
from llmx.report.curves import Line, curves
from llmx.report.families import looks
from llmx.report.figures import names
from llmx.report.figures.by_arm import ByArm, span_of
from llmx.report.numbers import percent_span, points_span
from llmx.report.results import Finding
from llmx.report.rows import RowOf, rows
from llmx.report.training.tables import TrainingTable

_WIDTH = 560


@dataclass(frozen=True)
class Sweep:
    """One swept key.

    Attributes:
        curves: arm without the key → (value of the key, the arm's accuracy), in the arms' order.
    """

    key: str
    curves: Mapping[str, tuple[tuple[str, Figure], ...]]

    @property
    def numeric(self) -> bool:
        """Whether every value is a number, so that it has a place on an axis."""
        return all(_number(value) is not None for own in self.curves.values() for value, _ in own)


def swept(name: str) -> dict[str, str]:
    """Return key → value of an arm at a point of a sweep; seeds are no sweep."""
    parts = (part.partition("=") for part in family(name).split("@")[1:])
    return {key: value for key, _, value in parts}


def sweeps(figures: Figures) -> list[Sweep]:
    """Return the keys of which an arm has several values, with its accuracy at each."""
    found: dict[str, dict[str, dict[str, Figure]]] = {}
    for one in _accuracies(figures):
        for key, value in swept(one.arm).items():
            rest = one.arm.replace(f"@{key}={value}", "", 1)
            found.setdefault(key, {}).setdefault(rest, {})[value] = one
    made = (Sweep(key, _several(of)) for key, of in found.items())
    return [sweep for sweep in made if sweep.curves]


def _several(
    found: Mapping[str, Mapping[str, Figure]],
) -> dict[str, tuple[tuple[str, Figure], ...]]:
    return {rest: _ordered(own) for rest, own in found.items() if len(own) > 1}


def _ordered(own: Mapping[str, Figure]) -> tuple[tuple[str, Figure], ...]:
    """Return the points by their values where all are numbers, else as they came."""
    numbers = {value: _number(value) for value in own}
    if None in numbers.values():
        return tuple(own.items())
    return tuple(sorted(own.items(), key=lambda point: numbers[point[0]] or 0.0))


def _accuracies(figures: Figures) -> list[Figure]:
    return [one for one in figures.of(names.ACCURACY) if one.against is None and not one.swept()]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def best_points(figures: Figures) -> Iterator[Finding]:
    """Say of each swept arm which point is the most accurate, and of how many it was picked.

    The greatest of several estimates is too great on average: its interval does not know that it
    was picked.
    """
    points: dict[str, list[Figure]] = {}
    for one in _accuracies(figures):
        if swept(one.arm):
            points.setdefault(one.arm.partition("@")[0], []).append(one)
    for name, own in points.items():
        best = max(own, key=lambda one: one.span.estimate)
        if len(own) > 1:
            yield Finding(kind="sweep", text=_said(name, best, own))


def _said(name: str, best: Figure, own: Sequence[Figure]) -> str:
    ties = sum(one.span.estimate == best.span.estimate for one in own) - 1
    alike = f", as {ties} more" if ties else ""
    return (
        f"Best of {len(own)} points of `{name}`: `{best.arm}` with an accuracy of"
        f" {percent_span(best.span)} %{alike}. It was picked on the same problems, so its figure is"
        " optimistic: measure it on others."
    )


def sweep_tables(figures: Figures) -> list[TrainingTable]:
    """Return a table a swept key: a row an arm and value."""
    known = ByArm(figures)
    return [_table(sweep, known) for sweep in sweeps(figures)]


def _table(sweep: Sweep, known: ByArm) -> TrainingTable:
    beside = any(
        known.beside(names.ACCURACY_GAP, one.arm) for own in sweep.curves.values() for _, one in own
    )
    head = (
        "Arm",
        sweep.key,
        "Accuracy, %",
        *(("− reference, points",) if beside else ()),
        "Problems",
    )
    lines = tuple(
        (rest, value, percent_span(one.span), *_gap(known, one, beside), str(one.n))
        for rest, own in sweep.curves.items()
        for value, one in own
    )
    return TrainingTable(f"Accuracy against {sweep.key}", _NOTE, head, lines)


_NOTE = "A row a point of the sweep; 95 % intervals, which do not know that a point was picked."


def _gap(known: ByArm, one: Figure, beside: bool) -> tuple[str, ...]:
    gap = known.beside(names.ACCURACY_GAP, one.arm)
    return (points_span(span_of(gap)),) if beside else ()


def sweep_pictures(figures: Figures) -> tuple[BroughtPicture, ...]:
    """Return a picture a swept key: curves over numbers, lines with intervals of anything else."""
    return tuple(
        BroughtPicture(f"sweep-{_file(sweep.key)}", f"Accuracy against {sweep.key}", _drawn(sweep))
        for sweep in sweeps(figures)
    )


def _file(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", key)


def _drawn(sweep: Sweep) -> str:
    title = f"Accuracy against {sweep.key}"
    if sweep.numeric:
        drawn = [_line(rest, own) for rest, own in sweep.curves.items()]
        return curves(drawn, sweep.key, "accuracy, %", title, x_roof=None, y_roof=100)
    shown = [one for own in sweep.curves.values() for _, one in own]
    look = looks([one.arm for one in shown])
    lanes = [RowOf(one.arm, look[one.arm], drawn_span(one)) for one in shown]
    return rows(lanes, "accuracy, %", title, _WIDTH, floor_at=0, roof_at=100)


def _line(name: str, own: Sequence[tuple[str, Figure]]) -> Line:
    spans = [drawn_span(one) for _, one in own]
    ends = [span.ends() for span in spans]
    banded = all(span.low is not None for span in spans)
    return Line(
        name,
        [float(value) for value, _ in own],
        [span.estimate for span in spans],
        low=[low for low, *_ in ends] if banded else (),
        high=[high for *_, high in ends] if banded else (),
    )
