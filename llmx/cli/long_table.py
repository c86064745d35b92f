"""A table of thousands of rows: it looks like rich's, without its third of a millisecond a cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.table import Table

Row = Sequence[str]
Make = Callable[[Sequence[Row]], Table]


class LongTable:
    """Leaves widths, the head and cells that need folding to rich; lays the other rows out itself.

    Args:
        make: the table of some rows.
        right: which columns are justified to the right.
    """

    def __init__(self, make: Make, rows: Sequence[Row], right: Sequence[bool]) -> None:
        self.make, self.rows, self.right = make, rows, right

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what the table of all rows would."""
        widths = self._widths(console, options)
        empty = _fixed(self.make([]), widths)
        needed = sum(widths) + _padding(empty) + empty._extra_width
        options = options.update(width=max(options.max_width, needed))
        *above, below = console.render_lines(empty, options, pad=False)
        yield from _joined(above)
        for fits, some in groupby(self.rows, key=lambda row: _fit(row, widths)):
            if fits:
                yield Segment("".join(self._line(row, widths) + "\n" for row in some))
            else:
                folded = _fixed(self.make(list(some)), widths)
                folded.show_header = False
                yield from _joined(console.render_lines(folded, options, pad=False)[1:-1])
        yield from _joined([below])

    def _widths(self, console: Console, options: ConsoleOptions) -> list[int]:
        """Return the width of each column's texts: rows with the longest ones alone decide it."""
        longest = [
            max(self.rows, key=lambda row: measure(row[place]))
            for place in range(len(self.right))
            for measure in (_longest_line, _longest_word)
        ]
        table = self.make(longest)
        found = table._calculate_column_widths(
            console, options.update_width(options.max_width - table._extra_width)
        )
        return [width - table._get_padding_width(place) for place, width in enumerate(found)]

    def _line(self, row: Row, widths: Sequence[int]) -> str:
        cells = zip(row, widths, self.right, strict=True)
        return f" {'   '.join(_justified(*cell) for cell in cells)} "


def _padding(table: Table) -> int:
    return sum(table._get_padding_width(place) for place in range(len(table.columns)))


def _joined(lines: Sequence[Sequence[Segment]]) -> Iterator[Segment]:
    for line in lines:
        yield from line
        yield Segment.line()


def _fixed(table: Table, widths: Sequence[int]) -> Table:
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    return table


def _fit(row: Row, widths: Sequence[int]) -> bool:
    """Whether every cell is one line, with nothing that rich would take away or replace."""
    return all(
        cell.isprintable() and cell == cell.strip() and cell_len(cell) <= width
        for cell, width in zip(row, widths, strict=True)
    )


def _justified(cell: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


def _longest_line(cell: str) -> int:
    return max(map(cell_len, cell.splitlines()), default=0)


def _longest_word(cell: str) -> int:
    return max(map(cell_len, cell.split()), default=0)
