"""Differences in accuracy with their intervals, one line a pair (a forest plot)."""

from __future__ import annotations

from llmx.report.compare import words
from llmx.report.compare.model import Compared, Comparison
from llmx.report.plot import STYLE, look
from llmx.report.scale import Scale, fitted
from llmx.report.svg import element, label, line, marker

_ROW, _TOP, _BOTTOM, _NAMES, _RIGHT = 34.0, 14.0, 52.0, 330.0, 24.0


def picture(found: Compared, width: float = 760) -> str:
    """Return an SVG document; 95 % intervals, in points, positive where the second is better."""
    rows = found.comparisons
    bottom = _TOP + _ROW * len(rows)
    x = fitted([0.0, *(end for one in rows for end in _ends(one))], _NAMES, width - _RIGHT)
    body = [line(x(0), _TOP, x(0), bottom, class_="frame")]
    for value in x.ticks():
        body.append(line(x(value), _TOP, x(value), bottom, class_="grid"))
        body.append(label(x.name(value), x(value), bottom + 18, text_anchor="middle"))
    for index, one in enumerate(rows):
        body += _row(one, index, x)
    middle = (_NAMES + width - _RIGHT) / 2
    words_ = "Difference in accuracy (points, 95 % interval)"
    body.append(label(words_, middle, bottom + 42, class_="axis", text_anchor="middle"))
    return element(
        "svg",
        element("title", "Differences in accuracy"),
        element("style", STYLE),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {width:g} {bottom + _BOTTOM:g}",
        class_="llmx-plot",
        role="img",
    )


def _ends(one: Comparison) -> tuple[float, float]:
    span = one.difference.score
    low = span.estimate if span.low is None else span.low
    return 100 * low, 100 * (span.estimate if span.high is None else span.high)


def _row(one: Comparison, index: int, x: Scale) -> list[str]:
    at = _TOP + _ROW * (index + 0.5)
    low, high = _ends(one)
    colour, shape = look(index)
    return [
        label(words.title(one), _NAMES - 12, at + 4, text_anchor="end"),
        line(x(low), at, x(high), at, stroke=colour, stroke_width=1.6),
        marker(shape, x(100 * one.difference.score.estimate), at, 5, fill=colour, class_="mark"),
    ]
