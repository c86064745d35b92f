"""A question in the making: calls that run as they are drawn, and the words for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from llmx.papers.indata.arguments import TOOLS, AnswerType, Handle
from llmx.papers.indata.check import CallChecker
from llmx.papers.indata.executors.executor import ResultOf
from llmx.papers.indata.executors.polars_executor import PolarsExecutor
from llmx.papers.indata.literals import Value, plain
from llmx.papers.indata.program import Program, ProgramStep
from llmx.papers.indata.schema import ColumnType, DataColumn, TableSchema
from llmx.papers.indata.tables.drawn_world import DrawnWorld

Table = str | Handle


class NoFit(Exception):
    """These tables have nothing of what a template needs, or a draw came to nothing."""


@dataclass(frozen=True)
class AskedQuestion:
    """What a template drew: the words, and the type of the answer.

    Attributes:
        decimals: to which the question asks a float to be given; None = as exact as it is.
    """

    question: str
    answer_type: AnswerType
    decimals: int | None = None


@dataclass
class QuestionDraft:
    """Draws columns and constants of one world, and runs each call at once."""

    drawn: DrawnWorld
    executor: PolarsExecutor
    rng: Random
    steps: list[ProgramStep] = field(default_factory=list)
    results: dict[str, ResultOf[Any]] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)

    @property
    def events(self) -> str:
        """Return the table of events."""
        return self.drawn.world.catalogue.tables[0].name

    @property
    def noun(self) -> str:
        """Return what rows of the table of events are."""
        return self.drawn.wording.nouns[self.events]

    def program(self) -> Program:
        """Return what was called."""
        return Program(tuple(self.steps))

    def call(self, tool: str, **arguments: Any) -> Handle:
        """Run a call, and return the handle of its result."""
        name = f"s{len(self.steps) + 1}"
        given = TOOLS[tool].model_validate(arguments)
        self.results[name] = self.executor.call(given, name, self.results)
        self.steps.append(ProgramStep(name, given))
        return Handle(handle=name)

    def value(self, of: Handle) -> Value:
        """Return a scalar that was computed; drawn anew where it is missing."""
        found = self.results[of.handle].value
        if found is None:
            raise NoFit
        return found  # type: ignore[no-any-return]

    def schema(self, table: Table) -> TableSchema:
        """Return the schema of a table."""
        known = {name: result.schema for name, result in self.results.items()}
        return CallChecker(self.drawn.world.catalogue, known).table(table)

    def column(self, *types: ColumnType, table: str = "", but: Sequence[str] = ()) -> DataColumn:
        """Draw a column that can be asked about, of the table of events or of another.

        Raises:
            NoFit: if there is none left.
        """
        table = table or self.events
        roles = self.drawn.wording.roles
        found = [
            column
            for column in self.drawn.world.catalogue.table(table).columns
            if column.type in types and not roles[table, column.name] and column.name not in but
        ]
        if not found:
            raise NoFit
        chosen = self.rng.choice(found)
        self.used.add((table, chosen.name))
        return chosen

    def number(self, *but: str, table: str = "") -> DataColumn:
        """Draw a column of numbers."""
        return self.column("int", "float", table=table, but=but)

    def floats(self, *but: str) -> DataColumn:
        """Draw a column of floats, whose values hardly repeat."""
        return self.column("float", but=but)

    def label(self, *but: str, table: str = "") -> DataColumn:
        """Draw a column of categories."""
        return self.column("category", table=table, but=but)

    def cells(self, column: str, table: str = "") -> list[Any]:
        """Return the known values of a column of a table of the catalogue."""
        cells = self.drawn.world.tables[table or self.events][column]
        return [value for value in cells if value is not None]

    def quantile(self, column: DataColumn, low: float = 0.2, high: float = 0.8) -> Any:
        """Draw a constant from a column's own distribution."""
        values = sorted(self.cells(column.name))
        if not values:
            raise NoFit
        share = self.rng.uniform(low, high)
        found = values[int(share * (len(values) - 1))]
        return round(found, 1) if isinstance(found, float) else found

    def other_table(self) -> tuple[str, str, str]:
        """Draw another table: its name, and the names of the keys in events and in it.

        Raises:
            NoFit: if events stand alone.
        """
        keys = self.drawn.wording.keys
        found = [(column, to) for (table, column), to in keys.items() if table == self.events]
        if not found:
            raise NoFit
        column, table = self.rng.choice(found)
        roles = self.drawn.wording.roles
        (own,) = [name for (of, name), role in roles.items() if of == table and role == "id"]
        self.used |= {(self.events, column), (table, own)}
        return table, column, own

    def joined(self) -> tuple[Handle, str]:
        """Join another table to events: the handle, and the other table."""
        table, left, right = self.other_table()
        on = [{"left": left, "right": right}]
        return self.call("join_tables", left=self.events, right=table, on=on), table

    def phrase(self, column: DataColumn) -> str:
        """Return a column in words."""
        return f"{column.description} ({column.unit})" if column.unit else column.description

    def condition(
        self, table: Table, *but: str, source: str = "", kinds: Sequence[str] = ()
    ) -> tuple[Handle, str]:
        """Draw a filter, run it, and return its handle and its words ("with …").

        Args:
            source: the table of the catalogue whose columns are drawn from; events if empty.
            kinds: of condition to choose from; all if empty.
        """
        kind = self.rng.choice(kinds or sorted(_CONDITIONS))
        return _CONDITIONS[kind](self, table, source, but)

    def filter(self, table: Table, column: str, op: str, value: Any) -> Handle:
        """Filter rows."""
        return self.call("filter_rows", table=table, column=column, op=op, value=value)


def _by_label(
    draft: QuestionDraft, table: Table, source: str, but: Sequence[str]
) -> tuple[Handle, str]:
    column = draft.label(*but, table=source)
    value = draft.rng.choice(column.values)
    return draft.filter(table, column.name, "eq", value), f"whose {column.description} is {value}"


def _by_labels(
    draft: QuestionDraft, table: Table, source: str, but: Sequence[str]
) -> tuple[Handle, str]:
    column = draft.label(*but, table=source)
    values = sorted(draft.rng.sample(column.values, 2))
    text = f"whose {column.description} is {values[0]} or {values[1]}"
    return draft.filter(table, column.name, "in", values), text


_OPS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def _by_number(
    draft: QuestionDraft, table: Table, source: str, but: Sequence[str]
) -> tuple[Handle, str]:
    column = draft.number(*but, table=source)
    values = sorted(draft.cells(column.name, source))
    found = values[int(draft.rng.uniform(0.2, 0.8) * (len(values) - 1))] if values else None
    if found is None:
        raise NoFit
    value = round(found, 1)
    op = draft.rng.choice(sorted(_OPS))
    text = f"with {draft.phrase(column)} {_OPS[op]} {value}"
    return draft.filter(table, column.name, op, value), text


def _by_range(
    draft: QuestionDraft, table: Table, source: str, but: Sequence[str]
) -> tuple[Handle, str]:
    column = draft.number(*but, table=source)
    values = sorted(draft.cells(column.name, source))
    if len(values) < 10:
        raise NoFit
    places = sorted(draft.rng.sample(range(1, 9), 2))
    low, high = (round(values[place * len(values) // 10], 1) for place in places)
    text = f"with {draft.phrase(column)} from {low} to {high}"
    return draft.filter(table, column.name, "between", [low, high]), text


def _by_day(
    draft: QuestionDraft, table: Table, source: str, but: Sequence[str]
) -> tuple[Handle, str]:
    column = draft.column("date", "datetime", table=source, but=but)
    found: Any = draft.quantile(column)
    day = date(found.year, found.month, 1)
    op, word = draft.rng.choice([("ge", "on or after"), ("lt", "before")])
    text = f"with {column.description} {word} {day.isoformat()}"
    return draft.filter(table, column.name, op, plain(day)), text


def _by_flag(
    draft: QuestionDraft, table: Table, source: str, but: Sequence[str]
) -> tuple[Handle, str]:
    column = draft.column("bool", table=source, but=but)
    value = draft.rng.random() < 0.5
    text = f"{'with' if value else 'without'} {column.description}"
    return draft.filter(table, column.name, "eq", value), text


_CONDITIONS: dict[str, Callable[..., tuple[Handle, str]]] = {
    "day": _by_day,
    "flag": _by_flag,
    "label": _by_label,
    "labels": _by_labels,
    "number": _by_number,
    "range": _by_range,
}
