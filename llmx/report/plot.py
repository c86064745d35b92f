"""The picture of a report: accuracy against speed, one marker an arm, bars for the intervals."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from llmx.core.figure import Span
from llmx.report.numbers import number_span, percent_span
from llmx.report.placement import Box, Placed, place
from llmx.report.results import Results, Row
from llmx.report.scale import Scale, fitted, fitted_rate
from llmx.report.svg import SHAPES, element, label, line, marker

# Okabe and Ito (2008), without yellow, which is too pale on white; each also has its own shape.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a8a8a")

STYLE = """
.llmx-plot{font-family:system-ui,sans-serif;color:#1b1f24;background:#fff}
.llmx-plot text{fill:currentColor;font-size:12px}
.llmx-plot .name{font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:3px}
.llmx-plot .axis{font-size:13px}
.llmx-plot .grid{stroke:currentColor;stroke-opacity:.13}
.llmx-plot .frame{stroke:currentColor;stroke-opacity:.5}
.llmx-plot .lead{stroke:currentColor;stroke-opacity:.4}
.llmx-plot .mark{stroke:#fff;stroke-width:1px}
@media (prefers-color-scheme:dark){
.llmx-plot{color:#e6e8eb;background:#15181c}
.llmx-plot .name,.llmx-plot .mark{stroke:#15181c}}
""".replace("\n", "")

_TEXT, LETTER = 14.0, 7.9
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 16.0, 16.0, 52.0


@dataclass(frozen=True)
class _Point:
    row: Row
    x: Span
    y: Span
    colour: str
    shape: str


def plot(results: Results, width: float = 760, height: float = 460, name: str = "plot") -> str:
    """Return an SVG document, also fit to stand inside an HTML page.

    Args:
        results: arms without accuracy or without a measured speed are left out.
        width: in pixels of its own coordinates; it scales to where it is put.
        height: likewise.
        name: prefix of the ids inside, unique in a page.
    """
    points = _points(results)
    body = _drawn(points, width, height) if points else _empty(width, height)
    title = element("title", "Accuracy against speed", id=f"{name}-title")
    words = "; ".join(_words(point) for point in points) or "No arm has both."
    about = element("desc", escaped(words), id=f"{name}-desc")
    return element(
        "svg",
        title,
        about,
        element("style", STYLE),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        class_="llmx-plot",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def look(index: int) -> tuple[str, str]:
    """Return colour and shape of the arm at a position in the report."""
    return COLOURS[index % len(COLOURS)], SHAPES[index % len(SHAPES)]


def _points(results: Results) -> list[_Point]:
    return [
        _Point(row, row.tokens_per_second, in_percent(row.accuracy), *look(index))
        for index, row in enumerate(results.rows)
        if row.tokens_per_second is not None and row.accuracy is not None
    ]


def in_percent(span: Span) -> Span:
    """Return a share with its interval in percent."""
    low, high = (None if end is None else 100 * end for end in (span.low, span.high))
    return Span(estimate=100 * span.estimate, low=low, high=high, level=span.level)


def _words(point: _Point) -> str:
    accuracy = percent_span(point.row.accuracy)
    return f"{point.row.arm}: {accuracy} % at {number_span(point.x)} tokens/s"


def escaped(text: str) -> str:
    """Return a text as it may stand in an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _empty(width: float, height: float) -> list[str]:
    words = "No arm has both an accuracy and a speed."
    return [label(words, width / 2, height / 2, text_anchor="middle")]


def ends(span: Span) -> tuple[float, float]:
    """Return the ends of an interval; without one both are the estimate."""
    low = span.estimate if span.low is None else span.low
    return low, span.estimate if span.high is None else span.high


def _drawn(points: list[_Point], width: float, height: float) -> list[str]:
    frame = Box(_LEFT, _TOP, width - _RIGHT, height - _BOTTOM)
    count = 4 if width < 500 else 7
    spread_x = chain.from_iterable(ends(point.x) for point in points)
    spread_y = chain.from_iterable(ends(point.y) for point in points)
    x = fitted_rate(spread_x, frame.left, frame.right, count=count)
    y = fitted(spread_y, frame.bottom, frame.top, floor_at=0, roof_at=100)
    return [*_axes(x, y, frame), *_bars(points, x, y), *_marks(points, x, y, frame)]


def _axes(x: Scale, y: Scale, frame: Box) -> list[str]:
    middle = (frame.top + frame.bottom) / 2
    vertical = [_tick_x(x, value, frame) for value in x.ticks()]
    horizontal = [_tick_y(y, value, frame) for value in y.ticks()]
    return [
        *chain.from_iterable(vertical + horizontal),
        line(frame.left, frame.bottom, frame.right, frame.bottom, class_="frame"),
        line(frame.left, frame.top, frame.left, frame.bottom, class_="frame"),
        label(
            f"Speed (tokens/s{', logarithmic' if x.logarithmic else ''})",
            (frame.left + frame.right) / 2,
            frame.bottom + 40,
            class_="axis",
            text_anchor="middle",
        ),
        label(
            "Accuracy (%)",
            0,
            0,
            class_="axis",
            text_anchor="middle",
            transform=f"translate(16 {middle:g}) rotate(-90)",
        ),
    ]


def _tick_x(x: Scale, value: float, frame: Box) -> list[str]:
    at, text = x(value), x.name(value)
    return [
        line(at, frame.top, at, frame.bottom, class_="grid"),
        label(text, at, frame.bottom + 18, text_anchor="middle"),
    ]


def _tick_y(y: Scale, value: float, frame: Box) -> list[str]:
    at, text = y(value), y.name(value)
    return [
        line(frame.left, at, frame.right, at, class_="grid"),
        label(text, frame.left - 8, at + 4, text_anchor="end"),
    ]


def _bars(points: list[_Point], x: Scale, y: Scale) -> list[str]:
    drawn = []
    for point in points:
        (left, right), (low, high) = ends(point.x), ends(point.y)
        at_x, at_y = x(point.x.estimate), y(point.y.estimate)
        style: dict[str, str | float] = {"stroke": point.colour, "stroke_width": 1.6}
        style |= {"stroke_opacity": "0.6"}
        drawn.append(line(x(left), at_y, x(right), at_y, **style))
        drawn.append(line(at_x, y(low), at_x, y(high), **style))
    return drawn


def _marks(points: list[_Point], x: Scale, y: Scale, frame: Box) -> list[str]:
    centres = [(x(point.x.estimate), y(point.y.estimate)) for point in points]
    widths = [LETTER * len(point.row.arm) + 2 for point in points]
    labels = place(centres, widths, _TEXT, frame, _obstacles(points, centres, x, y))
    drawn = []
    for point, centre, placed in zip(points, centres, labels, strict=True):
        if placed.far:
            drawn.append(_lead(centre, placed))
        drawn.append(marker(point.shape, *centre, 6, fill=point.colour, class_="mark"))
    for point, placed in zip(points, labels, strict=True):
        middle = (placed.box.left + placed.box.right) / 2
        at = placed.box.bottom - 3
        drawn.append(label(point.row.arm, middle, at, class_="name", text_anchor="middle"))
    return drawn


def _obstacles(
    points: list[_Point], centres: list[tuple[float, float]], x: Scale, y: Scale
) -> list[Box]:
    found = []
    for point, (at_x, at_y) in zip(points, centres, strict=True):
        (left, right), (low, high) = ends(point.x), ends(point.y)
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
