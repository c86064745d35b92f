"""What the verbs print with: results to stdout, everything about them to stderr."""

from __future__ import annotations

from collections.abc import Sequence
from traceback import format_exception
from typing import TYPE_CHECKING, Any

import typer

from llmx.core.errors import LlmxError
from llmx.core.names import marked

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_MANY = 200  # rows of a table that rich lays out in no time


def console(stderr: bool = False) -> Console:
    """Return a console on the stdout or stderr of this moment.

    The first is wide when nobody looks at it. On both, what would steer the terminal is a mark.
    """
    from llmx.cli.marking import MarkingConsole

    plain = MarkingConsole(stderr=stderr, highlight=False)
    if plain.is_terminal or stderr:
        return plain
    return MarkingConsole(highlight=False, width=120, soft_wrap=False)


def show(*things: Any) -> None:
    """Print rich renderables or plain text (markup is not read: a name may hold brackets)."""
    out = console()
    for thing in things:
        out.print(marked(thing) if isinstance(thing, str) else thing, markup=False)


def say(text: str, err: bool = False) -> None:
    """Print one text as it is, but for what would steer the terminal."""
    typer.echo(marked(text), err=err)


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
        made.add_row(*(Text(marked(cell)) for cell in row))
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
    *first, last = error.message.split("\n")
    for line in first:
        say(f"error: {line}", err=True)
    say(f"error: {last}; {error.hint}" if error.hint else f"error: {last}", err=True)


def complain_at_length(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Print a traceback to stderr: what Python does with a defect, but for the marks."""
    say("".join(format_exception(kind, error, trace)).rstrip(), err=True)
