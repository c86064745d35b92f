"""The tables that the command prints when a run ends."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from llmx.report.results import Finding, Results
from llmx.report.tables import METRICS, Cell, Column, Table, tables

_UNBOUNDED = 10_000
_SHOWN = 3  # the paired tests are for the page
_STYLES = {"caution": "yellow", "speed": "bold"}


class Report:
    """Lays itself out for the width it is given: each table in full if it fits, else brief."""

    def __init__(self, results: Results) -> None:
        self._results = results

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        """Yield the tables and, under them, the findings."""
        made = tables(self._results)
        for table in (*made[:_SHOWN], *(one for one in made[_SHOWN:] if one.name == METRICS)):
            full = _table(table, brief=False)
            room = Measurement.get(console, options.update(max_width=_UNBOUNDED), full).maximum
            fits = room <= options.max_width
            yield Padding(full if fits else _table(table, brief=True), (0, 0, 1, 0))
        yield Group(*(sentence(finding) for finding in self._results.findings))


def render(results: Results) -> RenderableType:
    """Return what the command prints at the end of a run, for any width from 80 columns."""
    return Report(results)


def _table(table: Table, brief: bool) -> RichTable:
    columns = [column for column in table.columns if not (brief and column.spare)]
    made = RichTable(title=table.title, title_justify="left", title_style="bold", box=None)
    made.padding = (0, 1 if brief else 2, 0, 0)
    made.add_column("arm", style="bold", overflow="fold", min_width=10)
    for column in columns:
        made.add_column(_head(column, brief), justify="right")
    for arm in table.arms:
        made.add_row(arm, *(_cell(column, brief)(arm) for column in columns))
    return made


def _head(column: Column, brief: bool) -> Text:
    title = column.short if brief and column.short else column.title
    return Text(f"{title}\n{column.unit}")


def _cell(column: Column, brief: bool) -> Cell:
    return column.brief if brief and column.brief else column.cell


def sentence(finding: Finding) -> Text:
    """Return the sentence with the names of arms set off."""
    text = Text("• ", style=_STYLES.get(finding.kind, ""))
    for index, piece in enumerate(re.split(r"`([^`]*)`", finding.text)):
        text.append(piece, style="cyan" if index % 2 else None)
    return text
