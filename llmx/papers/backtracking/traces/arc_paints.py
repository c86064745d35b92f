"""Rules of Arc 1D that fill, colour, remove or repeat. None: the rule cannot be applied."""

from __future__ import annotations

from collections import Counter

from llmx.papers.backtracking.traces.arc_blocks import Row, blocks, painted, runs


def fill_between(row: Row) -> Row | None:
    """Fill the space between two cells of one colour."""
    found = [place for place, colour in enumerate(row) if colour]
    if len(found) != 2 or row[found[0]] != row[found[1]]:
        return None
    return painted(len(row), [(found[0], found[1] - found[0] + 1, row[found[0]])])


def hollow(row: Row) -> Row | None:
    """Keep only the two ends of the one block."""
    found = runs(row)
    if len(found) != 1 or found[0].length < 2:
        return None
    first, last = found[0].first, found[0].first + found[0].length - 1
    return painted(len(row), [(first, 1, found[0].colour), (last, 1, found[0].colour)])


def remove_noise(row: Row) -> Row | None:
    """Remove the single cells beside the one block."""
    wide = [run for run in runs(row) if run.length > 1]
    if len(wide) != 1 or len(runs(row)) == 1:
        return None
    return painted(len(row), [(wide[0].first, wide[0].length, wide[0].colour)])


def remove_noise_inside(row: Row) -> Row | None:
    """Give the whole block its most frequent colour."""
    found = blocks(row)
    if len(found) != 1:
        return None
    first, length = found[0].first, found[0].length
    counted = Counter(row[first : first + length]).most_common()
    if len(counted) < 2 or counted[0][1] == counted[1][1]:
        return None
    return painted(len(row), [(first, length, counted[0][0])])


def copy_to_dots(row: Row, coloured: bool) -> Row | None:
    """Copy the block on the left around each single cell; `coloured`: in that cell's colour."""
    found = runs(row)
    if len(found) < 2 or found[0].first or found[0].length not in (3, 5):
        return None
    length, dots = found[0].length, found[1:]
    if any(dot.length != 1 for dot in dots):
        return None
    if not coloured and any(dot.colour != found[0].colour for dot in dots):
        return None
    copies = [(dot.first - length // 2, length, dot.colour) for dot in dots]
    return painted(len(row), [(0, length, found[0].colour), *copies])


def paint_biggest(row: Row) -> Row | None:
    """Give the biggest block colour 1."""
    found = sorted(runs(row), key=lambda run: -run.length)
    if len(found) < 2 or found[0].length == found[1].length:
        return None
    return painted(len(row), [(found[0].first, found[0].length, 1)], on=row)


def recolour_by_size(row: Row) -> Row | None:
    """Give the bigger of two blocks colour 1 and the smaller colour 2."""
    found = sorted(runs(row), key=lambda run: -run.length)
    if len(found) != 2 or found[0].length == found[1].length:
        return None
    return painted(len(row), [(run.first, run.length, n + 1) for n, run in enumerate(found)])


def to_five(row: Row) -> Row | None:
    """Give every cell that is not 0 colour 5."""
    return tuple(5 if colour else 0 for colour in row)


def recolour_from_palette(row: Row) -> Row | None:
    """Give the blocks of 5 the colours that stand on the left, in turn."""
    if 0 not in row or not row[0]:
        return None
    end = row.index(0)
    found = runs((0,) * end + row[end:])
    if len(found) != end or any(run.colour != 5 for run in found):
        return None
    written = [(run.first, run.length, row[n]) for n, run in enumerate(found)]
    return painted(len(row), written, on=row)


def colour_left_half(row: Row) -> Row | None:
    """Give the left half of each block colour 8."""
    found = runs(row)
    if len(found) < 2:
        return None
    return painted(len(row), [(run.first, run.length // 2, 8) for run in found], on=row)


def mark_twos(row: Row) -> Row | None:
    """Write 3 on both sides of each block of two."""
    found = [run for run in runs(row) if run.length == 2]
    if not found:
        return None
    ends = [end for run in found for end in (run.first - 1, run.first + 2)]
    return painted(len(row), [(end, 1, 3) for end in ends if 0 <= end < len(row)], on=row)


def fill_from_pixel(row: Row) -> Row | None:
    """Spread the single cell at the side of the block away from it."""
    found = runs(row)
    if len(found) != 2 or found[0].first + found[0].length != found[1].first:
        return None
    one, other = found
    if one.length == 1 and other.length > 1:
        return painted(len(row), [(0, one.first, one.colour)], on=row)
    if other.length == 1 and one.length > 1:
        return painted(len(row), [(other.first, len(row), other.colour)], on=row)
    return None


def fill_until_collision(row: Row) -> Row | None:
    """Fill the space from each cell towards the 5 at the end, up to the next cell."""
    if row.count(5) != 1 or (row[0] != 5 and row[-1] != 5):
        return None
    if row[0] != 5:
        mirrored = fill_until_collision(row[::-1])
        return mirrored and mirrored[::-1]
    filled, before = list(row), 0
    for place in range(1, len(row)):
        if row[place]:
            filled[before + 1 : place] = [row[place]] * (place - before - 1)
            before = place
    return tuple(filled)


def duplicate_from_seeds(row: Row) -> Row | None:
    """Repeat the block of 1s from the single cells beside it to the end, in their colours."""
    found = runs(row)
    wide = [run for run in found if run.length > 1]
    seeds = [run for run in found if run.length == 1]
    if len(wide) != 1 or wide[0].colour != 1 or not seeds:
        return None
    block, written = wide[0], []
    for seed in seeds:
        if seed.first not in (block.first - 2, block.first + block.length + 1):
            return None
        left = seed.first < block.first
        step = -(block.length + 1) if left else block.length + 1
        first = seed.first - block.length + 1 if left else seed.first
        while -block.length < first < len(row):
            written.append((first, block.length, seed.colour))
            first += step
    return painted(len(row), written, on=row)


def repeat_pattern(row: Row) -> Row | None:
    """Go on with the pattern that stands twice on the left, to the end."""
    count = row.index(0) if 0 in row else 0
    half = count // 2
    if not half or count % 2 or any(row[count:]) or row[:half] != row[half:count]:
        return None
    return tuple(row[place % half] for place in range(len(row)))
