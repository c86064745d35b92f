"""Curves of trainings: quality over samples, over seconds and by batch, and what batches ask."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.figure import Figure, Figures
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.points import method_of
from llmx.papers.b3.report.tables import arms_of, methods_of, metric_of
from llmx.report.axes import drawn_span
from llmx.report.curves import Line, curves, stacked
from llmx.report.families import COLOURS


def over_samples(figures: Figures) -> str:
    """Return quality over samples seen, a panel a size of batches, bands of 95 %."""
    return _over(figures, names.QUALITY, names.SAMPLES, _quality(figures))


def over_seconds(figures: Figures) -> str:
    """Return quality over seconds of training alone, a panel a size of batches."""
    return _over(figures, names.QUALITY, names.SECONDS, _quality(figures))


def leads(figures: Figures) -> str:
    """Return the lead of each arm over its control, paired by query, over samples seen."""
    return _over(figures, names.LEAD, names.SAMPLES, "Lead (points)", None)


def in_batch(figures: Figures) -> str:
    """Return the share of rows that are nearest to their own target of the batch."""
    return _over(figures, names.IN_BATCH, names.SAMPLES, "In-batch accuracy (%)")


def loss(figures: Figures) -> str:
    """Return the loss over an arm's own batches: those of harder ones lie higher."""
    return _over(figures, names.LOSS, names.SAMPLES, "Loss (nats)")


def by_batch(figures: Figures) -> str:
    """Return quality after equal samples over the rows of a batch, a curve a method."""
    sizes = arms_of(figures)
    found: dict[str, list[Figure]] = {}
    for one in figures.of(names.AT_EQUAL_SAMPLES):
        found.setdefault(method_of(one.arm, sizes.get(one.arm, 0)), []).append(one)
    drawn = [_line(figures, name, own) for name, own in found.items()]
    if not any(len(one.x) > 1 for one in drawn):
        return ""
    x_title = "Rows of a batch |B|"
    title = "Quality by batch, after equal samples"
    return curves(drawn, x_title, _quality(figures), title, x_roof=None, x_log=True)


def _quality(figures: Figures) -> str:
    return f"Quality, {metric_of(figures)} (%)"


def _over(
    figures: Figures, quantity: str, setting: str, y_title: str, floor: float | None = 0
) -> str:
    """Return a panel a size of batches, with a curve an arm.

    Args:
        floor: what the vertical axis must not go under; None = it may.
    """
    sizes = arms_of(figures)
    panels = []
    for size in sorted({*sizes.values()}):
        lines = []
        for arm in (arm for arm, own in sizes.items() if own == size):
            own = [one for one in figures.of(quantity, {arm}) if one.setting == setting]
            lines += [_line(figures, method_of(arm, size), own, arm)] if own else []
        if lines:
            panels.append((f"{setting.capitalize()}, batches of {size} rows", lines))
    title = f"{quantity.capitalize()} over {setting}"
    return stacked(panels, y_title, title, y_floor=floor) if panels else ""


def _line(figures: Figures, method: str, found: Sequence[Figure], name: str = "") -> Line:
    """Return a curve in the colour of its method."""
    points = sorted(found, key=lambda one: one.at or 0.0)
    spans = [drawn_span(one) for one in points]
    banded = all(span.low is not None for span in spans)
    methods = methods_of(figures)
    colour = COLOURS[methods.index(method) % len(COLOURS)] if method in methods else ""
    return Line(
        name or method,
        [one.at or 0.0 for one in points],
        [span.estimate for span in spans],
        low=[span.ends()[0] for span in spans] if banded else (),
        high=[span.ends()[1] for span in spans] if banded else (),
        colour=colour,
    )
