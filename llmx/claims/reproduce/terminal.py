"""The page of a paper on a terminal of any width."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from llmx.claims.reproduce.page import Page, Tested
from llmx.claims.reproduce.summary import differently, summary
from llmx.claims.reproduce.table import Cell, FigureTable, figure_tables, unread
from llmx.claims.reproduce.words import (
    deviations,
    said_estimate,
    said_grade,
    said_missing,
    said_source,
    said_stands,
)
from llmx.report.training.tables import TrainingTable
from llmx.report.verdict.markdown import basis

_STYLES = {
    **dict.fromkeys(("reproduced", "shown here", "same direction"), "bold green"),
    **dict.fromkeys(("not reproduced", "contradicted here", "other direction"), "bold red"),
    **dict.fromkeys(("exploratory", "indicative", "not testable here", "withheld"), "bold yellow"),
}


Tables = Mapping[str, Sequence[TrainingTable]]
"""Recipe -> its tables on trainings or predictions."""


def render(page: Page, tables: Tables | None = None) -> RenderableType:
    """Return the page without its pictures; the HTML and Markdown pages hold them."""
    return Group(*_parts(page, tables or {}))


def _parts(page: Page, tables: Tables) -> Iterator[RenderableType]:
    yield Text(page.title, style="bold")
    yield Text(page.reference, style="dim")
    if said := summary(page):
        yield Padding(Text(said, style="bold"), (1, 0, 0, 0))
    yield _head("Findings")
    for tested in page.findings:
        yield from _finding(tested, page)
    yield from _figures(page)
    yield from _lines("What was run here", [said_source(source) for source in page.sources])
    yield from chain.from_iterable(_tables(*one) for one in tables.items())
    yield _head("Measured by others (not by the paper)")
    for anchor in page.anchors:
        yield _word(anchor.word, f"{anchor.theirs}")
        yield _under(f"{anchor.setting}; {anchor.source}", "dim")
        yield _under(anchor.reason)
    yield from _lines("How our runs differ from the paper", list(deviations(page)))
    estimates = [f"`{one.command}`  {said_estimate(one)}" for one in page.missing]
    yield from _lines("Not run here", estimates)


def _tables(recipe: str, tables: Sequence[TrainingTable]) -> Iterator[RenderableType]:
    for table in tables:
        yield _head(f"{table.title} ({recipe})")
        grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for place, name in enumerate(table.head):
            grid.add_column(name, justify="right" if place else "left", overflow="fold")
        for row in table.rows:
            grid.add_row(*row)
        yield Padding(grid, (0, 0, 0, 4))


def _figures(page: Page) -> Iterator[RenderableType]:
    """Yield a line a figure, under its table of the paper; those not read in one."""
    yield _head("Published figures beside ours (published | ours)")
    for one in figure_tables(page.claims):
        yield Text(one.title, style="bold")
        yield from _alone(one) if one.alone else _beside(one)
        yield from (_under(f"[{at}] {note}", "dim") for at, note in enumerate(one.notes, 1))
    if line := unread(page.claims):
        yield _under(line, "dim")


def _beside(table: FigureTable) -> Iterator[RenderableType]:
    for name, cells in table.rows:
        for metric, cell in zip(table.columns, cells, strict=True):
            if cell is not None:
                yield from _figure(f"{name}: {metric}", cell)


def _alone(table: FigureTable) -> Iterator[RenderableType]:
    """Yield a line a method, as nothing of ours stands beside any of its figures."""
    yield _under(table.alone, "dim")
    for name, cells in table.rows:
        pairs = zip(table.columns, cells, strict=True)
        said = [f"{metric} {one.published}{one.mark}" for metric, one in pairs if one is not None]
        yield _under(f"{name}: {' · '.join(said)}")


def _figure(what: str, cell: Cell) -> Iterator[RenderableType]:
    line = _word(cell.word, f"{what}: {cell.published}{cell.mark} | {cell.ours}")
    yield Padding(line, (0, 0, 0, 4))
    yield Padding(_named(cell.reason, "dim"), (0, 0, 0, 8))


def _finding(tested: Tested, page: Page) -> Iterator[RenderableType]:
    words = dict.fromkeys(one.verdict.word for one in tested.judged)
    yield _word(", ".join(words) or "not run here", tested.statement)
    yield _under(said_grade(tested), "dim")
    if not tested.judged:
        yield _under(said_missing(tested))
    if why := differently(tested, page):
        yield _under(why)
    for one in tested.judged:
        rests = "; ".join(filter(None, (basis(one.verdict), said_stands(one.verdict))))
        yield _under(f"{one.recipe}: {one.verdict.reason}" + (f" ({rests})" if rests else ""))


def _lines(title: str, lines: list[str]) -> Iterator[RenderableType]:
    if lines:
        yield _head(title)
        yield from (_under(f"• {line}") for line in lines)


def _head(title: str) -> RenderableType:
    return Padding(Text(title, style="bold underline"), (1, 0, 0, 0))


def _word(word: str, text: str) -> Text:
    line = Text(f"{word}: ", style=_STYLES.get(word, "bold"))
    return line.append_text(_named(text, ""))


def _under(text: str, style: str = "") -> RenderableType:
    return Padding(_named(text, style), (0, 0, 0, 4))


def _named(text: str, style: str) -> Text:
    """Return a sentence with the names of arms and commands set off."""
    made = Text(style=style)
    for index, piece in enumerate(re.split(r"`([^`]*)`", text)):
        made.append(piece, style="cyan" if index % 2 else style)
    return made
