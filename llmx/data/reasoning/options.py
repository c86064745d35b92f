"""``data.options`` of the reasoning puzzles: read, checked, and parted by what depends on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from llmx.core.errors import ConfigError, nearest
from llmx.core.record import Frozen
from llmx.core.spec import DataSpec
from llmx.data.reasoning.tasks import TASKS

Wrapper = Literal["chat", "instruct", "base", "baseline"]
Content = Literal["correct", "incorrect", "malformed", "shuffled", "none"]
Control = Literal["none", "verbose"]
Wording = Literal["plain", "terse"]
Style = Literal["exact", "authors"]


_Options = TypeVar("_Options", bound=Frozen)


class ProblemOptions(Frozen):
    """What the problems depend on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    generator: dict[str, Any] = Field(default={}, description="changes to the configuration")
    question: Literal["library", "brief"] = "library"
    validation: int = Field(default=0, ge=0, description="problems to watch a training with")
    sft: int = Field(default=0, ge=0, description="problems that traces are made of")
    lessons: int = Field(default=0, ge=0, description="more of them, to train a start model on")


class TraceOptions(Frozen):
    """What the traces depend on besides the problems: no split and no evaluation reads these."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    k: int = Field(default=0, ge=0, description="backtracks in each trace")
    mixture: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), strict=False, description="k by turns, in place of one k"
    )
    supports: int | None = Field(
        default=None, ge=0, description="only problems that have so many; None = k"
    )
    content: Content = Field(default="correct", description="none = the arm has no traces")
    control: Control = Field(default="none", description="verbose = as long, without backtracks")
    match: int = Field(default=1, ge=1, description="k whose length `verbose` takes")
    wording: Wording = Field(default="plain", description="of the steps")
    style: Style = Field(default="exact", description="authors = as the released generators")
    wrapper: Wrapper = Field(default="chat", description="what is put around a question")
    split: Literal["sft", "lessons"] = Field(default="sft", description="whose problems are traced")

    @property
    def least(self) -> int:
        """Backtracks that a problem must offer to be used."""
        asked = max(self.k, *self.mixture, self.match if self.control == "verbose" else 0)
        return max(asked, self.supports or 0)

    def of(self, place: int) -> TraceOptions:
        """Return what the trace at a place of the set is like: k is that of its turn."""
        if not self.mixture:
            return self
        k = self.mixture[place % len(self.mixture)]
        return self.model_copy(update={"k": k, "mixture": (), "supports": self.least})


def problem_options(spec: DataSpec) -> ProblemOptions:
    """Return the part of the options that the problems depend on.

    Raises:
        ConfigError: for an option or a field of the generator that does not exist.
    """
    options = _read(ProblemOptions, spec)
    known = TASKS[spec.kind].generator
    for name in options.generator:
        if name not in known:
            where = f"data.options.generator of {spec.kind}"
            raise ConfigError(f"{where} has no '{name}'", nearest(name, known, "fields"))
    return options


def trace_options(spec: DataSpec, stage: Mapping[str, Any] | None = None) -> TraceOptions:
    """Return the part of the options that only traces depend on.

    Args:
        stage: options that stand above those of the data section.

    Raises:
        ConfigError: for an option that does not exist, or two that contradict.
    """
    above = {**spec.options, **(stage or {})}
    options = _read(TraceOptions, spec.model_copy(update={"options": above}))
    asked = options.mixture or (options.k,)  # a mixture stands in place of k
    if options.control == "verbose" and any(asked):
        name = f"mixture={list(asked)}" if options.mixture else f"k={options.k}"
        raise ConfigError(
            f"data.options.control=verbose is a trace without backtracks, not of {name}",
            "set data.options.k=0 and no mixture; data.options.match=K takes the length of k=K",
        )
    if options.style == "authors" and (options.content, options.control) != ("correct", "none"):
        raise ConfigError(
            "data.options.style=authors goes with content=correct and control=none alone",
            "the released generators have no other",
        )
    return options


def sent_wrapper(spec: DataSpec) -> Wrapper:
    """Return what is put around a question that is evaluated; only puzzles have raw prompts."""
    return trace_options(spec).wrapper if spec.kind in TASKS else "chat"


def configuration(spec: DataSpec) -> dict[str, Any]:
    """Return the generator's whole configuration, changes included."""
    return {**TASKS[spec.kind].generator, **problem_options(spec).generator}


def problem_spec(spec: DataSpec) -> dict[str, Any]:
    """Return the specification without what only traces depend on, as JSON holds it."""
    found = spec.model_dump(mode="json")
    options = found.pop("options", {})
    kept = {name: value for name, value in options.items() if name not in TraceOptions.model_fields}
    return {**found, "options": kept} if kept else found


def _read(model: type[_Options], spec: DataSpec) -> _Options:
    known = {**ProblemOptions.model_fields, **TraceOptions.model_fields}
    for name in spec.options:
        if name not in known:
            raise ConfigError(f"unknown key 'data.options.{name}'", nearest(name, known, "options"))
    mine: Mapping[str, Any] = {n: v for n, v in spec.options.items() if n in model.model_fields}
    try:
        return model.model_validate(mine)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        text = first["msg"].replace("Input should be", "must be")
        raise ConfigError(f"data.options.{key}={first['input']!r} {text}") from error
