"""What a paper's page shows of one run: trainings, an exploration, pictures of the run."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from llmx.claims.reproduce.stored import CURVES, SIMULATED, STREAM_PICTURES, TRAINED, Stored
from llmx.core import json_text
from llmx.core.registry import kinds
from llmx.report.brought import file_of, picture
from llmx.report.figures.names import DRIFT, FIRST_TOKEN
from llmx.report.numbers import MINUS, number, points, points_span

if TYPE_CHECKING:
    from llmx.report.training.model import TrainingReport
    from llmx.report.training.tables import TrainingTable


_STREAMS = {
    "gantt.svg": "One answer in time",
    "ttft.svg": "Time to the first token",
    "total.svg": "Total time",
    "quality.svg": "Accuracy against time to the first token",
    "lengths.svg": "Cut of the time to the first token against the length of drafts",
    "simulation.svg": "In virtual time: time to the first token, plain and staircase",
}


def trained(run: Stored) -> TrainingReport | None:
    """Return the trainings of a run; None where it has none, or of another version."""
    from llmx.report.training.model import TrainingReport

    try:
        return TrainingReport.model_validate(json_text.parse(run.texts[TRAINED]))
    except (KeyError, ValidationError):
        return None


def run_tables(run: Stored) -> list[TrainingTable]:
    """Return the tables on trainings, or on what a simulation predicts of published figures."""
    from llmx.report.training.tables import tables

    found = trained(run)
    return _predicted(run) if found is None else tables(run.figures, found)


def _predicted(run: Stored) -> list[TrainingTable]:
    from llmx.report.training.tables import TrainingTable

    try:
        rows = [_prediction(one) for one in json_text.parse(run.texts[SIMULATED])["predicted"]]
    except (KeyError, TypeError, ValueError):
        return []
    head = ("published figure", "published", "predicted", "error, %")
    return [TrainingTable("Predicted in virtual time", _PREDICTED_NOTE, head, tuple(rows))]


_PREDICTED_NOTE = (
    "By a simulation fitted on the published rows of the single model and the plain mixture alone;"
    " the span is over what those rows leave open. Where settling one of these moves the middle by"
    " more than a tenth, the rows do not identify the figure, and no error is stated."
)


def _prediction(one: Mapping[str, Any]) -> tuple[str, ...]:
    span = f"{number(one['middle'], 2)} ({number(one['low'], 2)}–{number(one['high'], 2)})"
    return (str(one["name"]), number(one["published"], 2), span, _error(one))


def _error(one: Mapping[str, Any]) -> str:
    """Return the error in percent, or that there is none and what the figure hangs on."""
    if not one["identified"]:
        what, (low, high) = max(one["swayed"].items(), key=lambda item: item[1][1] - item[1][0])
        moved = f"{number(low, 2)}–{number(high, 2)}"
        return f"not identified: {what.replace('_', ' ')} alone moves it, {moved}"
    error = number(100 * one["error"], 0)
    return error if error.startswith(MINUS) else f"+{error}"


def training_note(run: Stored) -> str:
    """Say how the curves are to be read; empty without any."""
    from llmx.report.training.page import band_note

    found = trained(run)
    return "" if found is None else band_note(found)


def drawn(run: Stored) -> list[tuple[str, str]]:
    """Return (caption, file) of the pictures of a run that lie among its texts."""
    curves = [(_curve(name), f"{name}.svg") for name in CURVES] if TRAINED in run.texts else []
    measured = run.figures.of(FIRST_TOKEN) or SIMULATED in run.texts
    streams = [(_STREAMS[name], name) for name in STREAM_PICTURES] if measured else []
    known = [(name, file_of(name)) for name in kinds("picture")]
    brought = [(picture(name).caption, file) for name, file in known if file in run.texts]
    return [(caption, name) for caption, name in curves + streams + brought if name in run.texts]


def address(run: Stored, name: str) -> str:
    """Return a picture as an address that an ``img`` shows: nothing in it can run."""
    return f"data:image/svg+xml;base64,{b64encode(run.texts[name].encode()).decode()}"


def _curve(name: str) -> str:
    from llmx.report.training.series import QUANTITIES

    return QUANTITIES[name][0].capitalize()


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
