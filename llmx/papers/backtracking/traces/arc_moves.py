"""Rules of Arc 1D that move or reflect what is there. None: the rule cannot be applied."""

from __future__ import annotations

from llmx.papers.backtracking.traces.arc_blocks import Row, blocks, painted, runs


def shift(row: Row, by: int) -> Row | None:
    """Move everything `by` cells to the right; nothing may fall off."""
    if by >= len(row) or any(row[len(row) - by :]):
        return None
    return (*(0,) * by, *row[: len(row) - by])


def wrapped_shift(row: Row, by: int) -> Row | None:
    """Move everything `by` cells to the right; what falls off comes in on the left."""
    by %= len(row)
    return (*row[len(row) - by :], *row[: len(row) - by])


def gravity(row: Row) -> Row | None:
    """Let everything fall to the left."""
    kept = [colour for colour in row if colour]
    return (*kept, *(0,) * (len(row) - len(kept)))


def gravity_counting(row: Row) -> Row | None:
    """Write as many 1s on the left as there are cells that are not 0."""
    count = sum(colour != 0 for colour in row)
    return (*(1,) * count, *(0,) * (len(row) - count))


def gravity_antigravity(row: Row) -> Row | None:
    """Let 2 fall to the left and 1 to the right."""
    ones, twos = row.count(1), row.count(2)
    if set(row) - {0, 1, 2}:
        return None
    return (*(2,) * twos, *(0,) * (len(row) - ones - twos), *(1,) * ones)


def gravity_one_step(row: Row) -> Row | None:
    """Move each cell one step to the left, from left to right, if there is room."""
    moved = list(row)
    for place in range(1, len(row)):
        if moved[place] and not moved[place - 1]:
            moved[place - 1], moved[place] = moved[place], 0
    return tuple(moved)


def gravity_weighted(row: Row) -> Row | None:
    """Write the 2s on the left, and the 1s behind them."""
    ones, twos = row.count(1), row.count(2)
    if set(row) - {0, 1, 2}:
        return None
    return (*(2,) * twos, *(1,) * ones, *(0,) * (len(row) - ones - twos))


def _dot_and_block(row: Row, dot: int) -> tuple[int, int, int, int] | None:
    """Return place of the dot, and first cell, length and colour of the one block beside it."""
    if row.count(dot) != 1:
        return None
    rest = [run for run in runs(row) if run.colour != dot]
    if len(rest) != 1:
        return None
    return row.index(dot), rest[0].first, rest[0].length, rest[0].colour


def touch_dot(row: Row, dot: int, most: int | None) -> Row | None:
    """Move the block towards the dot, by at most `most` cells, until it touches it."""
    found = _dot_and_block(row, dot)
    if found is None:
        return None
    place, first, length, colour = found
    gap = place - first - length if first < place else first - place - 1
    step = gap if most is None else min(gap, most)
    first = first + step if first < place else first - step
    return painted(len(row), [(place, 1, dot), (first, length, colour)])


def scale_to_dot(row: Row) -> Row | None:
    """Stretch the block over the dot, its far end fixed."""
    found = _dot_and_block(row, 2)
    if found is None:
        return None
    place, first, length, colour = found
    begin, end = min(first, place), max(first + length, place + 1)
    return painted(len(row), [(begin, end - begin, colour)])


def reflect_around_dot(row: Row) -> Row | None:
    """Reflect the block around the dot."""
    found = _dot_and_block(row, 2)
    if found is None:
        return None
    place, first, length, colour = found
    begin = 2 * place - (first + length - 1)
    if begin < 0 or begin + length > len(row):
        return None
    return painted(len(row), [(place, 1, 2), (begin, length, colour)])


def by_own_size(row: Row) -> Row | None:
    """Move the one block to the right by its own size."""
    found = runs(row)
    if len(found) != 1 or found[0].first + 2 * found[0].length > len(row):
        return None
    block = found[0]
    return painted(len(row), [(block.first + block.length, block.length, block.colour)])


def reflect_block(row: Row) -> Row | None:
    """Turn round the one stretch of cells that are not 0."""
    found = blocks(row)
    if len(found) != 1:
        return None
    first, end = found[0].first, found[0].first + found[0].length
    return (*row[:first], *reversed(row[first:end]), *row[end:])


def sort_blocks(row: Row) -> Row | None:
    """Write the blocks by size from the left, one 0 between them."""
    found = sorted(runs(row), key=lambda run: run.length)
    if len(found) < 2 or len({run.colour for run in found}) != 1:
        return None
    place, written = 0, []
    for run in found:
        written.append((place, run.length, run.colour))
        place += run.length + 1
    return painted(len(row), written) if place - 1 <= len(row) else None
