"""What a paper's page shows of an exploration: its picture, and how far its predictions drift."""

from __future__ import annotations

from base64 import b64encode

from pydantic import ValidationError

from llmx.core import json_text
from llmx.report.gather import Exploration
from llmx.report.numbers import points, points_span
from llmx.report.reproduce.stored import Stored


def drift_sentence(run: Stored) -> str:
    """Say how far predicted draft shares were from real ones; empty without an exploration."""
    try:
        found = Exploration.model_validate(json_text.parse(run.texts.get("explore.json", "{}")))
    except (ValueError, ValidationError):
        return ""
    if not found.drift:
        return ""
    worst = max(found.drift, key=lambda one: abs(one.whole.estimate))
    mean = sum(one.whole.estimate for one in found.drift) / len(found.drift)
    return (
        f"Trajectory drift: the real draft shares of the {len(found.drift)} arms are"
        f" {points(mean)} points from what the log predicted, on average; furthest"
        f" `{worst.arm}`: {points_span(worst.whole)}."
    )


def picture_address(run: Stored) -> str:
    """Return the picture as a data address: shown as an image, it can run nothing."""
    drawn = run.texts.get("explore.svg", "")
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}" if drawn else ""
