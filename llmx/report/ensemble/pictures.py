"""Times of all rounds as strips of dots, quality against time, and one request in time.

The last says who wrote what, when, and what the reader saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median_high

from llmx.core.events import ANSWER, Event
from llmx.core.figure import Figures, Span
from llmx.report.axes import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    drawn_span,
    legend,
    legend_height,
    x_axis,
    y_axis,
)
from llmx.report.curves import Line, curves
from llmx.report.ensemble.by_arm import cuts_by_length, streams_by_arm
from llmx.report.ensemble.figures import ArmFigures
from llmx.report.families import drawn_mark, looks
from llmx.report.figures import names
from llmx.report.figures.streams import LENGTH
from llmx.report.placement import Box
from llmx.report.rows import RowOf, rows
from llmx.report.scale import fitted
from llmx.report.svg import document, element, label, line


def strips(arms: Sequence[ArmFigures], field: str, title: str, width: float = 560) -> str:
    """Return a row of dots an arm, one dot a round; the upright stroke is the median.

    Args:
        field: ``times`` (to the first token) or ``totals``, in seconds.
    """
    look = looks([arm.arm for arm in arms])
    found = []
    for arm in arms:
        seconds: tuple[float, ...] = getattr(arm, field)
        if seconds:
            middle = Span(estimate=median_high(seconds))
            found.append(RowOf(arm.arm, look[arm.arm], middle, seconds))
    return rows(found, title, title, width, floor_at=0, zero=True)


def quality(figures: Figures, width: float = 560, height: float = 360) -> str:
    """Return accuracy against the median time to the first token, with 95 % bars."""
    known = streams_by_arm(figures)
    look = looks(list(known))
    shown = [
        (look[arm], arm, own[names.FIRST_TOKEN].span.estimate, drawn_span(own[names.ACCURACY]))
        for arm, own in known.items()
        if names.FIRST_TOKEN in own and names.ACCURACY in own
    ]
    frame = Box(LEFT, TOP, width - RIGHT, height - BOTTOM)
    x = fitted([0.0, *(seconds for _, _, seconds, _ in shown)], frame.left, frame.right, floor_at=0)
    ends = [end for *_, accuracy in shown for end in accuracy.ends()] or [0.0, 1.0]
    y = fitted(ends, frame.bottom, frame.top, floor_at=0, roof_at=100)
    body = [
        *x_axis(x, frame, "Seconds to the first token, median"),
        *y_axis(y, frame, "Accuracy (%)"),
    ]
    for one, _, seconds, accuracy in shown:
        low, high = accuracy.ends()
        body.append(line(x(seconds), y(low), x(seconds), y(high), stroke=one.colour))
        body.append(drawn_mark(one, x(seconds), y(accuracy.estimate), 6))
    room, said = width - 2 * RIGHT, [name for _, name, _, _ in shown]
    body += legend(
        [(drawn_mark(one, 0, 0, 5), name) for one, name, _, _ in shown], RIGHT, height + 6, room
    )
    low_edge = height + legend_height(said, room)
    return document("Accuracy against time to the first token", body, width, low_edge)


def cuts(figures: Figures) -> str:
    """Return the cut over the length of drafts, each arm beside 1 − first chunk / length.

    Empty where no arm was timed at several lengths.
    """
    drawn: list[Line] = []
    for mine in cuts_by_length(figures):
        x, name = [one.at or 0.0 for one in mine], mine[0].arm
        spans = [drawn_span(one) for one in mine]
        low, high = ([span.ends()[end] for span in spans] for end in (0, 1))
        drawn.append(Line(name, x, [span.estimate for span in spans], low, high))
        law = [100 * (one.expected or 0.0) for one in mine]
        drawn.append(Line(f"{name}, 1 − chunk/length", x, law, law=True))
    title = "Cut of the time to the first token against the length of drafts"
    if not drawn:
        return ""
    x_title = f"{LENGTH[:1].upper()}{LENGTH[1:]}"
    return curves(drawn, x_title, "Cut (%)", title, x_roof=None, y_floor=None, y_roof=100)


_ROW, _NAMES, _ABOVE, _BELOW = 16.0, 132.0, 24.0, 40.0
_COLOURS = {"prompt": "#b9b4a7", "tokens": "#3b6ea5", "shown": "#c8553d"}


def gantt(answers: Mapping[str, Sequence[Event]], width: float = 560) -> str:
    """Return an SVG document: a group of rows an arm, a row a speaker, a bar a request.

    Grey is the time from a request to its first token (waiting and the prompt), blue the tokens of
    a draft, red those of the answer.
    """
    rows = [(arm, who) for arm, events in answers.items() for who in _speakers(events)]
    height = _ABOVE + len(rows) * _ROW + len(answers) * _ROW + _BELOW
    frame = Box(_NAMES, _ABOVE, width - 16, height - _BELOW)
    last = max((event.at for events in answers.values() for event in events), default=1.0)
    x = fitted([0.0, last], frame.left, frame.right, floor_at=0)
    body: list[str] = []
    for value in x.ticks():
        body.append(line(x(value), frame.top, x(value), frame.bottom, class_="grid"))
        body.append(label(f"{value:g}", x(value), frame.bottom + 16, text_anchor="middle"))
    body.append(label("seconds", (frame.left + frame.right) / 2, height - 6, text_anchor="middle"))
    y = frame.top
    for arm, events in answers.items():
        body.append(label(arm, 4, y + 12, font_weight="600"))
        y += _ROW
        for who in _speakers(events):
            body.append(label(who, _NAMES - 8, y + 12, text_anchor="end"))
            body += [
                element(
                    "rect",
                    x=x(a),
                    y=y + 3,
                    width=max(0.6, x(b) - x(a)),
                    height=_ROW - 5,
                    fill=_COLOURS[kind],
                )
                for a, b, kind in _bars([event for event in events if event.who == who])
            ]
            y += _ROW
    return document("Who wrote what, when", body, width, height)


def _speakers(events: Sequence[Event]) -> list[str]:
    found = sorted({event.who for event in events} - {ANSWER})
    return [*found, ANSWER]


def _bars(events: Sequence[Event]) -> list[tuple[float, float, str]]:
    """Return (from, to, kind): for each request the wait for its first token, and its tokens."""
    bars: list[tuple[float, float, str]] = []
    asked = first = last = None
    for event in events:
        if event.what == "asked":
            bars += _tokens(first, last, event.who)
            asked, first, last = event.at, None, None
        elif event.what == "piece":
            if first is None and asked is not None:
                bars.append((asked, event.at, "prompt"))
                first = event.at
            last = event.at
    return bars + _tokens(first, last, events[-1].who if events else ANSWER)


def _tokens(first: float | None, last: float | None, who: str) -> list[tuple[float, float, str]]:
    if first is None or last is None:
        return []
    return [(first, last, "shown" if who == ANSWER else "tokens")]
