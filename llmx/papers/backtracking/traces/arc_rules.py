"""The table of Arc 1D rules: reasoning-gym's name → words and a function of a row.

reasoning-gym has generators of examples, not functions of an input; these are written anew, and a
test holds each against what the generator gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from llmx.papers.backtracking.traces import arc_moves as moves
from llmx.papers.backtracking.traces import arc_paints as paints
from llmx.papers.backtracking.traces.arc_blocks import Row

Transform = Callable[[Row], Row | None]


@dataclass(frozen=True)
class ArcRule:
    """Words without a full stop, unique in the table, and what the rule makes of a row."""

    words: str
    apply: Transform


def mirrored(transform: Transform) -> Transform:
    """Return the rule as it reads from the right."""

    def apply(row: Row) -> Row | None:
        found = transform(row[::-1])
        return found and found[::-1]

    return apply


def _shifts() -> dict[str, ArcRule]:
    found = {}
    for by in range(1, 5):
        cells = "1 cell" if by == 1 else f"{by} cells"
        for kind, what in (("solid", "the block of one colour"), ("colorful", "the block")):
            for end, wraps in (("", ""), ("_wrapped", ", round the edge")):
                move = partial(moves.wrapped_shift if wraps else moves.shift, by=by)
                for side, apply in (("right", move), ("left", mirrored(move))):
                    words = f"move {what} {cells} to the {side}{wraps}"
                    found[f"move_{by}pix_{kind}{end}_{side}"] = ArcRule(words, apply)
    return found


_FALLS: dict[str, tuple[Transform, str]] = {
    "gravity": (moves.gravity, "let all cells fall to the {near}"),
    "gravity_counting": (moves.gravity_counting, "count the cells and write as many 1s {near}"),
    "gravity_antigravity": (
        moves.gravity_antigravity,
        "let 2 fall to the {near} and 1 to the {far}",
    ),
    "gravity_one_step": (moves.gravity_one_step, "let all cells move one step to the {near}"),
    "gravity_weighted_colors": (moves.gravity_weighted, "write the 2s and then the 1s {near}"),
}


def _falls() -> dict[str, ArcRule]:
    found = {}
    for name, (fall, words) in _FALLS.items():
        # The generator's names for a side are those of the mirrored form.
        found[f"{name}_right"] = ArcRule(words.format(near="left", far="right"), fall)
        found[f"{name}_left"] = ArcRule(words.format(near="right", far="left"), mirrored(fall))
    return found


def _touches() -> dict[str, ArcRule]:
    found = {}
    for most in range(1, 5):
        words = f"move the block towards the dot by at most {most}"
        apply = partial(moves.touch_dot, dot=2, most=most)
        found[f"block_touch_dot_{most}pix"] = ArcRule(words, apply)
    return found


RULES: dict[str, ArcRule] = {
    **_shifts(),
    **_falls(),
    **_touches(),
    "block_touch_dot": ArcRule(
        "move the block until it touches the dot", partial(moves.touch_dot, dot=1, most=None)
    ),
    "block_scale_to_dot": ArcRule("stretch the block over the dot", moves.scale_to_dot),
    "block_and_noise_remove": ArcRule("remove the cells beside the block", paints.remove_noise),
    "block_and_noise_remove_inside": ArcRule(
        "give the whole block its most frequent colour", paints.remove_noise_inside
    ),
    "move_block_by_own_size": ArcRule("move the block to the right by its size", moves.by_own_size),
    "two_points_and_fill": ArcRule("fill the space between the two cells", paints.fill_between),
    "two_points_and_fill_inv": ArcRule("keep the two ends of the block", paints.hollow),
    "copy_block_to_dots": ArcRule(
        "copy the first block around each dot", partial(paints.copy_to_dots, coloured=False)
    ),
    "copy_block_to_dots_colors": ArcRule(
        "copy the first block around each dot in its colour",
        partial(paints.copy_to_dots, coloured=True),
    ),
    "repeat_pattern_full": ArcRule("repeat the pattern to the end", paints.repeat_pattern),
    "reflect_block_with_border_pixel": ArcRule(
        "turn the block with one other end round", moves.reflect_block
    ),
    "reflect_block_random": ArcRule("turn the colourful block round", moves.reflect_block),
    "reflect_block_around_dot": ArcRule(
        "reflect the block around the dot", moves.reflect_around_dot
    ),
    "paint_biggest_block": ArcRule("give the biggest block colour 1", paints.paint_biggest),
    "recolor_blocks_by_size": ArcRule(
        "give the bigger block colour 1 and the smaller colour 2", paints.recolour_by_size
    ),
    "change_to_five": ArcRule("give all cells colour 5", paints.to_five),
    "recolor_blocks_from_palette": ArcRule(
        "give the blocks the colours on the left", paints.recolour_from_palette
    ),
    "color_left_half_blocks": ArcRule(
        "give the left half of each block colour 8", paints.colour_left_half
    ),
    "sort_blocks_by_size": ArcRule("sort the blocks by size", moves.sort_blocks),
    "sort_complete_sequence": ArcRule("sort the blocks of all sizes from 1 on", moves.sort_blocks),
    "duplicate_block_from_seeds": ArcRule(
        "repeat the block from the cells beside it", paints.duplicate_from_seeds
    ),
    "fill_from_pixel": ArcRule("spread the cell beside the block", paints.fill_from_pixel),
    "fill_until_collision": ArcRule(
        "fill from each cell towards the 5", paints.fill_until_collision
    ),
    "mark_size_two_blocks": ArcRule("write 3 beside each block of two", paints.mark_twos),
}
"""Name → rule, in a fixed order."""
