"""Lines in a frame: one curve a name, with a legend beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from llmx.report.axes import BOTTOM, LEFT, RIGHT, TOP, legend, legend_height, x_axis, y_axis
from llmx.report.families import Look, drawn_mark, looks
from llmx.report.placement import Box
from llmx.report.scale import Scale, fitted, fitted_rate
from llmx.report.svg import document, element


@dataclass(frozen=True)
class Line:
    """A named curve, in the axes' units.

    Attributes:
        low, high: the edges of a band around it, as long as `y`; empty = no band.
        raw: what the curve is a smoothed form of, drawn thin; empty = nothing.
        law: whether it is no measurement, but what a rule foretells: dashed, without markers.
        colour: of its own; empty = that of its family.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    raw: Sequence[float] = ()
    law: bool = False
    colour: str = ""

    @property
    def heights(self) -> tuple[float, ...]:
        """Everything that has to fit on the vertical axis."""
        return (*self.y, *self.low, *self.high, *self.raw)


def curves(
    lines: Sequence[Line],
    x_title: str,
    y_title: str,
    title: str,
    width: float = 560,
    height: float = 360,
    x_roof: float | None = 100,
    y_floor: float | None = 0,
    y_roof: float | None = None,
    x_log: bool = False,
) -> str:
    """Return an SVG document; letters are legible where it is 400 pixels wide.

    Args:
        lines: at least one, none empty; colours by family, shapes by member.
        height: of the picture without its legend.
        x_roof: a value that the horizontal axis must not go over (100 for a percentage).
        y_floor: a value that the vertical axis must not go under.
        y_roof: one that it must not go over.
        x_log: whether the horizontal axis is logarithmic where its values span much.
    """
    body, low = panel(lines, x_title, y_title, width, height, x_roof, y_floor, y_roof, x_log)
    return document(title, body, width, low)


def panel(
    lines: Sequence[Line],
    x_title: str,
    y_title: str,
    width: float,
    height: float,
    x_roof: float | None = None,
    y_floor: float | None = 0,
    y_roof: float | None = None,
    x_log: bool = False,
) -> tuple[list[str], float]:
    """Return what is drawn, from (0, 0), and how high it is with its legend."""
    frame = Box(LEFT, TOP, width - RIGHT, height - BOTTOM)
    across = [v for one in lines for v in one.x]
    linear = fitted(across, frame.left, frame.right, roof_at=x_roof)
    x = fitted_rate(across, frame.left, frame.right) if x_log else linear
    heights = (v for one in lines for v in one.heights)
    y = fitted(heights, frame.bottom, frame.top, floor_at=y_floor, roof_at=y_roof)
    look = {
        one.name: replace(known, colour=one.colour) if one.colour else known
        for one, known in zip(lines, looks([one.name for one in lines]).values(), strict=True)
    }
    body = [*x_axis(x, frame, x_title), *y_axis(y, frame, y_title)]
    for one in lines:
        body += _behind(one, look[one.name], x, y)
    for one in lines:
        body += _curve(one, look[one.name], x, y)
    room = width - 2 * RIGHT
    entries = [(_key(one, look[one.name]), one.name) for one in lines]
    body += legend(entries, RIGHT, height + 6, room)
    return body, height + legend_height([one.name for one in lines], room)


def stacked(
    panels: Sequence[tuple[str, Sequence[Line]]],
    y_title: str,
    title: str,
    width: float = 560,
    height: float = 260,
    y_floor: float | None = 0,
) -> str:
    """Return pictures beneath each other, each with an axis of its own: (its title, its lines)."""
    body: list[str] = []
    top = 0.0
    for x_title, lines in panels:
        drawn, low = panel(lines, x_title, y_title, width, height, y_floor=y_floor)
        body.append(element("g", *drawn, transform=f"translate(0 {top:g})"))
        top += low + 8
    return document(title, body, width, top)


def _key(one: Line, look: Look) -> str:
    if one.law:
        return element("polyline", points="-7,0 7,0", **_stroke(look, dashed=True))
    return drawn_mark(look, 0, 0, 5)


def _stroke(look: Look, dashed: bool) -> dict[str, str | float]:
    dashes: dict[str, str | float] = {"stroke_dasharray": "5 4"} if dashed else {}
    return {"fill": "none", "stroke": look.colour, "stroke_width": 1.8, **dashes}


def _behind(one: Line, look: Look, x: Scale, y: Scale) -> list[str]:
    """Draw the band and the raw values, under all curves."""
    drawn = []
    if one.low and one.high:
        edge = [*zip(one.x, one.low, strict=True), *reversed([*zip(one.x, one.high, strict=True)])]
        corners = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in edge)
        drawn.append(element("polygon", points=corners, fill=look.colour, fill_opacity="0.14"))
    if one.raw:
        path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(one.x, one.raw, strict=True))
        style: dict[str, str | float] = {"stroke": look.colour, "stroke_width": 1}
        drawn.append(element("polyline", points=path, fill="none", stroke_opacity="0.35", **style))
    return drawn


def _curve(one: Line, look: Look, x: Scale, y: Scale) -> list[str]:
    places = [(x(a), y(b)) for a, b in zip(one.x, one.y, strict=True)]
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
    drawn = [element("polyline", points=path, **_stroke(look, dashed=one.law))]
    if one.law:
        return drawn
    return drawn + [drawn_mark(look, *places[at], 4) for at in _spread(len(places))]


def _spread(count: int) -> list[int]:
    """Return about six places of a curve that carry its marker."""
    return sorted({round(part * (count - 1) / 5) for part in range(6)})
