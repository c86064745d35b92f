"""What a report says, as data: every renderer reads these models and nothing else."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from llmx.core.figure import Span
from llmx.core.record import Frozen, Metric, Sparse

SCHEMA_VERSION: Literal[1] = 1

Kind = Literal["speed", "power", "trade", "calibration", "caution", "verdict", "unavailable"]


class Difference(Frozen):
    """Accuracy, or another metric, minus the reference's, on the problems that both answered.

    Of a graded metric `score` is Student's t interval, `gained` and `lost` count answers that are
    better and worse, and one seed is treated as several are.
    """

    problems: int
    seeds: int = 1
    score: Span = Field(
        description="share of problems; score interval (Tango 1998), of several seeds a t interval"
        " over items, and over seeds where the arms were trained"
    )
    bootstrap: Span = Field(description="the same difference, paired bootstrap over problems")
    clustered: Span | None = Field(description="paired bootstrap over clusters of problems")
    clusters: int
    gained: int = Field(description="right here, wrong in the reference arm; over all seeds")
    lost: int = Field(description="wrong here, right in the reference arm; over all seeds")
    p_value: float = Field(
        description="exact two-sided McNemar test; of several seeds sign flips of item means, of"
        " trained arms the interval inverted"
    )
    detectable: float = Field(
        description="smallest difference found with 80 % power: at this discordant rate, of several"
        " seeds at this width of the interval"
    )


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


class Measured(Frozen):
    """What one metric of an arm comes to."""

    metric: Metric
    value: Span = Field(description="of the arm; Student's t interval, Wilson's of 0 and 1")
    difference: Difference | None = Field(default=None, description="from the reference")


class Row(Sparse):
    """One arm. None = not measured, or without meaning for its algorithm."""

    younger: ClassVar[frozenset[str]] = frozenset({"metrics"})

    arm: str
    algorithm: str | None = None
    problems: int = 0
    seeds: int = 1
    accuracy: Span | None = Field(
        default=None, description="strict; Wilson interval, of several seeds a t interval"
    )
    accuracy_flexible: float | None = Field(default=None, description="last number of the text")
    reference: str | None = Field(
        default=None, description="the arm that it is compared with; None in older files"
    )
    difference: Difference | None = None
    rounds_reference: Span | None = Field(
        default=None, description="target rounds a problem over the reference's, paired by problem"
    )
    tokens_per_second: Span | None = None
    problems_per_second: Span | None = None
    speedup: Span | None = Field(
        default=None, description="tokens/s over those of the target alone"
    )
    speedup_problems: Span | None = Field(default=None, description="the same in problems/s")
    speedup_reference: Span | None = Field(default=None, description="tokens/s over the reference")
    speedup_reference_problems: Span | None = Field(
        default=None, description="problems/s over the reference"
    )
    target_rounds: float | None = Field(default=None, description="target forwards per problem")
    accepted_length: float | None = Field(
        default=None, description="accepted drafted tokens per verify round"
    )
    draft_share: float | None = Field(default=None, description="accepted over emitted tokens")
    asked_share: float | None = None
    share_missed: bool = Field(default=False, description="over three points off the asked share")
    calibration: StoredCalibration | None = Field(default=None, description="of the first seed")
    calibration_seeds: tuple[StoredCalibration, ...] = Field(
        default=(), description="of every seed, where there are several"
    )
    output_tokens: float | None = Field(default=None, description="mean per problem")
    cut_share: float | None = Field(default=None, description="outputs ended by the length cap")
    unparsed_share: float | None = Field(default=None, description="no answer in the asked form")
    metrics: tuple[Measured, ...] = Field(
        default=(), description="those that its scorer declares beside accuracy"
    )

    def measured(self, name: str) -> Measured | None:
        """Return a metric by its name, or None."""
        return next((one for one in self.metrics if one.metric.name == name), None)

    def calibrations(self) -> tuple[StoredCalibration, ...]:
        """Return the calibration of every seed; of a file that keeps one, that one."""
        return self.calibration_seeds or ((self.calibration,) if self.calibration else ())


class Finding(Frozen):
    """One sentence computed from the rows; names of arms stand in backticks."""

    kind: Kind
    text: str


class Results(Frozen):
    """Everything that a report prints, except the samples themselves."""

    schema_version: Literal[1] = SCHEMA_VERSION
    title: str
    reference: str | None = None
    baseline: str | None = Field(default=None, description="the arm that runs the target alone")
    batch_size: int | None = Field(default=None, description="of the speed stage")
    speed_rounds: int = 0
    speed_engines: str | None = Field(default=None, description="None = all up side by side")
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...] = ()

    def row(self, arm: str | None) -> Row | None:
        """Return the row of an arm, or None."""
        return next((row for row in self.rows if row.arm == arm), None)


def load_results(document: Any) -> Results:
    """Validate the content of a ``results.json``.

    Raises:
        pydantic.ValidationError: if it is of another schema version or shape.
    """
    return Results.model_validate(document)
