"""Figures of a run as pictures ask for them: points by arm, method and size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from llmx.core.figure import Figure, Figures, Span
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.points import COSTS
from llmx.report.axes import drawn_span
from llmx.report.families import COLOURS

AXIS = "drawn by "
"""Mark of all arms, with the kind of cost that pictures are drawn against."""


@dataclass(frozen=True)
class DrawnPoint:
    """A point of a picture.

    Attributes:
        accuracy: in percent.
        share: of resamples in which it is on the frontier; None = not told.
    """

    arm: str
    label: str
    size: float
    cost: float
    accuracy: Span
    share: float | None


def axis_of(figures: Figures) -> str:
    """Return the kind of cost that the run is drawn by; tokens where it does not say."""
    named = (mark.removeprefix(AXIS) for mark in figures.marks if mark.startswith(AXIS))
    return next((one for one in named if one in COSTS), "completion")


def points(figures: Figures, kind: str) -> list[DrawnPoint]:
    """Return every method at a size with a known cost of a kind, but for the oracle."""
    costs = _by_key(figures.figures, f"{kind} cost, ")
    shares = _by_key(figures.figures, f"share on the frontier by {kind}, ")
    oracle = figure_names.label(figure_names.ORACLE)
    found = _by_key(figures.figures, "accuracy, ")
    return [
        DrawnPoint(
            arm,
            label,
            size,
            costs[arm, label, size].span.estimate,
            drawn_span(one),
            shares[arm, label, size].span.estimate if (arm, label, size) in shares else None,
        )
        for (arm, label, size), one in found.items()
        if (arm, label, size) in costs and label != oracle
    ]


def sizes_of(figures: Figures, quantity: str) -> dict[str, list[Figure]]:
    """Return arm → its figures of a quantity, by size."""
    found: dict[str, list[Figure]] = {}
    for one in figures.of(quantity):
        if one.at is not None and one.against is None:
            found.setdefault(one.arm, []).append(one)
    return {arm: sorted(own, key=lambda one: one.at or 0.0) for arm, own in found.items()}


def _by_key(figures: Iterable[Figure], start: str) -> dict[tuple[str, str, float], Figure]:
    return {
        (one.arm, one.quantity.removeprefix(start), one.at): one
        for one in figures
        if one.quantity.startswith(start) and one.at is not None
    }


def colours(arms: Iterable[str]) -> dict[str, str]:
    """Return a colour for each arm: those of a family are compared here, and differ."""
    known = list(dict.fromkeys(arms))
    return {arm: COLOURS[at % len(COLOURS)] for at, arm in enumerate(known)}


def arms_of(figures: Figures) -> list[str]:
    """Return the arms of a run, in their order."""
    return list(dict.fromkeys(one.arm for one in figures.of(figure_names.ONE_ANSWER)))
