"""What a model may know of data: tables, columns and their types, never a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from llmx.core.errors import nearest
from llmx.core.record import Frozen

ColumnType = Literal["int", "float", "string", "bool", "date", "datetime", "category"]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,63}$")]
"""Of a table or column: neither quotes nor spaces, and never two underscores in front."""
NUMBERS: tuple[ColumnType, ...] = ("int", "float")
TEXTS: tuple[ColumnType, ...] = ("string", "category")
TIMES: tuple[ColumnType, ...] = ("date", "datetime")
MOST_ROWS = 200_000


class DataColumn(Frozen):
    """A column: ``exact`` is False where rounding of floats may part two engines' values."""

    name: Name
    type: ColumnType
    unit: str = ""
    nullable: bool = False
    description: str = ""
    values: tuple[Name, ...] = Field(default=(), description="allowed labels of a category")
    exact: bool = True


class DataTable(Frozen):
    """A table of a catalogue."""

    name: Name
    description: str = ""
    columns: tuple[DataColumn, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _columns_differ(self) -> DataTable:
        names = [column.name for column in self.columns]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"table '{self.name}' has two columns '{name}'")
        return self


class Catalogue(Frozen):
    """All tables, as a model is shown them."""

    domain: str
    tables: tuple[DataTable, ...] = Field(min_length=1)

    def table(self, name: str) -> DataTable:
        """Return a table.

        Raises:
            CallError: if there is none of that name.
        """
        for table in self.tables:
            if table.name == name:
                return table
        known = [table.name for table in self.tables]
        raise CallError("unknown_table", "table", f"there is no table '{name}'", known)


class CallError(Exception):
    """Why a call is refused; what it says depends on the schema alone, never on a cell.

    Attributes:
        code: for programs, such as ``unknown_column``.
        path: of the argument.
        allowed: what could stand there, where that is a short list.
    """

    def __init__(
        self, code: str, path: str, message: str, allowed: list[str] | tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.path = path
        self.allowed = tuple(allowed)

    def shown(self) -> dict[str, object]:
        """Return it as a model sees it."""
        found: dict[str, object] = {"code": self.code, "path": self.path, "message": str(self)}
        return {**found, "allowed": list(self.allowed)} if self.allowed else found


@dataclass(frozen=True)
class TableSchema:
    """The static type of a table.

    Attributes:
        base: of what table's rows these are a subset; rows can be combined where it is the same.
        ordered: rows were sorted, so the first ones mean something.
        aggregated: every row is of a group, so a cell may be read.
        source: the table of the catalogue of whose rows each is one, joined or not; empty for
            groups and distinct values.
    """

    columns: tuple[DataColumn, ...]
    base: str
    ordered: bool = False
    aggregated: bool = False
    source: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of its columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str, path: str = "column") -> DataColumn:
        """Return a column.

        Raises:
            CallError: if there is none of that name.
        """
        for column in self.columns:
            if column.name == name:
                return column
        message = f"there is no column '{name}'; {nearest(name, self.names, 'columns')}"
        raise CallError("unknown_column", path, message, self.names)


@dataclass(frozen=True)
class ScalarSchema:
    """The static type of one value."""

    type: ColumnType
    exact: bool = True
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class NoteSchema:
    """Of a call that returns words about the catalogue, or ends the episode."""


Schema = TableSchema | ScalarSchema | NoteSchema


def opened(table: DataTable) -> TableSchema:
    """Return the static type of a table of the catalogue."""
    return TableSchema(table.columns, base=table.name, source=table.name)
