"""Times of all rounds as strips of dots, and quality against the time to the first token."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.curves import Line, curves
from llmx.report.ensemble.figures import ArmFigures
from llmx.report.ensemble.lengths import LengthFigures, swept
from llmx.report.placement import Box
from llmx.report.plot import STYLE, look
from llmx.report.scale import fitted
from llmx.report.svg import element, label, line, marker

_LEFT, _RIGHT, _TOP, _BOTTOM, _ROW = 132.0, 20.0, 12.0, 44.0, 22.0


def strips(arms: Sequence[ArmFigures], field: str, title: str, width: float = 760) -> str:
    """Return a row of dots an arm, one dot a round; the upright stroke is the median.

    Args:
        field: ``times`` (to the first token) or ``totals``, in seconds.
    """
    timed = [arm for arm in arms if getattr(arm, field)]
    height = _TOP + _BOTTOM + _ROW * max(1, len(timed))
    frame = Box(_LEFT, _TOP, width - _RIGHT, height - _BOTTOM)
    values = [value for arm in timed for value in getattr(arm, field)] or [1.0]
    x = fitted([0.0, *values], frame.left, frame.right, floor_at=0)
    body = _x_axis(x, frame, title)
    for place, arm in enumerate(timed):
        y = frame.top + _ROW * (place + 0.5)
        seconds = sorted(getattr(arm, field))
        body.append(label(arm.arm, _LEFT - 8, y + 4, text_anchor="end"))
        body += [marker("circle", x(v), y, 2.4, fill=look(place)[0], opacity=0.6) for v in seconds]
        middle = x(seconds[len(seconds) // 2])
        body.append(line(middle, y - 8, middle, y + 8, stroke=look(place)[0], stroke_width=2))
    return _document(title, body, width, height)


def quality(arms: Sequence[ArmFigures], width: float = 760, height: float = 420) -> str:
    """Return accuracy against the median time to the first token, with 95 % bars."""
    shown = [arm for arm in arms if arm.accuracy and arm.ttft is not None]
    frame = Box(58, _TOP, width - 150, height - _BOTTOM)
    x = fitted([0.0, *(arm.ttft or 0 for arm in shown)], frame.left, frame.right, floor_at=0)
    ends = [v for arm in shown if arm.accuracy for v in (arm.accuracy.low, arm.accuracy.high) if v]
    y = fitted([100 * v for v in ends] or [0.0, 1.0], frame.bottom, frame.top)
    body = _x_axis(x, frame, "seconds to the first token, median")
    for value in y.ticks():
        body.append(line(frame.left, y(value), frame.right, y(value), class_="grid"))
        body.append(label(f"{value:g}", frame.left - 6, y(value) + 4, text_anchor="end"))
    body.append(label("accuracy, %", frame.left, frame.top - 1))
    for place, arm in enumerate(shown):
        assert arm.accuracy is not None and arm.ttft is not None
        colour, shape = look(place)
        at = x(arm.ttft)
        low, high = arm.accuracy.low or 0, arm.accuracy.high or 1
        body.append(line(at, y(100 * low), at, y(100 * high), stroke=colour))
        body.append(marker(shape, at, y(100 * arm.accuracy.estimate), 5, fill=colour))
        row = frame.top + 16 + 18 * place
        body.append(marker(shape, frame.right + 14, row - 4, 5, fill=colour))
        body.append(label(arm.arm, frame.right + 24, row))
    return _document("Accuracy against time to the first token", body, width, height)


def cuts(found: Sequence[LengthFigures]) -> str:
    """Return the cut over the length of drafts, each arm beside 1 − first chunk / length.

    Empty where no arm was timed at several lengths.
    """
    drawn: list[Line] = []
    for mine in swept(found):
        x, name = [one.tokens for one in mine], mine[0].arm
        spans = [one.cut for one in mine]
        low = [100 * (span.estimate if span.low is None else span.low) for span in spans]
        high = [100 * (span.estimate if span.high is None else span.high) for span in spans]
        drawn.append(Line(name, x, [100 * span.estimate for span in spans], low, high))
        drawn.append(Line(f"{name}, 1 − chunk/length", x, [100 * one.line for one in mine]))
    title = "Cut of the time to the first token against the length of drafts"
    if not drawn:
        return ""
    x_title = "tokens of a draft"
    return curves(drawn, x_title, "cut, %", title, x_roof=None, y_floor=None, y_roof=100)


def _x_axis(x: object, frame: Box, title: str) -> list[str]:
    from llmx.report.scale import Scale

    assert isinstance(x, Scale)
    body = [line(frame.left, frame.bottom, frame.right, frame.bottom, class_="axis")]
    for value in x.ticks():
        body.append(line(x(value), frame.top, x(value), frame.bottom, class_="grid"))
        body.append(label(f"{value:g}", x(value), frame.bottom + 16, text_anchor="middle"))
    middle = (frame.left + frame.right) / 2
    return [*body, label(title, middle, frame.bottom + 34, text_anchor="middle")]


def _document(title: str, body: Sequence[str], width: float, height: float) -> str:
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
