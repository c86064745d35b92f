"""What the verbs print with: results to stdout, everything about them to stderr."""

from __future__ import annotations

from collections.abc import Sequence
from traceback import format_exception
from typing import TYPE_CHECKING, Any, Literal

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
    """Print rich renderables or plain text (markup is not read: a name may hold brackets).

    Nothing is cut off. Text with a path, a setting or a command in it is left to the terminal to
    fold: what is copied from there is then one line.
    """
    out = console()
    for thing in things:
        whole = isinstance(thing, str) and is_copied(thing)
        text = isinstance(thing, str)
        out.print(marked(thing) if text else thing, markup=False, soft_wrap=whole, crop=False)


def is_copied(text: str) -> bool:
    """Whether somebody may copy something out of a text that is more than one word."""
    return any(sign in text for sign in ("/", "`", "=", "llmx "))


def say(text: str, err: bool = False) -> None:
    """Print one text as it is, but for what would steer the terminal."""
    typer.echo(marked(text), err=err)


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> Any:
    """Return a plain table that folds its cells, between words alone, to the terminal's width.

    Args:
        columns: their names.
        rows: a text for each column.
        right: columns of numbers.
        whole: columns of what is copied as it stands, paths and commands; they are not folded.
    """

    def made(some: Sequence[Sequence[str]]) -> Table:
        return _table(columns, some, right, whole)

    if len(rows) < _MANY:
        return made(rows)
    from llmx.cli.long_table import LongTable

    return LongTable(made, rows, [column in right for column in columns])


def _table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[str] = (),
    whole: Sequence[str] = (),
) -> Table:
    from rich import box
    from rich.text import Text

    from llmx.cli.whole_words import WholeWords

    made = WholeWords(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        side: Literal["left", "right"] = "right" if column in right else "left"
        made.add_column(column, justify=side, overflow="fold", no_wrap=column in whole)
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


def spoken(seconds: float) -> str:
    """Return a time as a person says it: ``90 s``, ``5 min``, ``2.5 h``."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def complain(error: LlmxError) -> None:
    """Print an error to stderr: one line for each problem, the hint at the end of the last."""
    *first, last = error.message.split("\n")
    for line in first:
        say(f"error: {line}", err=True)
    say(f"error: {last}; {error.hint}" if error.hint else f"error: {last}", err=True)


def complain_at_length(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """Print a traceback to stderr: what Python does with a defect, but for the marks."""
    say("".join(format_exception(kind, error, trace)).rstrip(), err=True)
