"""The content of an ``outcomes.json``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from llmx.core.figure import Figures, joined
from llmx.core.record import Frozen, Metric
from llmx.core.spec import SamplerSpec
from llmx.report.figures.others import of_exploration
from llmx.report.figures.streams import of_streams
from llmx.report.figures.trainings import of_trainings
from llmx.report.results import StoredCalibration
from llmx.report.verdict.evidence import TunedOn

FILE, OF_TRAININGS = "outcomes.json", "training_outcomes.json"


class ArmOutcomes(Frozen):
    """One arm under one seed; columns are in the order of the problems that it has scored.

    Those of `elsewhere`, `unparsed` and each end are places among those problems, from 0.
    """

    right: str = Field(default="", description="0 or 1 a problem of the run, - where not scored")
    elsewhere: str = Field(default="", description="where the last answer of the text differs")
    unparsed: str = ""
    cut: str = Field(default="", description="ended by the length cap")
    stopped: str = Field(default="", description="ended by a stop string")
    filtered: str = Field(default="", description="taken by a filter of an endpoint")
    tokens: str = ""
    rounds: str = ""
    drafted: str = ""
    accepted: str = ""
    values: dict[str, str] = Field(default={}, description="metric → one number a problem")
    returns: str = Field(default="", description="backtracks of an output that is read as a trace")
    whole: str = Field(default="", description="whether it is a whole valid trace; - = no trace")
    trained: bool = Field(default=True, description="whether its model was trained for it")
    audit: bool | None = Field(default=None, description="None = not audited")
    failures: tuple[str, ...] = ()
    calibration: StoredCalibration | None = None


class ProblemTable(Frozen):
    """The problems of a run, once for all arms."""

    ids: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    cluster: str = Field(
        default="", description="place in `clusters` of each; empty = none has one"
    )
    traits: dict[str, tuple[str | float | None, ...]] = Field(
        default={}, description="what each says under a key of its metadata that a finding names"
    )

    def trait_values(self) -> dict[str, dict[str, str | float]]:
        """Return key → problem → value, of the problems that have one.

        Raises:
            ValueError: for a column that does not fit the problems.
        """
        return {
            name: {
                one: value for one, value in zip(self.ids, column, strict=True) if value is not None
            }
            for name, column in self.traits.items()
        }


class Outcomes(Frozen):
    """What the verdicts and the table of a run are computed from.

    Attributes:
        arms: by their names with seeds.
        metrics: that the arms' scorers declare, each once.
        samplers: of each arm, as far as tables read them.
        blocks: of the speed stage: round, arm, problems, tokens, seconds, rounds, batch size and
            how the engines were up, with tabs between.
        findings: as the recipe names them.
        tuned_on: the split on which settings were chosen.
        rehearsal: whether it is a run at ``scale=smoke``.
        unlearned: arm without its seed → why a training that it rests on taught nothing.
    """

    schema_version: Literal[1] = 1
    problems: ProblemTable = ProblemTable()
    arms: dict[str, ArmOutcomes] = Field(default={})
    metrics: tuple[Metric, ...] = ()
    samplers: dict[str, SamplerSpec | None] = Field(default={})
    reference: str | None = None
    references: dict[str, str] = Field(default={})
    blocks: tuple[str, ...] = ()
    figures: Figures = Figures()
    findings: tuple[dict[str, Any], ...] = ()
    tuned_on: TunedOn = "validation"
    rehearsal: bool = False
    unlearned: dict[str, str] = Field(default={})
    unavailable: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_older_versions(cls, raw: Any) -> Any:
        """Read figures as they follow from what older versions kept of other stages' documents."""
        if not isinstance(raw, dict) or not raw.keys() & _OLDER.keys():
            return raw
        known = {key: raw[key] for key in _OLDER if raw.get(key) is not None}
        found = joined(_OLDER[key](value) for key, value in known.items())
        return {**{k: v for k, v in raw.items() if k not in _OLDER}, "figures": found}


_OLDER: Mapping[str, Callable[[Any], Figures]] = {
    "exploration": of_exploration,
    "training": of_trainings,
    "streams": lambda raw: of_streams(raw.get("arms", ())),
}


class TrainingOutcomes(Frozen):
    """Outputs of each training before and after reinforcement learning, by names with seeds."""

    schema_version: Literal[1] = 1
    problems: ProblemTable = ProblemTable()
    before: dict[str, ArmOutcomes] = Field(default={})
    after: dict[str, ArmOutcomes] = Field(default={})
    reference: str | None = None
    references: dict[str, str] = Field(default={})
