"""Which arms belong together, and what they look like: a colour a family, a shape a member.

`fsd_h_lo`, `fsd_h_mid` and `fsd_h_hi` are one family, and so are the points of a sweep. An arm and
its twin under another reference (`fsd_h_lo_t0` beside `sd_t0`) look alike, but the twin is hollow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmx.report.svg import SHAPES, marker

# Okabe and Ito (2008) without yellow, which is too pale on white; then muted ones of Tol (2021).
COLOURS = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a"),
    *("#882255", "#44aa99", "#332288", "#999933"),
)


@dataclass(frozen=True)
class Look:
    """How an arm is drawn.

    Attributes:
        family: its arms have one colour; those of one `line` are joined.
        hollow: whether it is the twin of another arm.
    """

    colour: str
    shape: str
    family: str
    line: str
    hollow: bool = False


def drawn_mark(look: Look, x: float, y: float, size: float) -> str:
    """Return the marker of an arm; that of a twin is hollow."""
    if look.hollow:
        ring: dict[str, str | float] = {"stroke": look.colour, "stroke_width": 2}
        return marker(look.shape, x, y, size - 1, fill="#fff", class_="hollow", **ring)
    return marker(look.shape, x, y, size, fill=look.colour, class_="mark")


def looks(arms: Sequence[str], references: Mapping[str, str] | None = None) -> dict[str, Look]:
    """Return arm → its look, in the order of the arms.

    Args:
        references: arm → the arm that it is compared with, where there are several.
    """
    twins = _twins(arms, references or {})
    roots = {arm: _root(arm, twins) for arm in arms}
    families = list(dict.fromkeys(root for root, _, _ in roots.values()))
    members: dict[str, list[str]] = {}
    for root, member, _ in roots.values():
        found = members.setdefault(root, [])
        found += [member] if member not in found else []
    return {
        arm: Look(
            colour=COLOURS[families.index(root) % len(COLOURS)],
            # One more shape for each round through the colours, so that no two families are alike.
            shape=SHAPES[(members[root].index(member) + families.index(root)) % len(SHAPES)],
            family=root,
            line=f"{root} {twin}",
            hollow=bool(twin),
        )
        for arm, (root, member, twin) in roots.items()
    }


def _twins(arms: Sequence[str], references: Mapping[str, str]) -> set[str]:
    """Return last words of references that name a variant: ``t0`` of ``sd_t0`` beside ``sd``."""
    known = {name.partition("@")[0] for name in references.values()} & {*arms}
    return {name.rpartition("_")[2] for name in known if name.rpartition("_")[0] in known}


def _root(arm: str, twins: set[str]) -> tuple[str, str, str]:
    """Return family, member and twin of an arm."""
    name, _, point = arm.partition("@")
    twin = next((one for one in twins if name.endswith(f"_{one}")), "")
    name = name.removesuffix(f"_{twin}") if twin else name
    root, _, member = name.rpartition("_")
    return (root or name), f"{member if root else ''}@{point}", twin
