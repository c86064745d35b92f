"""Curves: over the number of draws, over the thinking that is kept, over the share of votes."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Figure, Figures
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.pictures.read import arms_of, colours, sizes_of
from llmx.report.axes import drawn_span
from llmx.report.curves import Line, curves

_GREY = "#8a8a8a"
_DRAWN = ("majority", figure_names.ORACLE, "self_score")


def scaling_with_draws(figures: Figures) -> str:
    """Return maj@N with its band, pass@N dashed, and the best by self-scoring, by doublings of N.

    What lies between them is lost by the vote, or by the judge.
    """
    drawn: list[Line] = []
    colour = colours(arms_of(figures))
    for method in _DRAWN:
        for arm, own in sizes_of(figures, figure_names.accuracy(method)).items():
            name = f"{arm}, {figure_names.label(method)}"
            law = method == figure_names.ORACLE
            drawn.append(_line(name, own, colour.get(arm, ""), law, bars=method == "majority"))
    if not any(len(one.x) > 1 for one in drawn):
        return ""
    return curves(
        drawn, "Draws N", "Accuracy (%)", DRAWS_TITLE, y_roof=100, x_roof=None, x_log=True
    )


DRAWS_TITLE = "One draw of N, their vote, and any of them"


def truncation(figures: Figures) -> str:
    """Return accuracy over the thinking that is kept, with one answer of direct models as lines."""
    cut = sizes_of(figures, figure_names.accuracy("truncate"))
    if not cut:
        return ""
    colour = colours(arms_of(figures))
    drawn = [_line(arm, own, colour.get(arm, "")) for arm, own in cut.items()]
    for arm, own in sizes_of(figures, figure_names.PRESENT).items():
        name = f"{arm}, answer in the kept text"
        drawn.append(_line(name, own, colour.get(arm, ""), law=True))
    direct = dict.fromkeys(one.against for one in figures.of(figure_names.BESIDE_SINGLE))
    for arm in filter(None, direct):
        single = figures.find(figure_names.ONE_ANSWER, arm)
        if single is not None:
            value = drawn_span(single).estimate
            name = f"{arm}, one answer"
            drawn.append(Line(name, [0, 100], [value] * 2, law=True, colour=colour.get(arm, "")))
    title = "Thinking cut short"
    return curves(drawn, "Thinking that is kept (%)", "Accuracy (%)", title, y_roof=100)


def margin(figures: Figures) -> str:
    """Return the accuracy of the leading answer by its share of the votes, beside that share."""
    found = sizes_of(figures, figure_names.LEADING)
    if not found:
        return ""
    colour = colours(arms_of(figures))
    drawn = [_line(arm, own, colour.get(arm, ""), bars=False) for arm, own in found.items()]
    even = "as often right as it has votes"
    drawn.append(Line(even, [0, 100], [0, 100], law=True, colour=_GREY))
    title = "The leading answer, by its share of the votes"
    return curves(drawn, "Share of the votes (%)", "Accuracy (%)", title, y_roof=100)


def _line(
    name: str, found: Sequence[Figure], colour: str, law: bool = False, bars: bool = True
) -> Line:
    spans = [drawn_span(one) for one in found]
    banded = bars and not law and all(span.low is not None for span in spans)
    return Line(
        name,
        [one.at or 0.0 for one in found],
        [span.estimate for span in spans],
        low=[span.ends()[0] for span in spans] if banded else (),
        high=[span.ends()[1] for span in spans] if banded else (),
        law=law,
        colour=colour,
    )
