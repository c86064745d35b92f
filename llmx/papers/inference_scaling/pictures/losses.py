"""Bars: where answers are lost, and how many draws a stopping rule uses."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Figures
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.pictures.read import sizes_of
from llmx.report.axes import legend, legend_height, x_axis
from llmx.report.numbers import number, percent
from llmx.report.placement import Box
from llmx.report.rows import both_ends
from llmx.report.scale import Scale
from llmx.report.svg import LETTER, document, element, label

WIDTH = 560.0
_ROW, _TOP, _BOTTOM = 26.0, 12.0, 48.0
_PARTS = (("right", "#009e73"), ("right, and not chosen", "#e69f00"), ("nowhere right", "#8a8a8a"))
Bar = tuple[str, Sequence[float]]
"""A name, and the lengths of its parts."""


def losses(figures: Figures) -> str:
    """Return a bar a way of choosing: right, right but not chosen, and no draw right.

    At the most draws that it and pass@N have in common. What the vote leaves is the vote's loss,
    what self-scoring leaves the judge's, and the rest is missing from the draws.
    """
    oracle = sizes_of(figures, figure_names.accuracy(figure_names.ORACLE))
    bars: list[Bar] = []
    for arm, any_ in oracle.items():
        for method in ("majority", "self_score", "self_score_vote"):
            own = sizes_of(figures, figure_names.accuracy(method)).get(arm, [])
            pairs = [(a, b) for a in own for b in any_ if a.at == b.at]
            if pairs:
                chosen, there = (one.span.estimate for one in pairs[-1])
                name = f"{arm}, {figure_names.label(method)}, N = {pairs[-1][0].at:g}"
                bars.append((name, (chosen, max(there - chosen, 0.0), 1 - max(there, chosen))))
    return _bars(bars, 1.0, _PARTS, "Problems (%)", "Where answers are lost") if bars else ""


def stopping(figures: Figures) -> str:
    """Return a bar a rule and arm: draws that it used, of those that it may have."""
    bars: list[Bar] = []
    most = 0.0
    for rule in _RULES:
        equal = sizes_of(figures, figure_names.stopped(figure_names.EQUAL, rule))
        for arm, own in sizes_of(figures, figure_names.stopped(figure_names.USED, rule)).items():
            one = own[-1]
            most = max(most, one.at or 0.0)
            same = equal.get(arm, [])
            agrees = f", {percent(same[-1].span.estimate)} % alike" if same else ""
            used = one.span.estimate
            told = f"{arm}, {_RULES[rule]}: {number(used)}{agrees}"
            bars.append((told, (used, max((one.at or 0.0) - used, 0.0))))
    parts = (("draws used", "#0072b2"), ("saved", "#d5d9df"))
    return _bars(bars, most, parts, "Draws", "Draws that stopping rules use") if bars else ""


_RULES = {
    "stop_exact": "safe",
    "stop_exact_live": "safe, drawn live",
    "stop_posterior": "likely",
    "stop_posterior_live": "likely, drawn live",
}


def _bars(
    bars: Sequence[Bar], most: float, parts: Sequence[tuple[str, str]], x_title: str, title: str
) -> str:
    """Return a picture of bars, each under its name."""
    height = _TOP + _BOTTOM + 2 * _ROW * len(bars)
    frame = Box(16, _TOP, WIDTH - 16, height - _BOTTOM)
    shares = x_title.endswith("(%)")
    full = 100 if shares else most
    x = Scale(0, full, frame.left, frame.right, _step(full))
    body = x_axis(x, frame, x_title)
    for at, (name, lengths) in enumerate(bars):
        y, start = frame.top + 2 * _ROW * at, 0.0
        body.append(label(both_ends(name, int(WIDTH / LETTER)), frame.left, y + 16))
        for length, (_, colour) in zip(lengths, parts, strict=True):
            size = length * (100 if shares else 1)
            body.append(
                element(
                    "rect",
                    x=x(start),
                    y=y + 22,
                    width=max(0.0, x(start + size) - x(start)),
                    height=20,
                    fill=colour,
                )
            )
            if shares and size >= 8:
                middle = (x(start) + x(start + size)) / 2
                ink = {"text_anchor": "middle", "fill": "#15181c", "style": "fill:#15181c"}
                body.append(label(number(size), middle, y + 36, **ink))
            start += size
    keys = [(element("rect", x=-6, y=-6, width=12, height=12, fill=c), name) for name, c in parts]
    room = WIDTH - 32
    body += legend(keys, 16, height + 6, room)
    return document(title, body, WIDTH, height + legend_height([n for n, _ in parts], room) + 6)


def _step(full: float) -> float:
    return next((step for step in (1, 2, 5, 10, 20, 50) if full / step <= 10), full / 8)
