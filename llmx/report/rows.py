"""Pictures of rows: a name an arm, and on its line intervals, or a dot a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from llmx.core.figure import Figures, Span
from llmx.report.axes import drawn_span, x_axis
from llmx.report.families import Look, drawn_mark, looks
from llmx.report.figures import names
from llmx.report.numbers import percent_span
from llmx.report.placement import Box
from llmx.report.scale import Scale, fitted
from llmx.report.svg import LETTER, document, label, line, marker

_RIGHT, _TOP, _BOTTOM, _ROW = 20.0, 12.0, 48.0, 26.0


@dataclass(frozen=True)
class RowOf:
    """One line of a picture.

    Attributes:
        span: drawn as a marker with its interval; of dots, the middle one.
        dots: single values, drawn small.
    """

    name: str
    look: Look
    span: Span
    dots: tuple[float, ...] = ()


def rows(
    found: Sequence[RowOf],
    x_title: str,
    title: str,
    width: float = 760,
    floor_at: float | None = None,
    roof_at: float | None = None,
    zero: bool = False,
    about: str = "",
    name: str = "",
) -> str:
    """Return an SVG document with a line for each row.

    Args:
        found: in their order; names that are long take at most half of the width.
        zero: whether the axis shows 0, with an upright line.
    """
    left = 16 + min(LETTER * max((len(one.name) for one in found), default=0), width / 2)
    height = _TOP + _BOTTOM + _ROW * max(1, len(found))
    frame = Box(left, _TOP, width - _RIGHT, height - _BOTTOM)
    values = [*chain.from_iterable((*one.span.ends(), *one.dots) for one in found)]
    count = 4 if width < 500 else 7
    values += [0.0] if zero or not values else []
    bounds = {"floor_at": floor_at, "roof_at": roof_at}
    x = fitted(values, frame.left, frame.right, count=count, **bounds)
    body = x_axis(x, frame, x_title)
    if zero and x.low <= 0 <= x.high:
        body.append(line(x(0), frame.top, x(0), frame.bottom, class_="frame"))
    for place, one in enumerate(found):
        body += _row(one, x, frame.top + _ROW * (place + 0.5), left)
    return document(title, body, width, height, about, name)


def _row(one: RowOf, x: Scale, y: float, left: float) -> list[str]:
    low, high = one.span.ends()
    name = both_ends(one.name, round((left - 16) / LETTER))
    drawn = [label(name, left - 10, y + 4, class_="name", text_anchor="end")]
    style: dict[str, str | float] = {"fill": one.look.colour, "opacity": 0.6}
    drawn += [marker("circle", x(value), y, 2.4, **style) for value in one.dots]
    if one.dots:
        middle = x(one.span.estimate)
        return [*drawn, line(middle, y - 8, middle, y + 8, stroke=one.look.colour, stroke_width=2)]
    style = {"stroke": one.look.colour, "stroke_width": 2}
    drawn.append(line(x(low), y, x(high), y, stroke_opacity="0.6", **style))
    return [*drawn, drawn_mark(one.look, x(one.span.estimate), y, 6)]


def both_ends(name: str, most: int) -> str:
    """Return a name in at most so many letters: of sweep points it is the end that differs."""
    if len(name) <= most:
        return name
    tail = max(1, 2 * (most - 1) // 3)
    return f"{name[: max(0, most - 1 - tail)]}…{name[-tail:]}"


def accuracies(
    figures: Figures, arms: Sequence[str], width: float = 760, name: str = "plot"
) -> str:
    """Return the accuracy of each arm with its interval; arms without score are left out."""
    look = looks(arms)
    known = [(arm, figures.find(names.ACCURACY, arm)) for arm in arms]
    found = [RowOf(arm, look[arm], drawn_span(one)) for arm, one in known if one is not None]
    said = "; ".join(f"{arm}: {percent_span(one.span)} %" for arm, one in known if one is not None)
    return rows(found, "Accuracy (%)", "Accuracy", width, 0, 100, about=said, name=name)
