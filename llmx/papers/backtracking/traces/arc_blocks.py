"""Rows of Arc 1D, and the blocks in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

Row = tuple[int, ...]
"""Colours 0 to 9 from left to right; 0 is empty."""


@dataclass(frozen=True)
class Run:
    """Neighbouring cells: the first one's place, how many, and their colour (of the first)."""

    first: int
    length: int
    colour: int


def runs(row: Row) -> list[Run]:
    """Return the stretches of one colour that is not 0."""
    return _stretches(row, lambda colour: colour)


def blocks(row: Row) -> list[Run]:
    """Return the stretches of cells that are not 0, of any colours."""
    return _stretches(row, lambda colour: int(colour != 0))


def _stretches(row: Row, kind: object) -> list[Run]:
    assert callable(kind)
    found, place = [], 0
    for key, cells in groupby(row, key=kind):
        length = len(list(cells))
        if key:
            found.append(Run(place, length, row[place]))
        place += length
    return found


def painted(size: int, written: Iterable[tuple[int, int, int]], on: Row = ()) -> Row:
    """Return a row with (first, length, colour) written in turn, on `on` or on zeros."""
    row = list(on) or [0] * size
    for first, length, colour in written:
        for place in range(max(first, 0), min(first + length, size)):
            row[place] = colour
    return tuple(row)
