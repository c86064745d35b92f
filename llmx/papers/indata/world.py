"""Tables with their rows: what tools compute on and no model sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from math import isfinite
from typing import Any

from llmx.core.errors import DataError
from llmx.papers.indata.literals import MOST_WHOLE, Value, plain
from llmx.papers.indata.schema import MOST_ROWS, Catalogue, DataColumn, DataTable
from llmx.store.files import dumps

Cells = Mapping[str, Sequence[Value]]
"""Values by column, all of one length."""


@dataclass(frozen=True)
class DataWorld:
    """A catalogue and its rows.

    Raises:
        DataError: if a cell is not what the catalogue says: one line with table and column.
    """

    catalogue: Catalogue
    tables: Mapping[str, Cells]

    def __post_init__(self) -> None:
        """Check every cell once."""
        for table in self.catalogue.tables:
            _check_table(table, self.tables.get(table.name))

    def digest(self) -> str:
        """Return the hash of catalogue and cells, hexadecimal."""
        cells = {
            table.name: {
                c.name: [plain(v) for v in self.tables[table.name][c.name]] for c in table.columns
            }
            for table in self.catalogue.tables
        }
        held = {"catalogue": self.catalogue.model_dump(mode="json"), "cells": cells}
        return sha256(dumps(held).encode()).hexdigest()

    def reordered(self, orders: Mapping[str, Sequence[int]]) -> DataWorld:
        """Return the same rows in another order, by table."""
        moved = {
            name: {
                column: [values[at] for at in orders.get(name, range(len(values)))]
                for column, values in cells.items()
            }
            for name, cells in self.tables.items()
        }
        return DataWorld(self.catalogue, moved)


def _check_table(table: DataTable, cells: Cells | None) -> None:
    if cells is None:
        raise DataError(f"the catalogue lists table '{table.name}', and there are no rows of it")
    lengths = set()
    for column in table.columns:
        if column.name not in cells:
            text = f"the catalogue lists column '{column.name}' of '{table.name}'"
            raise DataError(f"{text}, and the table has none")
        lengths.add(len(cells[column.name]))
        _check_column(table, column, cells[column.name])
    if len(lengths) > 1 or max(lengths) > MOST_ROWS:
        text = f"columns of '{table.name}' have {sorted(lengths)} rows"
        raise DataError(text, f"as many each, at most {MOST_ROWS:,}")


_TYPES: dict[str, type[Any]] = {
    "int": int, "float": float, "string": str, "category": str, "bool": bool,
    "date": date, "datetime": datetime,
}  # fmt: skip


def _check_column(table: DataTable, column: DataColumn, values: Sequence[Value]) -> None:
    for row, value in enumerate(values):
        if (why := _fault(column, value)) is not None:
            where = f"row {row} of column '{column.name}' of table '{table.name}'"
            raise DataError(f"{where} {why}", "repair the table, or its catalogue")


def _fault(column: DataColumn, value: Value) -> str | None:
    if value is None:
        return None if column.nullable else "has no value"
    if type(value) is not _TYPES[column.type]:
        return f"is no {column.type}"
    if isinstance(value, float) and not isfinite(value):
        return "is no finite number"
    if type(value) is int and abs(value) > MOST_WHOLE:
        return "is not below 2^53"
    if column.values and value not in column.values:
        return "has a label that the catalogue does not list"
    if isinstance(value, str) and value[:1] in ("=", "@", "\t", "\r"):
        return "begins like a formula"
    return None
