"""Differences in accuracy with their intervals, one line a pair (a forest plot)."""

from __future__ import annotations

from llmx.report.compare import words
from llmx.report.compare.model import Compared
from llmx.report.families import looks
from llmx.report.rows import RowOf, rows


def picture(found: Compared, width: float = 760) -> str:
    """Return an SVG document; 95 % intervals, in points, positive where the second is better."""
    titles = [words.title(one) for one in found.comparisons]
    look = looks(titles)
    lines = [
        RowOf(title, look[title], one.difference.score.scaled(100))
        for title, one in zip(titles, found.comparisons, strict=True)
    ]
    title = "Difference in accuracy (points, 95 % interval)"
    return rows(lines, title, "Differences in accuracy", width, zero=True)
