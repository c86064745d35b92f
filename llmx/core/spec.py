"""What a recipe resolves to: frozen, typed, and free of Hydra.

`llmx.config` composes YAML into plain dictionaries and validates them here, so that a wrong key or
value is found before anything runs. Nothing below this module knows where the values came from.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeVar

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
from llmx.core.record import Frozen, Sparse
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


SHIPPED = "shipped:"
"""How ``data.options.path`` begins where it names a file that comes with llmx."""


class DataSpec(Frozen):
    """A dataset and its splits; sizes are numbers of problems."""

    everywhere: ClassVar[frozenset[str]] = frozenset({"system", "preamble", "instruction"})
    """Read of every kind, so that they can be set of a choice that does not write them out."""

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

    def stated(self) -> dict[str, Any]:
        """Return it as identities hold it: a file by its content, wherever it lies."""
        written = self.model_dump(mode="json")
        if self.options.get("content"):
            written["options"] = {n: held for n, held in self.options.items() if n != "path"}
        return written

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

    def stated(self) -> dict[str, Any]:
        """Return it as identities hold it: files of data by their content, wherever they lie."""
        written = self.model_dump(mode="json")
        return written if self.data is None else {**written, "data": self.data.stated()}

    @property
    def used_model(self) -> ModelSpec | None:
        """The models that the sampler really runs: the target alone has no draft."""
        if self.model is None or self.sampler is None:
            return self.model
        return self.model.used_by(self.sampler.algorithm)

    @property
    def brought_models(self) -> tuple[str, ...]:
        """The models that the sampler runs and that neither ship with llmx nor are trained."""
        model = self.used_model
        named = (model.target, model.draft, model.adapter) if model is not None else ()
        return tuple(name for name in named if name and not name.startswith(("zoo:", "stage:")))

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


class RunSpec(Sparse):
    """A composed recipe: the stages, and the arms (or sweep points) that they run over."""

    younger: ClassVar[frozenset[str]] = frozenset({"launch"})

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
    launch: dict[str, Any] = Field(default={}, description="what the recipe says of jobs")


_STAGE = "stage:"


def trained_arms(
    arms: Mapping[str, ArmSpec], stages: Mapping[str, StageSpec], *, one_run: bool = True
) -> frozenset[str]:
    """Return the arms whose answers may come from a model that a stage trains for the arm alone.

    ``stage:NEED`` names such a model, in the arm (target, draft, voices of an ensemble) or in the
    option ``model`` of a stage. A stage that trains ``over: recipe`` gives all arms and all seeds
    one model, which is then no different from one that was there before. Where it cannot be known
    which of several models answers, or what the stage is, the arm counts as trained: the intervals
    are then wider than they had to be, and never too narrow.

    Args:
        stages: of the recipe, by name.
        one_run: False where arms of two runs meet: what each run has trained for all of its arms
            is then another model in the other run.
    """

    def own(name: str) -> bool:
        stage = stages.get(name.removeprefix(_STAGE))
        return not one_run or stage is None or stage.over == "arm"

    return frozenset(
        arm
        for arm, spec in arms.items()
        if any(name.startswith(_STAGE) and own(name) for name in _named_by(spec, stages))
    )


def _named_by(spec: ArmSpec, stages: Mapping[str, StageSpec]) -> Iterator[str]:
    """Yield every model that an arm names, or a stage as the arm has it."""
    yield from _models(spec)
    for stage in stages.values():
        yield from _named(stage.of_arm(spec).options.get("model"))


def _named(option: object) -> list[str]:
    names = option if isinstance(option, list) else [option]
    return [name for name in names if isinstance(name, str)]


def _models(spec: ArmSpec) -> Iterator[str]:
    """Yield every model that an arm names."""
    voices = spec.ensemble.voices.values() if spec.ensemble else ()
    for model in (spec.used_model, *(voice.model for voice in voices)):
        if isinstance(model, ModelSpec):
            yield from (name for name in (model.target, model.draft) if name is not None)


_SETTINGS = {
    "temperature": "temperature",
    "top_p": "top-p",
    "top_k": "top-k",
    "repetition_penalty": "repetition penalty",
    "presence_penalty": "presence penalty",
    "frequency_penalty": "frequency penalty",
    "max_tokens": "length cap",
    "stop": "stop texts",
}
"""Settings that change what is drawn, whatever the decoding rule, with their names in words."""

_CUTS = ("top_p", "top_k")
"""Settings without a meaning where the most likely token is taken anyway."""

_PLAIN = ("target", "draft")
"""Algorithms that let nothing be drafted."""


def unlike(first: SamplerSpec | None, other: SamplerSpec | None) -> tuple[str, ...]:
    """Return what two arms differ in besides their rule, e.g. ``temperature 0.6 and 0``.

    A baseline that samples beside an arm that drafts by arg-max is another baseline: the arm is
    then nearly greedy, and its gain is that of greedy decoding. Empty where one has no sampler.
    """
    if first is None or other is None:
        return ()
    idle = _CUTS if first.temperature == other.temperature == 0 else ()
    settings = {key: words for key, words in _SETTINGS.items() if key not in idle}
    pairs = {words: (getattr(first, key), getattr(other, key)) for key, words in settings.items()}
    if not {first.algorithm, other.algorithm} & {*_PLAIN}:
        pairs["drafts"] = (_drafts(first), _drafts(other))
    return tuple(
        f"{words} {_shown(one)} and {_shown(two)}"
        for words, (one, two) in pairs.items()
        if one != two
    )


def _drafts(sampler: SamplerSpec) -> str:
    """Return how it drafts; at temperature 0 a sampled draft is the arg-max, and q is one-hot."""
    greedy = sampler.temperature == 0 and sampler.draft == "sampled"
    return "greedy" if greedy else sampler.draft


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
