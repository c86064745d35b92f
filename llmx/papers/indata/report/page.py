"""The page of data analysis, in Markdown and as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from llmx.core.figure import Figure, Figures
from llmx.papers.indata.items.item import LEVELS
from llmx.papers.indata.report.figures import (
    BY_LEVEL,
    CALLED,
    CALLS,
    CAUSE,
    ENDED,
    STRAY,
    TOOLS,
)
from llmx.papers.indata.report.pictures import (
    arms_of,
    by_level,
    by_shape,
    causes,
    tokens_and_accuracy,
)
from llmx.report.base import render
from llmx.report.numbers import percent_span
from llmx.report.training.page import table as named_table
from llmx.report.training.tables import TrainingTable

CAUTION = "Questions, tables and tools are ours: nothing here compares with published figures."


def pictures(figures: Figures) -> dict[str, str]:
    """Return file → SVG, of those that have something to show."""
    drawn = {"by-level": by_level(figures), "causes": causes(figures)}
    drawn |= {f"by-{key}": by_shape(figures, key) for key in ("steps", "depth", "branches")}
    return {name: svg for name, svg in drawn.items() if svg}


CAPTIONS: Mapping[str, str] = {
    "by-level": "Accuracy by level, with 95 % intervals",
    "by-steps": "Accuracy by calls of the gold program",
    "by-depth": "Accuracy by the longest path of the gold program",
    "by-branches": "Accuracy by results that flow together",
    "causes": "Causes of wrong answers by level, in % of problems, by comparing programs",
}


def tables(figures: Figures) -> list[TrainingTable]:
    """Return the tables that have something to show."""
    found = [
        _by_level(figures, "Accuracy", "Right answers in %, with 95 % intervals.", BY_LEVEL, ""),
        TrainingTable(
            "Accuracy and tokens", "Tokens of all replies, a mean over answers; accuracy by level.",
            ("arm", "tokens", "accuracy (%)"), tuple(tokens_and_accuracy(figures)),
        ),
        _named(figures, "Endings", "How episodes ended, in % of them.", ENDED),
        _by_level(
            figures, "Tools", "Episodes that called every tool of the gold program, in %.",
            f"{CALLED}{TOOLS}, ", "",
        ),
        _by_level(
            figures, "Calls", "Episodes that made every call of the gold program, in %. Beside the"
            " table before it says what is lost on arguments.", f"{CALLED}{CALLS}, ", "",
        ),
        _named(
            figures, "Provenance", "Right answers whose submitted result does not come from the"
            " tables of the gold program, or is a literal, in % of right answers.",
            f"{CALLED}{STRAY}",
        ),
        _causes(figures),
    ]  # fmt: skip
    return [one for one in found if one.rows]


def _by_level(figures: Figures, title: str, note: str, start: str, end: str) -> TrainingTable:
    rows = []
    for arm in arms_of(figures):
        cells = [figures.find(f"{start}{level}{end}", arm) for level in LEVELS]
        if any(cells):
            rows.append((arm, *(percent_span(one.span) if one else "–" for one in cells)))
    return TrainingTable(title, note, ("arm", *LEVELS), tuple(rows))


def _of(figures: Figures, start: str) -> list[Figure]:
    return [one for one in figures.figures if one.quantity.startswith(start)]


def _named(figures: Figures, title: str, note: str, start: str) -> TrainingTable:
    rows = tuple(
        (
            one.arm,
            one.quantity.partition(": ")[2].replace("_", " "),
            percent_span(one.span),
            str(one.n),
        )
        for one in _of(figures, start)
    )
    return TrainingTable(title, note, ("arm", "what", "% (interval)", "of"), rows)


def _causes(figures: Figures) -> TrainingTable:
    note = "Why answers are wrong, in % of a level's problems: the first call where programs part."
    return _named(figures, "Causes", note, CAUSE)


def sentences(figures: Figures) -> Iterator[str]:
    """Yield what a reader wants first."""
    for arm in arms_of(figures):
        known = [(level, figures.find(f"{BY_LEVEL}{level}", arm)) for level in LEVELS]
        said = ", ".join(f"{level} {percent_span(one.span)} %" for level, one in known if one)
        if said:
            yield f"`{arm}` is right on {said}."


def markdown(title: str, figures: Figures, lost: Sequence[str] = ()) -> str:
    """Return the page; the same figures give the same bytes."""
    said = [CAUTION, *lost, *sentences(figures)]
    parts = [f"# {title}", "\n".join(f"- {text}" for text in said)]
    parts += [f"## {one.title}\n\n{named_table(one)}\n\n{one.note}" for one in tables(figures)]
    return "\n\n".join(parts) + "\n"


def html(title: str, figures: Figures, lost: Sequence[str] = ()) -> str:
    """Return one file with everything in it."""
    drawn = {CAPTIONS[name]: Markup(svg) for name, svg in pictures(figures).items()}
    return render(
        "draws", title=title, said=list(sentences(figures)), cautions=[CAUTION, *lost],
        tables=tables(figures), pictures=drawn, problem=None,
    )  # fmt: skip
