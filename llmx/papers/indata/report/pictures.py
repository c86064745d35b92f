"""Pictures of data analysis: accuracy by level and by steps, against tokens, causes stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmx.core.figure import Figures, Span
from llmx.papers.indata.items.item import LEVELS
from llmx.papers.indata.report.figures import BY_LEVEL, BY_SHAPE, CAUSE, TOKENS
from llmx.papers.indata.taxonomy import CAUSES
from llmx.report.axes import drawn_span
from llmx.report.curves import Line, curves
from llmx.report.families import COLOURS, looks
from llmx.report.rows import RowOf, rows
from llmx.report.svg import document, element, label

_LEFT, _ROW, _BAR, _WIDE, _KEY = 190.0, 24.0, 16.0, 760.0, 200.0


def arms_of(figures: Figures) -> list[str]:
    """Return the arms of all figures, in their order."""
    return list(dict.fromkeys(one.arm for one in figures.figures))


def by_level(figures: Figures) -> str:
    """Return accuracy by level, a line an arm and level, with intervals."""
    found, look = [], looks(arms_of(figures))
    for arm in arms_of(figures):
        for level in LEVELS:
            one = figures.find(f"{BY_LEVEL}{level}", arm)
            if one is not None:
                found.append(RowOf(f"{arm}, {level}", look[arm], drawn_span(one)))
    return rows(found, "Accuracy (%)", "Accuracy by level", _WIDE, 0, 100) if found else ""


def by_shape(figures: Figures, key: str) -> str:
    """Return accuracy over a number of the gold program, a curve an arm, bands of 95 %."""
    lines = []
    for arm in arms_of(figures):
        own = sorted(figures.of(f"{BY_SHAPE}{key}", {arm}), key=lambda one: one.at or 0.0)
        spans = [drawn_span(one) for one in own]
        if len(own) > 1:
            lines.append(_line(arm, [one.at or 0.0 for one in own], spans))
    title = f"Accuracy by {key}"
    return curves(lines, key.capitalize(), "Accuracy (%)", title) if lines else ""


def _line(arm: str, x: Sequence[float], spans: Sequence[Span]) -> Line:
    ends = [span.ends() for span in spans]
    return Line(
        name=arm,
        x=tuple(x),
        y=tuple(span.estimate for span in spans),
        low=tuple(low for low, _ in ends),
        high=tuple(high for _, high in ends),
    )


def tokens_and_accuracy(figures: Figures) -> list[tuple[str, str, str]]:
    """Return arm, tokens an answer, accuracy by level, of arms that wrote something."""
    from llmx.report.numbers import number, percent_span

    found = []
    for one in figures.of(TOKENS):
        levels = (figures.find(f"{BY_LEVEL}{level}", one.arm) for level in LEVELS)
        shown = ", ".join(percent_span(each.span) for each in levels if each is not None)
        found.append((one.arm, number(one.span.estimate), shown))
    return found


def causes(figures: Figures) -> str:
    """Return why answers are wrong: a bar an arm and level, stacked by cause, in % of problems."""
    bars = {
        (arm, level): own
        for arm in arms_of(figures)
        for level in LEVELS
        if (own := _causes_of(figures, arm, level))
    }
    if not bars:
        return ""
    used = [cause for cause in CAUSES if any(cause in own for own in bars.values())]
    colours = {cause: COLOURS[at % len(COLOURS)] for at, cause in enumerate(used)}
    scale = (_WIDE - _LEFT - 60) / max(1e-9, max(sum(own.values()) for own in bars.values()))
    body: list[str] = []
    for place, ((arm, level), own) in enumerate(bars.items()):
        y, x = 12 + _ROW * place, _LEFT
        body.append(label(f"{arm}, {level}"[-26:], _LEFT - 8, y + 12, text_anchor="end"))
        for cause in used:
            width = scale * own.get(cause, 0.0)
            if width:
                told = element("title", f"{cause.replace('_', ' ')}: {100 * own[cause]:.1f} %")
                body.append(
                    element("rect", told, x=x, y=y, width=width, height=_BAR, fill=colours[cause])
                )
                x += width
        body.append(label(f"{100 * sum(own.values()):.0f} %", x + 6, y + 12))
    top, many = 24 + _ROW * len(bars), int((_WIDE - 20) // _KEY)
    for place, cause in enumerate(used):
        x, y = 16 + _KEY * (place % many), top + 18 * (place // many)
        body.append(element("rect", x=x, y=y, width=10, height=10, fill=colours[cause]))
        body.append(label(cause.replace("_", " "), x + 16, y + 9))
    height = top + 18 * (-(-len(used) // many)) + 8
    return document("Causes of wrong answers by level", body, _WIDE, height)


def _causes_of(figures: Figures, arm: str, level: str) -> Mapping[str, float]:
    found = {cause: figures.find(f"{CAUSE}{cause}, {level}", arm) for cause in CAUSES}
    return {cause: one.span.estimate for cause, one in found.items() if one is not None}
