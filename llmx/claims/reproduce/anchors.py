"""Comparisons that others have measured: does ours point the same way?"""

from __future__ import annotations

from typing import Literal

from llmx.claims.paper import Anchor, Claim, Ours, Paper
from llmx.claims.reproduce.beside import Beside
from llmx.claims.reproduce.claims import said
from llmx.core.record import Frozen
from llmx.report.numbers import number, points
from llmx.report.verdict.model import CANNOT

Direction = Literal[
    "same direction",
    "other direction",
    "no direction shown here",
    "not run here",
    "cannot be recomputed",
]


class Anchored(Frozen):
    """A comparison by others beside ours; never a verdict on the paper."""

    id: str
    setting: str
    source: str
    theirs: str
    ours: Beside | None = None
    word: Direction
    reason: str


def anchored(paper: Paper, anchor: Anchor, ours: Beside | None) -> Anchored:
    """Compare the directions: above or below one (or nothing)."""
    first, second = paper.claim(anchor.first), paper.claim(anchor.second)
    value = _theirs(first, second, anchor.ours)
    unit = "points" if anchor.ours.quantity == "accuracy" else "times"
    text = f"{points(value)} points" if unit == "points" else f"{number(value, 2)} times"
    theirs = f"{text} ({_plain(first)} beside {_plain(second)})"
    word, reason = _direction(value - (0 if unit == "points" else 1), ours, anchor.ours)
    return Anchored(
        id=anchor.id,
        setting=anchor.setting,
        source=first.paper,
        theirs=theirs,
        ours=ours,
        word=word,
        reason=reason,
    )


def ranged(claim: Claim, ours: Beside | None) -> Anchored:
    """Return an anchor that is published as a ratio already."""
    assert claim.ours is not None and isinstance(claim.value, tuple)
    low, high = claim.value
    word, reason = _direction((low + high) / 2 - 1, ours, claim.ours)
    return Anchored(
        id=claim.id or claim.table,
        setting=f"{claim.table}: {claim.setting}",
        source=claim.paper,
        theirs=f"{number(low, 2)} to {number(high, 2)} times",
        ours=ours,
        word=word,
        reason=reason,
    )


def _theirs(first: Claim, second: Claim, ours: Ours) -> float:
    assert isinstance(first.value, float) and isinstance(second.value, float)
    if ours.quantity == "accuracy":
        return (first.value - second.value) / 100
    return first.value / second.value


def _plain(claim: Claim) -> str:
    return f"{claim.value:,g} {claim.unit}"


def _direction(theirs: float, ours: Beside | None, wanted: Ours) -> tuple[Direction, str]:
    if ours is None:
        return "not run here", f"No stored run of {wanted.recipe} holds it."
    none = 0.0 if ours.unit == "points" else 1.0
    reason = f"Here {said(ours)}."
    if ours.unkept:
        return CANNOT, reason
    if not ours.span.above(none) and not ours.span.below(none):
        return "no direction shown here", reason
    same = ours.span.above(none) == (theirs > 0)
    return "same direction" if same else "other direction", reason
