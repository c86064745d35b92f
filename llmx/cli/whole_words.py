"""A table that folds between words alone, and is wider than the terminal where it must be."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions
from rich.table import Table

_UNLIMITED = 1 << 20


class WholeWords(Table):
    """Rich's table breaks a path or a name over lines, so that nobody can copy it; this does not.

    Columns with `no_wrap` are not folded at all.
    """

    def _calculate_column_widths(self, console: Console, options: ConsoleOptions) -> list[int]:
        """Return the width of each column with its padding: rich's, but never under its least."""
        given = super()._calculate_column_widths(console, options)
        least = [self._least(console, options, place) for place in range(len(self.columns))]
        lacking = sum(max(low - width, 0) for width, low in zip(given, least, strict=True))
        widths = [max(width, low) for width, low in zip(given, least, strict=True)]
        for place in sorted(range(len(widths)), key=lambda at: least[at] - widths[at]):
            taken = min(lacking, widths[place] - least[place])
            widths[place] -= taken
            lacking -= taken
        return widths

    def _least(self, console: Console, options: ConsoleOptions, place: int) -> int:
        column = self.columns[place]
        if column.width is not None:  # somebody has decided
            return column.width + self._get_padding_width(place)
        natural = self._measure_column(console, options.update(width=_UNLIMITED), column)
        return natural.maximum if column.no_wrap else natural.minimum
