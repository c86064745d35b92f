"""A report on trainings as one HTML file that fetches nothing, and the page of rollouts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from llmx.core.record import as_json
from llmx.report.base import render
from llmx.report.figures.trainings import of_trainings
from llmx.report.numbers import number
from llmx.report.training.model import ShownRollout, TrainingReport
from llmx.report.training.pictures import band_note, pictures
from llmx.report.training.series import QUANTITIES
from llmx.report.training.tables import TrainingTable, tables
from llmx.report.training.words import sentences


def html(report: TrainingReport, rollouts: Mapping[str, Sequence[ShownRollout]]) -> str:
    """Return the page with curves, tables and rollouts; what models wrote is escaped."""
    drawn, figures = pictures(report), of_trainings(as_json(report))
    return render(
        "training",
        report=report,
        sentences=sentences(figures, report.unavailable),
        tables=tables(figures, report),
        note=band_note(report),
        pictures=[(QUANTITIES[name][0], Markup(svg)) for name, svg in drawn.items()],
        rollouts=rollouts,
        number=number,
    )


def markdown(report: TrainingReport) -> str:
    """Return the report; the same report gives the same bytes."""
    figures = of_trainings(as_json(report))
    said = sentences(figures, report.unavailable)
    parts = [
        f"# {report.title}",
        "\n".join(f"- {text}" for text in said),
        *(f"## {one.title}\n\n{table(one)}\n\n{one.note}" for one in tables(figures, report)),
        *_curves(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _curves(report: TrainingReport) -> Iterable[str]:
    if report.curves:
        yield f"## Curves\n\n{band_note(report)}"
    for name in report.curves:
        yield f"![{QUANTITIES[name][0]}]({name}.svg)"


def table(given: TrainingTable) -> str:
    """Return one table."""
    rule = ["---", *("---:" for _ in given.head[1:])]
    body = [(f"`{row[0]}`", *row[1:]) for row in given.rows]
    return "\n".join(_line(cells) for cells in [given.head, rule, *body])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
