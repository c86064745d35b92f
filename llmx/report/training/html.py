"""A report on trainings as one HTML file that fetches nothing, and the page of rollouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from llmx.report.base import render
from llmx.report.numbers import number
from llmx.report.training.model import Shown, TrainingReport
from llmx.report.training.pictures import band_note, pictures
from llmx.report.training.series import QUANTITIES
from llmx.report.training.tables import tables
from llmx.report.training.words import sentences


def html(report: TrainingReport, rollouts: Mapping[str, Sequence[Shown]]) -> str:
    """Return the page with curves, tables and rollouts; what models wrote is escaped."""
    drawn = pictures(report)
    return render(
        "training",
        report=report,
        sentences=sentences(report),
        tables=tables(report),
        note=band_note(report),
        pictures=[(QUANTITIES[name][0], Markup(svg)) for name, svg in drawn.items()],
        rollouts=rollouts,
        number=number,
    )
