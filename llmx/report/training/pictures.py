"""Learning curves: one picture a quantity, one curve an arm, a band of its seeds."""

from __future__ import annotations

from llmx.report.curves import Line, curves
from llmx.report.training.model import TrainingReport
from llmx.report.training.series import QUANTITIES, Series


def pictures(report: TrainingReport) -> dict[str, str]:
    """Return quantity → SVG document."""
    return {name: _picture(name, found) for name, found in report.curves.items()}


def _picture(name: str, found: tuple[Series, ...]) -> str:
    title = QUANTITIES[name][0]
    return curves(
        [_line(one) for one in found],
        "optimiser steps",
        title,
        title.capitalize(),
        x_roof=None,
        y_roof=1 if "share" in title else None,
        y_floor=None if name == "kl" else 0,
    )


def _line(one: Series) -> Line:
    several = one.seeds > 1
    return Line(
        one.arm,
        one.steps,
        one.mean,
        low=one.low if several else (),
        high=one.high if several else (),
        raw=one.raw if one.raw != one.mean else (),
    )


def band_note(report: TrainingReport) -> str:
    """Say how the curves are to be read."""
    smoothed = (
        f"Thick: a moving average over {report.window} points; thin: the points as they are."
        if report.window > 1
        else "The points as they are."
    )
    several = any(one.seeds > 1 for found in report.curves.values() for one in found)
    band = (
        " Of several seeds the curve is the mean, and the band goes from the least to the greatest"
        " of them: it is no confidence interval."
        if several
        else " One seed an arm: there is no band, and curves are indicative."
    )
    return smoothed + band
