"""What a recipe resolves to: frozen, typed, and free of Hydra.

`llmx.config` composes YAML into plain dictionaries and validates them here, so that a wrong key or
value is found before anything runs. Nothing below this module knows where the values came from.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from llmx.core.ensemble import EnsembleSpec
from llmx.core.hosts import Named
from llmx.core.judging import JudgeSpec
from llmx.core.record import Frozen
from llmx.core.replaced import replaced
from llmx.core.section import Section
from llmx.core.speech import (
    Algorithm,
    Divergence,
    DraftMode,
    EngineSpec,
    FirstBlock,
    ModelSpec,
    SamplerSpec,
    Semantics,
)

__all__ = [
    "Algorithm",
    "ArmSpec",
    "DataSpec",
    "Destination",
    "Divergence",
    "DraftMode",
    "EngineSpec",
    "EnsembleSpec",
    "FirstBlock",
    "Grade",
    "JudgeSpec",
    "ModelSpec",
    "RunSpec",
    "SamplerSpec",
    "ScaleSpec",
    "Semantics",
    "SettingSource",
    "ShapeSpec",
    "StageSpec",
    "TrainerSpec",
]

S = TypeVar("S", bound=Section)
Grade = Literal["paper", "code", "secondary", "assumed"]


class ShapeSpec(Frozen):
    """Shape of a Llama-architecture model to train from nothing."""

    layers: int = Field(ge=1)
    hidden: int = Field(ge=32)
    intermediate: int = Field(ge=32)
    head_dim: int = Field(default=32, ge=32)
    context: int = Field(default=512, ge=64)

    @model_validator(mode="after")
    def _heads_divide(self) -> ShapeSpec:
        if self.hidden % self.head_dim:
            raise ValueError(f"hidden={self.hidden} is not a multiple of head_dim={self.head_dim}")
        return self


class TrainerSpec(Frozen):
    """Optimisation of a small model from nothing (AdamW, cosine decay after a linear warm-up)."""

    steps: int = Field(ge=1)
    batch_size: int = Field(default=32, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)
    warmup_steps: int = Field(default=200, ge=0)
    weight_decay: float = Field(default=0.05, ge=0)
    bf16: bool = True
    save_steps: int = Field(default=500, ge=1)
    threads: int = Field(default=1, ge=1)


class DataSpec(Frozen):
    """A dataset and its splits; sizes are numbers of problems."""

    kind: str
    revision: str | None = None
    seed: int = 0
    test: int = Field(default=1000, ge=1)
    calibration: int = Field(default=64, ge=1)
    train: int = Field(default=0, ge=0)
    heldout: int = Field(default=0, ge=0, description="problems from templates never trained on")
    templates: tuple[int, ...] = ()
    heldout_templates: tuple[int, ...] = ()
    wording: Literal["varied", "fixed"] = "varied"
    system: str = Field(default="", description="system message; empty = none is sent")
    preamble: str = Field(default="", description="added above the question, e.g. worked examples")
    instruction: str = Field(default="", description="added below the question in the prompt")
    options: dict[str, Any] = Field(default={}, description="of this kind of data, by its names")

    def __hash__(self) -> int:
        """Hash by content: specifications are keys, and `options` alone is no hashable value."""
        return hash(self.model_dump_json())

    @model_serializer(mode="wrap")
    def _without_empty_options(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out empty options, so that kinds without any keep their fingerprints."""
        written: dict[str, Any] = handler(self)
        return {key: value for key, value in written.items() if key != "options" or value}


class ScaleSpec(Frozen):
    """How large a run is. `problems` may be lowered by the plan to fit `budget_seconds`."""

    name: str = "laptop"
    problems: int | None = Field(
        default=None, ge=1, description="None = as many as the budget allows"
    )
    budget_seconds: float | None = Field(default=None, gt=0)
    limit_minutes: float | None = Field(
        default=None, gt=0, description="a plan that takes longer is refused; None = never"
    )
    calibration_problems: int = Field(default=32, ge=1)
    speed_problems: int = Field(default=16, ge=1)
    speed_rounds: int = Field(default=3, ge=1)


_OFTEN_EMPTY = ("stages", "more")


class ArmSpec(Frozen):
    """Everything that one arm of a recipe resolves to."""

    seed: int = 0
    model: ModelSpec | None = None
    data: DataSpec | None = None
    engine: EngineSpec = EngineSpec()
    sampler: SamplerSpec | None = None
    shape: ShapeSpec | None = None
    trainer: TrainerSpec | None = None
    ensemble: EnsembleSpec | None = None
    judge: JudgeSpec | None = None
    scale: ScaleSpec = ScaleSpec()
    stages: dict[str, dict[str, Any]] = Field(
        default={},
        description="stage -> dotted option -> value: what this arm changes of stages over arms",
    )
    more: dict[str, dict[str, Any]] = Field(
        default={}, description="sections that plugins and papers bring, by name"
    )
    _seen: frozenset[str] | None = PrivateAttr(default=None)

    def __hash__(self) -> int:
        """Hash by content, as `stages` and `more` are no hashable values."""
        return hash(self.model_dump_json())

    @model_serializer(mode="wrap")
    def _without_empty(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what no recipe asked for, so that arms from before it are written as ever."""
        written: dict[str, Any] = handler(self)
        return {key: value for key, value in written.items() if key not in _OFTEN_EMPTY or value}

    @property
    def used_model(self) -> ModelSpec | None:
        """The models that the sampler really runs: the target alone has no draft."""
        if self.model is None or self.sampler is None or self.sampler.algorithm != "target":
            return self.model
        return self.model.model_copy(update={"draft": None, "draft_revision": None})

    def section(self, of: type[S]) -> S | None:
        """Return a section of the arm; None where the recipe gives it none.

        Raises:
            TypeError: in a stage that does not say among its ``sections`` that it reads this one.
        """
        if self._seen is not None and of.section not in self._seen:
            raise TypeError(f"the stage reads '{of.section}' and does not name it in its sections")
        held = self.more.get(of.section)
        return None if held is None else of.model_validate(held)

    def with_sections(self, names: Collection[str]) -> ArmSpec:
        """Return the arm as a stage sees it that reads these sections."""
        if not self.more:
            return self
        kept = {name: held for name, held in self.more.items() if name in names}
        seen = self.model_copy(update={"more": kept})
        seen._seen = frozenset(names)
        return seen


class StageSpec(Frozen):
    """One stage as the recipe writes it; `options` are read by the stage's own kind."""

    name: str
    kind: str
    over: Literal["arm", "recipe"] = "arm"
    needs: tuple[str, ...] = ()
    options: dict[str, Any] = Field(default={})

    def changed(self, by: Mapping[str, Any]) -> StageSpec:
        """Return the stage with dotted options set, one after the other."""
        options = self.options
        for key, value in by.items():
            options = replaced(options, key.split("."), value)
        return self if options == self.options else self.model_copy(update={"options": options})

    def of_arm(self, arm: ArmSpec) -> StageSpec:
        """Return the stage as an arm has it; one over the recipe is the same for all arms."""
        return self.changed(arm.stages.get(self.name, {})) if self.over == "arm" else self


class Destination(Frozen):
    """Where a run sends something, and who says so.

    Attributes:
        what: ``engine``, ``judge``, ``voice NAME`` or ``tracker NAME``.
        url: the address, or a tracker's name, as its own settings say where it writes.
        place: file and line, or ``command line``.
    """

    what: str
    url: str
    key_env: str | None = None
    place: str = ""
    address_by: Named = "user"
    key_by: Named = "user"


class SettingSource(Frozen):
    """Where a setting comes from."""

    grade: Grade
    where: str = ""


class RunSpec(Frozen):
    """A composed recipe: the stages, and the arms (or sweep points) that they run over."""

    name: str
    group: str
    source: str
    paper: str | None = None
    description: str = ""
    stages: tuple[StageSpec, ...]
    arms: Annotated[dict[str, ArmSpec], Field(min_length=1)]
    arm_overrides: dict[str, tuple[str, ...]] = Field(default={})
    reference: str | None = None
    claims: str | None = None
    evidence: dict[str, SettingSource] = Field(default={})
    deviations: tuple[str, ...] = ()
    overrides: tuple[str, ...] = Field(default=(), description="what the command line set")
    notes: tuple[str, ...] = Field(default=(), description="lines to show: e.g. keys of some arms")
    scale: str = "laptop"
    references: dict[str, str] = Field(
        default={},
        description="arm -> the arm it is compared with: the reference at the same sweep point",
    )
    points: dict[str, dict[str, Any]] = Field(
        default={}, description="arm -> the swept keys and their values; empty without a sweep"
    )
    destinations: tuple[Destination, ...] = ()
