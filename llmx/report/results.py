"""What a report says, as data: its figures, and sentences that follow from them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from llmx.core.figure import Figures
from llmx.core.record import Frozen

SCHEMA_VERSION: Literal[1] = 1

Kind = Literal[
    "speed", "power", "trade", "calibration", "caution", "sweep", "verdict", "unavailable", "draws"
]


class StoredCalibration(Frozen):
    """Output of a calibration stage; keys that a report does not show are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    asked_share: float | None = None
    threshold: float | None = None
    predicted_share: float | None = None
    achieved_share: float | None = None
    asked_loss: float | None = Field(
        default=None, description="of accuracy beside lossless SD on calibration problems"
    )
    loss: float | None = Field(default=None, description="what was lost there")
    standard_error: float | None = Field(default=None, description="of the loss")
    algorithm: str | None = None
    divergence: str | None = None
    semantics: str | None = None
    note: str | None = None


class Finding(Frozen):
    """One sentence computed from the rows; names of arms stand in backticks."""

    kind: Kind
    text: str


class Results(Frozen):
    """What a report says beside its figures, and those once more as rows: a ``results.json``.

    Attributes:
        rows: an arm a row, a key a figure, for people and scripts; llmx reads `figures`.
        figures: of all arms; they have a file of their own.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    title: str
    reference: str | None = None
    baseline: str | None = Field(default=None, description="the arm that runs the target alone")
    batch_size: int | None = Field(default=None, description="of the speed stage")
    speed_rounds: int = 0
    speed_engines: str | None = Field(default=None, description="None = all up side by side")
    rows: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...] = ()
    figures: Figures = Field(default=Figures(), exclude=True)


def load_results(document: Any) -> Results:
    """Validate the content of a ``results.json``; its figures are not there.

    Raises:
        pydantic.ValidationError: if it is of another schema version or shape.
    """
    return Results.model_validate(document)
