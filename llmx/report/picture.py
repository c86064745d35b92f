"""The picture that fits a report: accuracy against speed, or accuracy where nothing was timed."""

from __future__ import annotations

from llmx.report.accuracies import accuracies
from llmx.report.plot import plot
from llmx.report.results import Results


def picture(results: Results, width: float = 760, height: float = 460, name: str = "plot") -> str:
    """Return the SVG document of a report; `height` is that of accuracy against speed."""
    if _untimed(results):
        return accuracies(results, width, name)
    return plot(results, width, height, name)


def caption(results: Results) -> str:
    """Return the picture's title."""
    return "Accuracy" if _untimed(results) else "Accuracy against speed"


def _untimed(results: Results) -> bool:
    scored = any(row.accuracy is not None for row in results.rows)
    return scored and all(row.tokens_per_second is None for row in results.rows)
