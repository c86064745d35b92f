"""What a round of revision turns: from right to wrong, and from wrong to right."""

from __future__ import annotations

from llmx.core.figure import Figure, Figures
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.pictures.read import sizes_of
from llmx.report.numbers import number
from llmx.report.rows import both_ends
from llmx.report.svg import document, element, label

WIDTH = 560.0
_HEAD, _ROW, _NAMES = 40.0, 26.0, 190.0
_COLUMNS = ("stays right", "turns wrong", "turns right", "stays wrong")
_COLOURS = ("#009e73", "#d55e00", "#56b4e9", "#8a8a8a")


def flips(figures: Figures) -> str:
    """Return a row an arm and round: shares of chains, in percent, shaded by their size."""
    rows = _rows(figures)
    if not rows:
        return ""
    wide = (WIDTH - _NAMES - 16) / len(_COLUMNS)
    body = [
        label(name, _NAMES + wide * (at + 0.5), 26, text_anchor="middle")
        for at, name in enumerate(_COLUMNS)
    ]
    for place, (name, shares) in enumerate(rows):
        y = _HEAD + _ROW * place
        body.append(label(both_ends(name, 23), 16, y + 17))
        for at, (share, colour) in enumerate(zip(shares, _COLOURS, strict=True)):
            cell = {"x": _NAMES + wide * at + 2, "y": y + 2, "width": wide - 4, "height": _ROW - 4}
            shade = {"fill": colour, "fill_opacity": f"{0.1 + 0.6 * share:.2f}"}
            body.append(element("rect", **cell, **shade))
            middle = _NAMES + wide * (at + 0.5)
            body.append(label(f"{number(100 * share)} %", middle, y + 17, text_anchor="middle"))
    title = "What a round of revision turns"
    return document(title, body, WIDTH, _HEAD + _ROW * len(rows) + 12)


def _rows(figures: Figures) -> list[tuple[str, tuple[float, float, float, float]]]:
    accuracy = sizes_of(figures, figure_names.accuracy("revise"))
    lost, won = (sizes_of(figures, one) for one in (figure_names.LOST, figure_names.WON))
    found = []
    for arm, own in lost.items():
        before, gained = _at(accuracy.get(arm, [])), _at(won.get(arm, []))
        for one in own:
            at = one.at or 0.0
            if at - 1 in before and at in gained:
                was, gone, got = before[at - 1], one.span.estimate, gained[at]
                shares = (was - gone, gone, got, 1 - was - got)
                found.append((f"{arm}, round {at:g}", tuple(max(0.0, s) for s in shares)))
    return [(name, (a, b, c, d)) for name, (a, b, c, d) in found]


def _at(found: list[Figure]) -> dict[float, float]:
    return {one.at or 0.0: one.span.estimate for one in found}
