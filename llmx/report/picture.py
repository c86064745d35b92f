"""The picture that fits a report: accuracy against speed, or accuracy where nothing was timed."""

from __future__ import annotations

from llmx.core.figure import Figures
from llmx.report.figures import names
from llmx.report.figures.by_arm import arms_of, references_of
from llmx.report.plot import plot
from llmx.report.rows import accuracies


def picture(figures: Figures, width: float = 760, height: float = 460, name: str = "plot") -> str:
    """Return the SVG document of a report; `height` is that of accuracy against speed."""
    arms, references = arms_of(figures), references_of(figures)
    if _untimed(figures):
        return accuracies(figures, arms, width, name)
    return plot(figures, arms, references, width, height, name)


def caption(figures: Figures) -> str:
    """Return the picture's title."""
    return "Accuracy" if _untimed(figures) else "Accuracy against speed"


def _untimed(figures: Figures) -> bool:
    scored = figures.of(names.ACCURACY, arms_of(figures))
    return bool(scored) and not any(one.against is None for one in figures.of(names.TOKEN_RATE))
