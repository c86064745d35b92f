"""Literals of a call, and values of cells, as Python values of a column's type."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from llmx.papers.indata.schema import NUMBERS, TEXTS, CallError, ColumnType, DataColumn

Value = bool | int | float | str | date | datetime | None
"""A cell or scalar; None is a missing value."""
MOST_WHOLE = 2**53 - 1  # as a float it is itself, and no larger number rounds to it


def literal(given: Any, column: DataColumn, path: str = "value") -> Value:
    """Return a literal as a value of a column's type; dates are ISO texts.

    Raises:
        CallError: if it cannot be one, or is no allowed label of a category.
    """
    if column.type in NUMBERS and type(given) in (int, float):
        number: int | float = given
        return number
    if column.type == "bool" and type(given) is bool:
        return given
    if column.type in TEXTS and type(given) is str:
        if column.values and given not in column.values:
            message = f"'{column.name}' has no such label"
            raise CallError("unknown_label", path, message, column.values)
        return given
    if column.type in ("date", "datetime") and type(given) is str:
        whole = _moment(given)
        if whole is not None:
            return whole if column.type == "datetime" else whole.date()
    message = f"'{column.name}' is of type {column.type}"
    raise CallError("ill_typed", path, f"{message}, and this is none", ())


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.tzinfo is not None or found.microsecond else found


def type_of(given: Any) -> ColumnType:
    """Return the type of a literal that stands for itself."""
    if type(given) is bool:
        return "bool"
    if type(given) is int:
        return "int"
    return "float" if type(given) is float else "string"


def plain(value: Value) -> Any:
    """Return a value as JSON holds it."""
    return value.isoformat() if isinstance(value, date) else value


def comparable(one: ColumnType, other: ColumnType) -> bool:
    """Whether values of two types compare: numbers do, texts do, all else with its own."""
    return one == other or any(one in of and other in of for of in (NUMBERS, TEXTS))
