"""Lines in a frame: one curve a name, with the axes of :mod:`llmx.report.scale`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.report.placement import Box
from llmx.report.plot import STYLE, look
from llmx.report.scale import Scale, fitted
from llmx.report.svg import element, label, line, marker

_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 16.0, 16.0, 52.0
_LEGEND, _ROW = 130.0, 20.0
_LETTER, _MARK = 6.6, 34.0  # of a name in the legend, and what stands before it


@dataclass(frozen=True)
class Line:
    """A named curve, in the axes' units.

    Attributes:
        low, high: the edges of a band around it, as long as `y`; empty = no band.
        raw: what the curve is a smoothed form of, drawn thin; empty = nothing.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    raw: Sequence[float] = ()

    @property
    def heights(self) -> tuple[float, ...]:
        """Everything that has to fit on the vertical axis."""
        return (*self.y, *self.low, *self.high, *self.raw)


def curves(
    lines: Sequence[Line],
    x_title: str,
    y_title: str,
    title: str,
    width: float = 760,
    height: float = 420,
    x_roof: float | None = 100,
    y_floor: float | None = 0,
    y_roof: float | None = None,
) -> str:
    """Return an SVG document with a legend at its right.

    Args:
        lines: at least one, none empty; colours and shapes in their order.
        x_roof: a value that the horizontal axis must not go over (100 for a percentage).
        y_floor: a value that the vertical axis must not go under.
        y_roof: one that it must not go over.
    """
    legend = max(_LEGEND, _MARK + _LETTER * max(len(one.name) for one in lines))
    frame = Box(_LEFT, _TOP, width - _RIGHT - min(legend, width / 2), height - _BOTTOM)
    x = fitted((v for one in lines for v in one.x), frame.left, frame.right, roof_at=x_roof)
    heights = (v for one in lines for v in one.heights)
    y = fitted(heights, frame.bottom, frame.top, floor_at=y_floor, roof_at=y_roof)
    body = [*_axes(x, y, frame, x_title, y_title)]
    for index, one in enumerate(lines):
        body += _behind(one, index, x, y)
    for index, one in enumerate(lines):
        body += _curve(one, index, x, y) + _key(one.name, index, frame)
    return element(
        "svg",
        element("title", title),
        element("style", STYLE),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        class_="llmx-plot",
        role="img",
    )


def _axes(x: Scale, y: Scale, frame: Box, x_title: str, y_title: str) -> list[str]:
    drawn = []
    for value in x.ticks():
        drawn.append(line(x(value), frame.top, x(value), frame.bottom, class_="grid"))
        drawn.append(label(x.name(value), x(value), frame.bottom + 18, text_anchor="middle"))
    for value in y.ticks():
        drawn.append(line(frame.left, y(value), frame.right, y(value), class_="grid"))
        drawn.append(label(y.name(value), frame.left - 8, y(value) + 4, text_anchor="end"))
    turn = f"translate(16 {(frame.top + frame.bottom) / 2:g}) rotate(-90)"
    middle = (frame.left + frame.right) / 2
    words: dict[str, str | float] = {"class_": "axis", "text_anchor": "middle"}
    return [
        *drawn,
        line(frame.left, frame.bottom, frame.right, frame.bottom, class_="frame"),
        line(frame.left, frame.top, frame.left, frame.bottom, class_="frame"),
        label(x_title, middle, frame.bottom + 40, **words),
        label(y_title, 0, 0, transform=turn, **words),
    ]


def _behind(one: Line, index: int, x: Scale, y: Scale) -> list[str]:
    """Draw the band and the raw values, under all curves."""
    colour, drawn = look(index)[0], []
    if one.low and one.high:
        edge = [*zip(one.x, one.low, strict=True), *reversed([*zip(one.x, one.high, strict=True)])]
        corners = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in edge)
        drawn.append(element("polygon", points=corners, fill=colour, fill_opacity="0.14"))
    if one.raw:
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(one.x, one.raw, strict=True))
        style: dict[str, str | float] = {"stroke": colour, "stroke_width": 1}
        drawn.append(element("polyline", points=path, fill="none", stroke_opacity="0.35", **style))
    return drawn


def _curve(one: Line, index: int, x: Scale, y: Scale) -> list[str]:
    colour, shape = look(index)
    places = [(x(a), y(b)) for a, b in zip(one.x, one.y, strict=True)]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    drawn = [element("polyline", points=path, fill="none", stroke=colour, stroke_width=1.8)]
    return drawn + [marker(shape, *places[at], 4, fill=colour) for at in _spread(len(places))]


def _spread(count: int) -> list[int]:
    """Return about six places of a curve that carry its marker."""
    return sorted({round(part * (count - 1) / 5) for part in range(6)})


def _key(name: str, index: int, frame: Box) -> list[str]:
    colour, shape = look(index)
    left, at = frame.right + 18, frame.top + 12 + index * _ROW
    return [marker(shape, left, at, 5, fill=colour), label(name, left + 12, at + 4)]
