"""The page of a run of inference-time scaling, in Markdown and as one HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from llmx.papers.inference_scaling.shown_problem import ShownProblem
from llmx.report.base import render
from llmx.report.training.page import table as named_table
from llmx.report.training.tables import TrainingTable


@dataclass(frozen=True)
class ScalingPage:
    """What both forms of the page show.

    Attributes:
        cautions: what stands above all else.
        pictures: caption → SVG document.
    """

    title: str
    said: Sequence[str]
    tables: Sequence[TrainingTable]
    cautions: Sequence[str] = ()
    pictures: Mapping[str, str] = field(default_factory=dict)
    problem: ShownProblem | None = None


def markdown(page: ScalingPage) -> str:
    """Return the page; the same page gives the same bytes."""
    parts = [
        f"# {page.title}",
        "\n".join(f"- {text}" for text in (*page.cautions, *page.said)),
        *(f"## {one.title}\n\n{named_table(one)}\n\n{one.note}" for one in page.tables),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def html(page: ScalingPage) -> str:
    """Return one file with everything in it."""
    return render(
        "draws",
        title=page.title,
        said=page.said,
        cautions=page.cautions,
        tables=page.tables,
        pictures={name: Markup(svg) for name, svg in page.pictures.items()},
        problem=page.problem,
    )
