"""The report as Markdown, for a terminal pager, a pull request or a log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from llmx.core.figure import Figures
from llmx.report.brought import BroughtPicture
from llmx.report.other_figures import other_table
from llmx.report.picture import caption
from llmx.report.results import Results
from llmx.report.tables import Table, tables
from llmx.report.training.page import table as named_table
from llmx.report.training.tables import TrainingTable


@dataclass(frozen=True)
class More:
    """What plugins add to a report.

    Attributes:
        others: figures that no table of results shows.
    """

    others: Figures = field(default_factory=Figures)
    pictures: tuple[BroughtPicture, ...] = ()

    @property
    def table(self) -> TrainingTable | None:
        """The table of the figures; None without any."""
        return other_table(self.others)


def markdown(results: Results, more: More | None = None) -> str:
    """Return the report; the same arguments give the same bytes."""
    made = tables(results)
    more = more or More()
    parts = [
        f"# {results.title}",
        "\n".join(f"- {finding.text}" for finding in results.findings),
        *(f"## {table.title}\n\n{_table(table)}" for table in made),
        f"![{caption(results.figures)}](plot.svg)",
        *(f"![{one.caption}]({one.file})" for one in more.pictures),
        _others(more.table),
        f"## How to read it\n\n{_legend(made)}",
        timing_note(results),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def timing_note(results: Results) -> str:
    """Say how speed was measured; empty when it was not."""
    if not results.speed_rounds:
        return ""
    batch = f" at batch size {results.batch_size}" if results.batch_size else ""
    rounds = "one round" if results.speed_rounds == 1 else f"{results.speed_rounds} rounds"
    engines = f" Engines were up {results.speed_engines}." if results.speed_engines else ""
    turns = "in which the arms took turns on the same problems."
    return f"Speed was measured{batch} in {rounds} {turns}{engines}"


def _others(found: TrainingTable | None) -> str:
    return "" if found is None else f"## {found.title}\n\n{named_table(found)}\n\n{found.note}"


def _table(table: Table) -> str:
    head = ["Arm", *(f"{column.title} ({column.unit})" for column in table.columns)]
    rule = ["---", *("---:" for _ in table.columns)]
    body = [[f"`{arm}`", *(column.cell(arm) for column in table.columns)] for arm in table.arms]
    return "\n".join(_line(cells) for cells in [head, rule, *body])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _legend(made: Iterable[Table]) -> str:
    columns = (column for table in made for column in table.columns)
    return "\n".join(f"- **{column.title}**: {column.explain}" for column in columns)
