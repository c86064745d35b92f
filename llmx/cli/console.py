"""What the verbs print with: results to stdout, everything about them to stderr."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from llmx.core.errors import LlmxError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_MANY = 200  # rows of a table that rich lays out in no time


def console() -> Console:
    """Return a console on the stdout of this moment; wide when nobody looks at it."""
    from rich.console import Console

    plain = Console(highlight=False)
    return plain if plain.is_terminal else Console(highlight=False, width=120, soft_wrap=False)


def show(*things: Any) -> None:
    """Print rich renderables or plain text (markup is not read: a name may hold brackets)."""
    out = console()
    for thing in things:
        out.print(thing, markup=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> Any:
    """Return a plain table; columns named in `right` hold numbers."""
    if len(rows) < _MANY:
        return _table(columns, rows, right)
    from llmx.cli.long_table import LongTable

    places = [column in right for column in columns]
    return LongTable(lambda some: _table(columns, some, right), rows, places)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


def size(count: float) -> str:
    """Return bytes as a person reads them: ``1.5 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def complain(error: LlmxError) -> None:
    """Print an error to stderr: one line for each problem, the hint at the end of the last."""
    *first, last = error.message.splitlines() or [""]
    for line in first:
        typer.echo(f"error: {line}", err=True)
    typer.echo(f"error: {last}; {error.hint}" if error.hint else f"error: {last}", err=True)
