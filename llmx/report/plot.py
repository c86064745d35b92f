"""The picture of a report: accuracy against speed, or accuracy where nothing was timed.

One marker an arm, bars for the intervals.

Arms of a family have one colour and are joined. A name stands beside its marker where there is room
for it; where there is not for all, a legend beneath the picture names every arm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from llmx.core.figure import Figures, Span
from llmx.report.axes import BOTTOM, LEFT, RIGHT, TOP, legend, legend_height, x_axis, y_axis
from llmx.report.families import Look, drawn_mark, looks
from llmx.report.figures import names
from llmx.report.figures.by_arm import arms_of, references_of
from llmx.report.numbers import number_span, percent_span
from llmx.report.placement import Box, Placed, placed_clear
from llmx.report.rows import accuracies
from llmx.report.scale import Scale, fitted, fitted_rate
from llmx.report.svg import LETTER, document, element, label, line

_TEXT = 14.0


@dataclass(frozen=True)
class _Point:
    """An arm in both measures; `y` is in percent."""

    arm: str
    x: Span
    y: Span
    look: Look

    def mark(self, x: float, y: float, size: float = 6) -> str:
        """Draw the marker."""
        return drawn_mark(self.look, x, y, size)


def picture(figures: Figures, width: float = 760, height: float = 460, name: str = "plot") -> str:
    """Return the SVG document of a report; `height` is that of accuracy against speed."""
    arms, references = arms_of(figures), references_of(figures)
    if _untimed(figures):
        return accuracies(figures, arms, width, name)
    return plot(figures, arms, references, width, height, name)


def caption(figures: Figures) -> str:
    """Return the picture's title."""
    return "Accuracy" if _untimed(figures) else "Accuracy against speed"


def _untimed(figures: Figures) -> bool:
    scored = figures.of(names.ACCURACY, arms_of(figures))
    return bool(scored) and not any(one.against is None for one in figures.of(names.TOKEN_RATE))


def plot(
    figures: Figures,
    arms: Sequence[str],
    references: Mapping[str, str] | None = None,
    width: float = 760,
    height: float = 460,
    name: str = "plot",
) -> str:
    """Return an SVG document, also fit to stand inside an HTML page.

    Args:
        figures: arms without accuracy or without a measured speed are left out.
        arms: in the order of the report, which colours and shapes follow.
        references: arm → the arm that it is compared with, where there are several.
        width: in pixels of its own coordinates; it scales to where it is put.
        height: of the picture without its legend.
        name: prefix of the ids inside, unique in a page.
    """
    points = _points(figures, arms, references)
    if not points:
        words = "No arm has both an accuracy and a speed."
        body, low = [label(words, width / 2, height / 2, text_anchor="middle")], height
    else:
        body, low = _drawn(points, width, height)
    said = "; ".join(map(_words, points)) or "No arm has both."
    return document("Accuracy against speed", body, width, low, said, name)


def _points(
    figures: Figures, arms: Sequence[str], references: Mapping[str, str] | None
) -> list[_Point]:
    found, look = [], looks(arms, references)
    for arm in arms:
        speed, accuracy = (figures.find(one, arm) for one in (names.TOKEN_RATE, names.ACCURACY))
        if speed is not None and accuracy is not None:
            found.append(_Point(arm, speed.span, accuracy.span.scaled(100), look[arm]))
    return found


def _words(point: _Point) -> str:
    accuracy = percent_span(point.y.scaled(0.01))
    return f"{point.arm}: {accuracy} % at {number_span(point.x)} tokens/s"


def _drawn(points: Sequence[_Point], width: float, height: float) -> tuple[list[str], float]:
    """Return what is drawn, and how high it is with its legend."""
    frame = Box(LEFT, TOP, width - RIGHT, height - BOTTOM)
    count = 4 if width < 500 else 7
    spread_x = chain.from_iterable(point.x.ends() for point in points)
    spread_y = chain.from_iterable(point.y.ends() for point in points)
    x = fitted_rate(spread_x, frame.left, frame.right, count=count)
    y = fitted(spread_y, frame.bottom, frame.top, floor_at=0, roof_at=100)
    axes = [
        *x_axis(x, frame, f"Speed (tokens/s{', logarithmic' if x.logarithmic else ''})"),
        *y_axis(y, frame, "Accuracy (%)"),
    ]
    marks, whole = _marks(points, x, y, frame)
    body = [*axes, *_joined(points, x, y), *_bars(points, x, y), *marks]
    if whole:
        return body, height
    order = list(dict.fromkeys(point.look.family for point in points))
    by_family = sorted(points, key=lambda point: order.index(point.look.family))
    entries = [(point.mark(0, 0, 5), point.arm) for point in by_family]
    room = width - 2 * RIGHT
    body += legend(entries, RIGHT, height + 6, room)
    return body, height + legend_height([name for _, name in entries], room)


def _joined(points: Sequence[_Point], x: Scale, y: Scale) -> list[str]:
    """Join the arms of a family in the order of their speeds."""
    lines: dict[str, list[_Point]] = {}
    for point in points:
        lines.setdefault(point.look.line, []).append(point)
    drawn = []
    for members in lines.values():
        order = sorted(members, key=lambda point: point.x.estimate)
        path = " ".join(f"{x(p.x.estimate):.1f},{y(p.y.estimate):.1f}" for p in order)
        if len(order) > 1:
            look = order[0].look
            dashes: dict[str, str] = {"stroke_dasharray": "4 3"} if look.hollow else {}
            style: dict[str, str | float] = {"stroke": look.colour, "stroke_width": 1.2, **dashes}
            drawn.append(
                element("polyline", points=path, fill="none", stroke_opacity="0.55", **style)
            )
    return drawn


def _bars(points: Sequence[_Point], x: Scale, y: Scale) -> list[str]:
    drawn = []
    for point in points:
        (left, right), (low, high) = point.x.ends(), point.y.ends()
        at_x, at_y = x(point.x.estimate), y(point.y.estimate)
        style: dict[str, str | float] = {"stroke": point.look.colour, "stroke_width": 1.6}
        style |= {"stroke_opacity": "0.6"}
        drawn.append(line(x(left), at_y, x(right), at_y, **style))
        drawn.append(line(at_x, y(low), at_x, y(high), **style))
    return drawn


def _marks(points: Sequence[_Point], x: Scale, y: Scale, frame: Box) -> tuple[list[str], bool]:
    """Return markers and the names that have room, and whether all have."""
    centres = [(x(point.x.estimate), y(point.y.estimate)) for point in points]
    widths = [LETTER * len(point.arm) + 2 for point in points]
    labels = placed_clear(centres, widths, _TEXT, frame, _obstacles(points, centres, x, y))
    drawn = [_lead(c, p) for c, p in zip(centres, labels, strict=True) if p is not None and p.far]
    drawn += [point.mark(*centre) for point, centre in zip(points, centres, strict=True)]
    for point, placed in zip(points, labels, strict=True):
        if placed is not None:
            middle = (placed.box.left + placed.box.right) / 2
            at = placed.box.bottom - 3
            drawn.append(label(point.arm, middle, at, class_="name", text_anchor="middle"))
    return drawn, None not in labels


def _obstacles(
    points: Sequence[_Point], centres: Sequence[tuple[float, float]], x: Scale, y: Scale
) -> list[Box]:
    found = []
    for point, (at_x, at_y) in zip(points, centres, strict=True):
        (left, right), (low, high) = point.x.ends(), point.y.ends()
        found.append(Box(at_x - 8, at_y - 8, at_x + 8, at_y + 8))
        found.append(Box(x(left), at_y - 1, x(right), at_y + 1))
        found.append(Box(at_x - 1, y(high), at_x + 1, y(low)))
    return found


def _lead(centre: tuple[float, float], placed: Placed) -> str:
    """Join a marker to the nearest point of its label."""
    box = placed.box
    near_x = min(max(centre[0], box.left), box.right)
    near_y = min(max(centre[1], box.top), box.bottom)
    return line(*centre, near_x, near_y, class_="lead")
