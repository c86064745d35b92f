"""The frame of a picture with axes, ticks and titles, and a legend that wraps beneath it."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Figure, Span
from llmx.report.placement import Box
from llmx.report.scale import Scale
from llmx.report.svg import LETTER, element, label, line

LEFT, RIGHT, TOP, BOTTOM = 58.0, 16.0, 16.0, 52.0
_ROW = 18.0


def axis_title(figure: Figure) -> str:
    """Return what stands at an axis: the quantity of a figure, and the unit that it is drawn in.

    A quantity begins with a capital letter; what a scorer calls its metric stays as it is.
    """
    unit = {"share": "%", "times": "×"}.get(figure.unit, figure.unit)
    whole = figure.quantity
    named = whole if figure.metric else whole[:1].upper() + whole[1:]
    return f"{named} ({unit})" if unit and unit != whole else named


def drawn_span(figure: Figure) -> Span:
    """Return the interval of a figure in the unit that it is drawn in: shares in percent."""
    return figure.span.scaled(100.0 if figure.unit in ("share", "points") else 1.0)


def x_axis(x: Scale, frame: Box, title: str) -> list[str]:
    """Return the lower edge with its ticks, upright lines and title."""
    drawn = []
    for value in x.ticks():
        at = x(value)
        drawn.append(line(at, frame.top, at, frame.bottom, class_="grid"))
        drawn.append(label(x.name(value), at, frame.bottom + 18, text_anchor="middle"))
    middle = (frame.left + frame.right) / 2
    return [
        *drawn,
        line(frame.left, frame.bottom, frame.right, frame.bottom, class_="frame"),
        label(title, middle, frame.bottom + 40, class_="axis", text_anchor="middle"),
    ]


def y_axis(y: Scale, frame: Box, title: str) -> list[str]:
    """Return the left edge with its ticks, level lines and turned title."""
    drawn = []
    for value in y.ticks():
        at = y(value)
        drawn.append(line(frame.left, at, frame.right, at, class_="grid"))
        drawn.append(label(y.name(value), frame.left - 8, at + 4, text_anchor="end"))
    turn = f"translate(16 {(frame.top + frame.bottom) / 2:g}) rotate(-90)"
    return [
        *drawn,
        line(frame.left, frame.top, frame.left, frame.bottom, class_="frame"),
        label(title, 0, 0, class_="axis", text_anchor="middle", transform=turn),
    ]


def flowed(names: Sequence[str], width: float) -> list[tuple[float, float]]:
    """Return where each entry of a legend begins, in pixels: left to right, then a line down."""
    places, x, y = [], 0.0, 0.0
    for name in names:
        wide = 30 + LETTER * len(name)
        if x and x + wide > width:
            x, y = 0.0, y + _ROW
        places.append((x, y))
        x += wide
    return places


def legend_height(names: Sequence[str], width: float) -> float:
    """Return the height that a legend takes, 0 without names."""
    return flowed(names, width)[-1][1] + _ROW + 6 if names else 0.0


def legend(entries: Sequence[tuple[str, str]], left: float, top: float, width: float) -> list[str]:
    """Return entries of (drawn mark at the origin, name), wrapped to a width."""
    places = flowed([name for _, name in entries], width)
    drawn = []
    for (mark, name), (x, y) in zip(entries, places, strict=True):
        drawn.append(element("g", mark, transform=f"translate({left + x + 8:g} {top + y:g})"))
        drawn.append(label(name, left + x + 18, top + y + 4, class_="key-name"))
    return drawn
