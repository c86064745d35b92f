"""The picture of a report without speeds: a row an arm, its accuracy with the 95 % interval."""

from __future__ import annotations

from itertools import chain

from llmx.core.figure import Span
from llmx.report.numbers import percent_span
from llmx.report.placement import Box
from llmx.report.plot import LETTER, STYLE, ends, escaped, in_percent, look
from llmx.report.results import Results, Row
from llmx.report.scale import Scale, fitted
from llmx.report.svg import element, label, line, marker

_RIGHT, _TOP, _BOTTOM, _ROW = 20.0, 12.0, 48.0, 26.0


def accuracies(results: Results, width: float = 760, name: str = "plot") -> str:
    """Return an SVG document; arms stand in the order of the table, those without score left out.

    Args:
        width: in pixels of its own coordinates; the height follows from the arms.
        name: prefix of the ids inside, unique in a page.
    """
    rows = [(place, row) for place, row in enumerate(results.rows) if row.accuracy is not None]
    height = _TOP + _BOTTOM + _ROW * len(rows)
    left = 16 + LETTER * max(len(row.arm) for _, row in rows)
    frame = Box(left, _TOP, width - _RIGHT, height - _BOTTOM)
    spans = [in_percent(row.accuracy) for _, row in rows if row.accuracy is not None]
    spread = chain.from_iterable(ends(span) for span in spans)
    count = 4 if width < 500 else 7
    x = fitted(spread, frame.left, frame.right, count=count, floor_at=0, roof_at=100)
    body = _axis(x, frame)
    for line_number, ((place, row), span) in enumerate(zip(rows, spans, strict=True)):
        body += _row(row, span, place, x, frame.top + _ROW * (line_number + 0.5), left)
    words = "; ".join(f"{row.arm}: {percent_span(row.accuracy)} %" for _, row in rows)
    return element(
        "svg",
        element("title", "Accuracy", id=f"{name}-title"),
        element("desc", escaped(words), id=f"{name}-desc"),
        element("style", STYLE),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {height:g}",
        class_="llmx-plot",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def _axis(x: Scale, frame: Box) -> list[str]:
    drawn = [line(frame.left, frame.bottom, frame.right, frame.bottom, class_="frame")]
    for value in x.ticks():
        at = x(value)
        drawn.append(line(at, frame.top, at, frame.bottom, class_="grid"))
        drawn.append(label(x.name(value), at, frame.bottom + 18, text_anchor="middle"))
    middle = (frame.left + frame.right) / 2
    title = label("Accuracy (%)", middle, frame.bottom + 38, class_="axis", text_anchor="middle")
    return [*drawn, title]


def _row(row: Row, span: Span, place: int, x: Scale, y: float, left: float) -> list[str]:
    (colour, shape), (low, high) = look(place), ends(span)
    return [
        label(row.arm, left - 10, y + 4, class_="name", text_anchor="end"),
        line(x(low), y, x(high), y, stroke=colour, stroke_width=2, stroke_opacity="0.6"),
        marker(shape, x(span.estimate), y, 6, fill=colour, class_="mark"),
    ]
