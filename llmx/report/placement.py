"""Placement of labels beside points, so that no two lie on each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Return the common area, in square pixels."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)

    def distance(self, point: Point) -> float:
        """Return the distance from a point to the nearest point of the box, in pixels."""
        across = max(self.left - point[0], 0.0, point[0] - self.right)
        along = max(self.top - point[1], 0.0, point[1] - self.bottom)
        return hypot(across, along)


@dataclass(frozen=True)
class Placed:
    """Where a label went; `far` if it needs a line back to its point."""

    box: Box
    far: bool


def placed_clear(
    points: Sequence[Point],
    widths: Sequence[float],
    height: float,
    frame: Box,
    obstacles: Sequence[Box],
) -> list[Placed | None]:
    """Place the labels for which there is room: clear of all others, of marks and of the edge.

    Lonely points come first; None for a label that would lie on something, or far from its point.

    Args:
        points: centres of the markers.
        widths: width of each label.
        height: height of every label.
        frame: no label leaves it.
        obstacles: what labels do not cover: markers, bars.
    """

    def crowd(index: int) -> float:
        x, y = points[index]
        return sum(1 / (9 + hypot(x - a, y - b)) for a, b in points)

    found: list[Placed | None] = [None] * len(points)
    for index in sorted(range(len(points)), key=crowd):
        others = [*points[:index], *points[index + 1 :]]
        taken = [label.box for label in found if label is not None]
        around = _Around(frame, obstacles, taken, points[index], others)
        near = _candidates(points[index], widths[index], height)[: 3 * len(_DIRECTIONS)]
        clear = [one for one in near if around.clear(one.box)]
        found[index] = min(clear, key=around.cost, default=None)
    return found


def _candidates(point: Point, width: float, height: float) -> list[Placed]:
    x, y = point
    found = []
    for ring in range(8):
        gap = 10.0 + 13.0 * ring
        for side, level in _DIRECTIONS:
            left = x + gap * side - width * (1 - side) / 2
            top = y + gap * level - height * (1 - level) / 2
            found.append(Placed(Box(left, top, left + width, top + height), far=ring > 0))
    return found


_DIRECTIONS = ((1, 0), (1, -1), (-1, 0), (-1, -1), (1, 1), (-1, 1), (0, -1), (0, 1))


@dataclass(frozen=True)
class _Around:
    """What the position of one label is judged by."""

    frame: Box
    obstacles: Sequence[Box]
    taken: Sequence[Box]
    own: Point
    others: Sequence[Point]

    def cost(self, label: Placed) -> float:
        """Covering a label or leaving the frame is worst, then marks, then doubt, distance."""
        box = label.box
        area = (box.right - box.left) * (box.bottom - box.top)
        outside = area - box.overlap(self.frame)
        labels = sum(box.overlap(other) for other in self.taken)
        marks = sum(box.overlap(other) for other in self.obstacles)
        doubt = 90.0 if self._astray(box) else 0.0
        return 100 * (outside + labels) + 4 * marks + doubt + (60 if label.far else 0)

    def clear(self, box: Box) -> bool:
        """Whether a label covers no other, next to nothing of the marks, and nothing is astray."""
        area = (box.right - box.left) * (box.bottom - box.top)
        inside = box.overlap(self.frame) >= area - 1e-6
        labels = sum(box.overlap(other) for other in self.taken)
        marks = sum(box.overlap(other) for other in self.obstacles)
        return inside and labels == 0 and marks <= 0.06 * area and not self._astray(box)

    def _astray(self, box: Box) -> bool:
        """Whether a reader could take the label for that of another point."""
        nearest = min((box.distance(other) for other in self.others), default=inf)
        return nearest < box.distance(self.own) + 4
