"""Rows of a person's own file: ``.jsonl``, ``.csv`` and ``.parquet``, as they stand there.

A row is a mapping from columns to values that JSON has. Nothing is trimmed or guessed: a line ends
at ``\\n``, a cell of a CSV file is a text, and a file that cannot be read says in which line.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import DataError
from llmx.core.install import pip_install
from llmx.data.local import lines_of, text_of

Row = dict[str, Any]

_DELIMITERS = (",", ";", "\t")
_OBJECT = 'write names and values: {"question": "…", "answer": "…"}'
_LOOKED_AT = 50  # rows by which a delimiter is told
_LONGEST_CELL = 1 << 28  # characters; csv's own limit is a page or two


@dataclass(frozen=True)
class QuestionTable:
    """The rows of a file or of a published split.

    Attributes:
        name: how an error calls it.
        places: where each row stands, in words: ``line 3``.
    """

    name: str
    rows: tuple[Row, ...]
    places: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that some row has, in their order."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def wrong(self, place: int, what: str, hint: str = "") -> DataError:
        """Return the error that says what is wrong with one row."""
        return DataError(f"{self.name}, {self.places[place]}: {what}", hint)


def read_table(path: Path, kind: str) -> QuestionTable:
    """Return the rows of a file, read once while it stays as it is.

    Args:
        kind: ``jsonl``, ``csv`` or ``parquet``.

    Raises:
        DataError: if it cannot be read, naming the line, or holds no row.
    """
    if not path.is_file():
        raise DataError(f"{path} is no file", "name a file: data.options.path=FILE")
    state = path.stat()
    found = _read(path, kind, state.st_mtime_ns, state.st_size)
    if not found.rows:
        raise DataError(f"{path.name} holds no row", "one question a row")
    return found


@lru_cache(maxsize=4)
def _read(path: Path, kind: str, changed: int, size: int) -> QuestionTable:
    try:
        return _READERS[kind](path)
    except UnicodeDecodeError as error:
        text = f"{path.name} is no UTF-8 text: byte {error.start} is {error.object[error.start]:#x}"
        raise DataError(text, "save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def _jsonl(path: Path) -> QuestionTable:
    text, rows, places = text_of(path), [], []
    if text.lstrip()[:1] == "[":
        return _json_list(path, text)
    for number, line in lines_of(text):
        rows.append(_json_row(path, number, line))
        places.append(f"line {number}")
    return QuestionTable(path.name, tuple(rows), tuple(places))


def _json_list(path: Path, text: str) -> QuestionTable:
    """Return the rows of one JSON list, as many tools write them."""
    try:
        found = json_text.parse(text)
    except ValueError as error:
        raise DataError(f"{path.name} is no JSON: {error}", _OBJECT) from error
    wrong = next((n for n, row in enumerate(found, start=1) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise DataError(f"{path.name}, row {wrong} is no object", _OBJECT)
    return table_of(path.name, found)


def _json_row(path: Path, number: int, line: str) -> Row:
    where = f"{path.name}, line {number}"
    try:
        found = json_text.parse(line)
    except ValueError as error:
        raise DataError(f"{where} is no JSON: {error}", f"one object a line: {_OBJECT}") from error
    if not isinstance(found, dict):
        raise DataError(f"{where} is no object", _OBJECT)
    return found


def _csv(path: Path) -> QuestionTable:
    text = text_of(path)
    csv.field_size_limit(_LONGEST_CELL)
    delimiter = _delimiter(text)
    try:
        (_, header), *lines = _csv_rows(text, delimiter) or [(1, [])]
    except csv.Error as error:
        raise DataError(f"{path.name} is no CSV: {error}", "save it as CSV in UTF-8") from error
    columns = _header(path, header)
    pairs = [(f"line {at}", _cells(path, at, columns, cells)) for at, cells in lines]
    return QuestionTable(path.name, tuple(row for _, row in pairs), tuple(at for at, _ in pairs))


def _csv_rows(text: str, delimiter: str, most: int | None = None) -> list[tuple[int, list[str]]]:
    """Return (line on which it begins, cells) of every row that is not blank."""
    # newline='': quoted line ends stay as they are, and csv itself knows those between rows.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    found: list[tuple[int, list[str]]] = []
    begin = 1
    for cells in reader:
        if any(cell.strip() for cell in cells):
            found.append((begin, cells))
        if len(found) == most:
            break
        begin = reader.line_num + 1
    return found


def _delimiter(text: str) -> str:
    """Return what parts the cells: by it the first rows have most columns, and equally many."""

    def fit(delimiter: str) -> tuple[bool, int]:
        try:
            widths = [len(cells) for _, cells in _csv_rows(text, delimiter, _LOOKED_AT)]
        except csv.Error:
            return False, 0
        return len(set(widths)) == 1, widths[0] if widths else 0

    fits = {delimiter: fit(delimiter) for delimiter in _DELIMITERS}
    wide = [delimiter for delimiter in _DELIMITERS if fits[delimiter][1] > 1]
    return max(wide, key=lambda one: fits[one]) if wide else _DELIMITERS[0]


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    if cells and cells[0].startswith("{"):
        raise DataError(f"{path.name}, line 1 is JSON, no names of columns", "take data=jsonl")
    columns = [cell.strip() for cell in cells]
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        what = f"the column '{twice}' stands twice" if twice else "two columns have no name"
        raise DataError(f"{path.name}, line 1: {what}", "give each column a name of its own")
    return columns


def _cells(path: Path, at: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(columns):
        text = f"{path.name}, line {at} has {len(cells)} cells, and line 1 names {len(columns)}"
        raise DataError(text, 'put a text with the delimiter in it into quotes: "…"')
    return dict(zip(columns, cells, strict=True))


def _parquet(path: Path) -> QuestionTable:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        text = f"{path.name} needs the package 'pyarrow'"
        raise DataError(text, pip_install("pyarrow")) from error
    try:
        found = parquet.read_table(path).to_pylist()
    except (ArrowException, ValueError) as error:
        said = str(error).strip().split("\n")[0]
        text = f"{path.name} is no parquet file: {said[:160]}"
        raise DataError(text, "data=jsonl or data=csv read texts") from error
    return table_of(path.name, found)


def table_of(name: str, rows: Sequence[Any]) -> QuestionTable:
    """Return rows of a library, with values that JSON has."""
    found = tuple({str(key): as_value(value) for key, value in row.items()} for row in rows)
    return QuestionTable(name, found, tuple(f"row {place}" for place in range(1, len(found) + 1)))


def as_value(value: Any) -> Any:
    """Return a value as JSON has it; None of what is no text, number, list or mapping."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): as_value(held) for key, held in value.items()}
    if isinstance(value, list | tuple):
        return [as_value(held) for held in value]
    return None


_READERS: dict[str, Callable[[Path], QuestionTable]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "parquet": _parquet,
}
