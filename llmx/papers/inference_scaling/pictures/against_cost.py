"""Accuracy against cost: a colour an arm, a shape a method, a ring around what is on the frontier.

A panel a kind of cost: that of the run, tokens, and the longest chain. The vote of an arm is a line
with its 95 % band; what is on the frontier of all arms in more than half of the resamples has a
ring, the darker the larger its share.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import log10

from llmx.core.figure import Figures
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.frontiers import ON
from llmx.papers.inference_scaling.pictures.read import DrawnPoint, axis_of, colours, points
from llmx.report.axes import BOTTOM, LEFT, RIGHT, TOP, legend, legend_height, y_axis
from llmx.report.placement import Box
from llmx.report.scale import Scale, fitted, fitted_rate
from llmx.report.svg import document, element, label, line, marker

WIDTH, HEIGHT = 560.0, 330.0
_VOTE = figure_names.label("majority")
_NAMES = {
    "completion": "Completion tokens a problem",
    "longest": "Tokens of the longest chain, a problem",
    "prompt": "Prompt tokens a problem",
    "cached": "Prompt tokens from a prefix cache, a problem",
    "calls": "Calls a problem",
    "money": "Money a problem",
    "seconds": "Seconds a problem",
}
_FLOPS = ((1e12, "TFLOPs a problem"), (1e9, "GFLOPs a problem"), (1e6, "MFLOPs a problem"))


def against_cost(figures: Figures) -> str:
    """Return an SVG document; empty where no cost was counted."""
    kinds = dict.fromkeys((axis_of(figures), "completion", "longest"))
    panels = [(kind, found) for kind in kinds if (found := points(figures, kind))]
    if not panels:
        return ""
    arms = list(dict.fromkeys(one.arm for _, found in panels for one in found))
    labels = list(dict.fromkeys(one.label for _, found in panels for one in found))
    look, shapes = colours(arms), _shapes(labels)
    body: list[str] = []
    for at, (kind, found) in enumerate(panels):
        drawn = element("g", *_panel(kind, found, look, shapes))
        body.append(element("g", drawn, transform=f"translate(0 {at * HEIGHT:g})"))
    top = len(panels) * HEIGHT + 4
    keys, low = _legend(look, shapes, top)
    return document("Accuracy against cost", [*body, *keys], WIDTH, low)


def _shapes(labels: Iterable[str]) -> dict[str, str]:
    """Return group of methods → shape, of those that are drawn; the last one has all that is left.

    One answer is the vote of one, and has no shape of its own.
    """
    known = {_group(one) for one in labels}
    return {name: shape for name, shape in _GROUPS.items() if name in known}


def _group(name: str) -> str:
    """Return the group of a method by its label."""
    return next((group for group, of in _MEMBERS.items() if name in of), _OTHERS)


_OTHERS = "others"
_GROUPS = {
    "majority vote": "circle",
    "shortest answer": "triangle",
    "vote of the shortest": "down",
    "vote weighted by length": "diamond",
    "vote with a stopping rule": "star",
    "best by self-scoring": "pentagon",
    "revision": "cross",
    "mixture of agents": "plus",
    "truncated thinking": "square",
    _OTHERS: "square",
}
_MEMBERS = {
    group: {figure_names.label(method) for method in methods}
    for group, methods in {
        "majority vote": ("majority", "single"),
        "shortest answer": ("shortest_first",),
        "vote of the shortest": ("filter_vote", "early_stop"),
        "vote weighted by length": ("length_vote",),
        "vote with a stopping rule": ("stop_exact", "stop_posterior"),
        "best by self-scoring": ("self_score", "self_score_vote", "self_score_list"),
        "revision": ("revise", "revise_vote", "revise_stop", "chains"),
        "mixture of agents": ("mixture",),
        "truncated thinking": ("truncate", "truncate_tokens"),
    }.items()
}


def _panel(
    kind: str, found: Sequence[DrawnPoint], look: dict[str, str], shapes: dict[str, str]
) -> Iterator[str]:
    frame = Box(LEFT, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM)
    factor, title = _unit(kind, max(one.cost for one in found))
    known = [one for one in found if one.cost > 0]
    x = fitted_rate((one.cost / factor for one in known), frame.left, frame.right)
    ends = [end for one in known for end in (one.accuracy.estimate, *_band(one))]
    y = fitted(ends, frame.bottom, frame.top, floor_at=0, roof_at=100)
    yield from _x_axis(x, frame, title)
    yield from y_axis(y, frame, "Accuracy (%)")
    for arm, one in look.items():
        votes = [p for p in known if p.arm == arm and p.label == _VOTE]
        yield from _curve(sorted(votes, key=lambda p: p.size), one, x, y, factor)
    for point in sorted(known, key=lambda p: p.label == _VOTE):
        at = (x(point.cost / factor), y(point.accuracy.estimate))
        vote = point.label == _VOTE
        yield marker(
            shapes[_group(point.label)],
            *at,
            4.6 if vote else 4.0,
            fill=look[point.arm],
            fill_opacity="1" if vote else "0.75",
            class_="mark",
        )
        if (point.share or 0.0) > ON:
            yield element(
                "circle",
                cx=at[0],
                cy=at[1],
                r=7.5,
                fill="none",
                stroke=look[point.arm],
                stroke_width=1.6,
                stroke_opacity=_dark(point.share),
            )


def _dark(share: float | None) -> str:
    return f"{0.3 + 0.7 * ((share or 0.0) - ON) / (1 - ON):.2f}"


def _band(one: DrawnPoint) -> tuple[float, float]:
    return one.accuracy.ends() if one.label == _VOTE else (one.accuracy.estimate,) * 2


def _curve(
    votes: Sequence[DrawnPoint], colour: str, x: Scale, y: Scale, factor: float
) -> Iterator[str]:
    if len(votes) < 2:
        return
    low, high = ([(one.cost / factor, one.accuracy.ends()[end]) for one in votes] for end in (0, 1))
    corners = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in [*low, *reversed(high)])
    yield element("polygon", points=corners, fill=colour, fill_opacity="0.13")
    path = " ".join(f"{x(one.cost / factor):.1f},{y(one.accuracy.estimate):.1f}" for one in votes)
    yield element("polyline", points=path, fill="none", stroke=colour, stroke_width=1.6)


def _unit(kind: str, most: float) -> tuple[float, str]:
    """Return what costs are divided by, and the title of their axis."""
    if kind != "flops":
        return 1.0, _NAMES[kind]
    return next(((size, name) for size, name in _FLOPS if most >= size), (1.0, "FLOPs a problem"))


def _x_axis(x: Scale, frame: Box, title: str) -> Iterator[str]:
    """Yield the lower edge; over many decades fewer ticks have a name."""
    for value in _ticks(x):
        yield line(x(value), frame.top, x(value), frame.bottom, class_="grid")
        yield label(f"{value:g}", x(value), frame.bottom + 18, text_anchor="middle")
    yield line(frame.left, frame.bottom, frame.right, frame.bottom, class_="frame")
    middle = (frame.left + frame.right) / 2
    yield label(title, middle, frame.bottom + 40, class_="axis", text_anchor="middle")


def _ticks(x: Scale) -> list[float]:
    if not x.logarithmic:
        return x.ticks()
    decades = log10(x.high / x.low)
    units = "1" if decades > 4 else "13" if decades > 2 else "125"
    return [value for value in x.ticks() if f"{value:e}"[0] in units]


def _legend(look: dict[str, str], shapes: dict[str, str], top: float) -> tuple[list[str], float]:
    """Return the keys of arms and of methods, and where they end."""
    arms = [(marker("circle", 0, 0, 5, fill=one), arm) for arm, one in look.items()]
    methods = [
        (marker(shape, 0, 0, 4, fill="currentColor", fill_opacity="0.7"), name)
        for name, shape in shapes.items()
    ]
    ring = element("circle", cx=0, cy=0, r=6, fill="none", stroke="currentColor", stroke_width=1.4)
    methods.append((ring, "on the frontier of all arms"))
    room = WIDTH - 2 * RIGHT
    first = legend(arms, RIGHT, top, room)
    below = top + legend_height([name for _, name in arms], room)
    second = legend(methods, RIGHT, below, room)
    return [*first, *second], below + legend_height([name for _, name in methods], room)
