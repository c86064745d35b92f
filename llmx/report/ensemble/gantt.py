"""One request in time: who wrote what, when, and what the reader saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmx.core.events import ANSWER, Event
from llmx.report.placement import Box
from llmx.report.scale import fitted
from llmx.report.svg import document, element, label, line

_ROW, _LEFT, _TOP, _BOTTOM = 16.0, 132.0, 24.0, 40.0
_COLOURS = {"prompt": "#b9b4a7", "tokens": "#3b6ea5", "shown": "#c8553d"}


def gantt(answers: Mapping[str, Sequence[Event]], width: float = 560) -> str:
    """Return an SVG document: a group of rows an arm, a row a speaker, a bar a request.

    Grey is the time from a request to its first token (waiting and the prompt), blue the tokens of
    a draft, red those of the answer.
    """
    rows = [(arm, who) for arm, events in answers.items() for who in _speakers(events)]
    height = _TOP + len(rows) * _ROW + len(answers) * _ROW + _BOTTOM
    frame = Box(_LEFT, _TOP, width - 16, height - _BOTTOM)
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
            body.append(label(who, _LEFT - 8, y + 12, text_anchor="end"))
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
