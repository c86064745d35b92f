"""What each point of a sweep is compared with: its reference at the same point."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from llmx.config.points import Point

Values = tuple[Hashable, ...]


class Partners:
    """The points of one reference, found by the values that were swept of it.

    A sweep of two thousand points has as many references: looking through them all for each
    would take as long as the rest of the plan.
    """

    def __init__(self, candidates: Sequence[Point]) -> None:
        self.first = candidates[0] if candidates else None
        self.known: dict[tuple[str, ...], dict[Values, tuple[int, Point]]] = {}
        for place, point in enumerate(candidates):
            keys = tuple(sorted(point.swept))
            alike = self.known.setdefault(keys, {})
            alike.setdefault(_values(point, keys), (place, point))

    def of(self, point: Point) -> Point:
        """Return the first reference with the same value in `point` of all that is swept of it.

        The first of all where it is not swept alike; the point itself where there is none.
        """
        looked = ((keys, _values(point, keys)) for keys in self.known)
        found = [self.known[keys][held] for keys, held in looked if held in self.known[keys]]
        if found:
            return min(found, key=lambda one: one[0])[1]
        return self.first or point


def _values(point: Point, keys: Sequence[str]) -> Values:
    return tuple(_hashable(point.swept.get(key)) for key in keys)


def _hashable(value: Any) -> Hashable:
    """Return what is equal where the values are: a list or a mapping may be swept too."""
    if isinstance(value, dict):
        return frozenset((key, _hashable(held)) for key, held in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, (list, tuple)) else value
