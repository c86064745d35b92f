"""The page of trainings on planned batches, in Markdown and as one HTML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from llmx.core.figure import Figure, Figures
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.points import method_of
from llmx.papers.b3.report.room import BatchRoom, room_said
from llmx.papers.b3.report.said import batch_said, count_said, ratio_said
from llmx.papers.b3.report.tables import arms_of, metric_of
from llmx.report.base import render
from llmx.report.numbers import p_value, points_span
from llmx.report.training.page import table as named_table
from llmx.report.training.tables import TrainingTable


@dataclass(frozen=True)
class RetrievalPage:
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


def markdown(page: RetrievalPage) -> str:
    """Return the page; the same page gives the same bytes."""
    parts = [
        f"# {page.title}",
        "\n".join(f"- {text}" for text in (*page.cautions, *page.said)),
        *(f"## {one.title}\n\n{named_table(one)}\n\n{one.note}" for one in page.tables),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def html(page: RetrievalPage) -> str:
    """Return one file with everything in it."""
    return render(
        "draws",
        title=page.title,
        said=page.said,
        cautions=page.cautions,
        tables=page.tables,
        pictures={name: Markup(svg) for name, svg in page.pictures.items()},
        problem=None,
    )


def sentences(figures: Figures, rooms: Sequence[BatchRoom]) -> Iterator[str]:
    """Yield what a reader wants first: the room, then each arm beside its control."""
    yield from (room_said(room) for room in rooms)
    for one in figures.of(names.difference("samples")):
        yield _beside(figures, one)


def _beside(figures: Figures, one: Figure) -> str:
    """Say how far an arm is from its control, at which batch that is as good, and for how much."""
    seen = count_said(one.expected)
    size = arms_of(figures).get(str(one.against), 0)
    lone = ", indicative" if one.lone else ""
    text = (
        f"`{one.arm}` is {points_span(one.span)} points in {metric_of(figures)} from"
        f" `{one.against}` after {seen} samples (p {p_value(one.p)}{lone})"
    )
    batch = figures.find(names.EQUAL_BATCH, one.arm, one.against)
    control = method_of(str(one.against), size)
    text += f"; it equals `{control}` with batches of {batch_said(batch)}" if batch else ""
    cost = figures.find(names.to_equal("seconds"), one.arm, one.against)
    return f"{text}; seconds to equal quality: {ratio_said(cost)} times." if cost else f"{text}."


def cautions(figures: Figures) -> Iterator[str]:
    """Yield what limits the page."""
    if any(one.lone for one in figures.of(names.LAST)):
        yield (
            "One training an arm: intervals know of the queries alone, and nothing of what another"
            " seed would give. Read every difference as indicative."
        )
    if not figures.of(names.difference("samples")):
        yield "No arm has a control with batches of its size, so nothing is compared."


def to_read(pairs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[TrainingTable]:
    """Return pairs that share a batch, to be read.

    Args:
        pairs: arm → lines of the ``pairs.jsonl`` of its plan.
    """
    return [
        TrainingTable(
            f"Ten to read: {arm}",
            "Rows that share a batch, drawn at random: of the first ranks where there are such,"
            " else of the band. A false negative is a text met that answers the query too.",
            ("query", "rank", "known to be", "its own target", "the target that it meets"),
            tuple(_pair(line) for line in lines),
        )
        for arm, lines in pairs.items()
        if lines
    ]


def _pair(line: Mapping[str, Any]) -> tuple[str, ...]:
    texts = (_short(line[name]) for name in ("query", "target", "meets"))
    query, own, met = texts
    return (query, str(int(line["rank"]) + 1), str(line["truth"]), own, met)


_LETTERS = 200


def _short(text: str) -> str:
    whole = " ".join(str(text).replace("`", "'").split())
    return whole if len(whole) <= _LETTERS else f"{whole[:_LETTERS]} …"
