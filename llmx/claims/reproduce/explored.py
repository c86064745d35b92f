"""What a paper's page shows of an exploration: its picture, and how far its predictions drift."""

from __future__ import annotations

from base64 import b64encode

from llmx.claims.reproduce.stored import Stored
from llmx.report.figures.names import DRIFT
from llmx.report.numbers import points, points_span


def drift_sentence(run: Stored) -> str:
    """Say how far predicted draft shares were from real ones; empty without an exploration."""
    found = run.figures.of(DRIFT)
    if not found:
        return ""
    worst = max(found, key=lambda one: abs(one.span.estimate))
    mean = sum(one.span.estimate for one in found) / len(found)
    return (
        f"Trajectory drift: the real draft shares of the {len(found)} arms are"
        f" {points(mean)} points from what the log predicted, on average; furthest"
        f" `{worst.arm}`: {points_span(worst.span)}."
    )


def picture_address(run: Stored) -> str:
    """Return the picture as a data address: shown as an image, it can run nothing."""
    drawn = run.texts.get("explore.svg", "")
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}" if drawn else ""
