"""``data.options`` of the reasoning puzzles, and the raw prompts that they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from llmx.core.errors import ConfigError, nearest
from llmx.core.record import Frozen
from llmx.core.registry import kinds, lookup
from llmx.core.spec import DataSpec
from llmx.data.tasks.tags import ANSWER, ANSWERED, THINK, THOUGHT
from llmx.data.tasks.tasks import TASKS

_SYSTEM = "You are a helpful assistant. You think first and then give the user the answer."
_LEAD = f"Let me solve this step by step.\n{THINK}\n"


def wrap(kind: str, question: str, wrapper: str) -> str | None:
    """Return the raw prompt, or None for `chat`.

    Raises:
        ConfigError: for a wrapper that does not exist.
    """
    match wrapper:
        case "chat":
            return None
        case "base":
            asked = f"{question}\n{_tagged(kind)}"
            return f"{_SYSTEM}\nUser: {asked}\nAssistant: {_LEAD}"
        case "instruct":
            return _turns(f"{question}\n{_tagged(kind)}") + _LEAD
        case "baseline":
            return _turns(f"{question}\n{_answered(kind)}")
    raise ConfigError(f"unknown wrapper '{wrapper}'", "chat, instruct, base or baseline")


def _turns(asked: str) -> str:
    """Return a Qwen chat up to the opened assistant turn."""
    turns = (("system", _SYSTEM), ("user", asked))
    written = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in turns)
    return f"{written}<|im_start|>assistant\n"


def _tagged(kind: str) -> str:
    return f"Show your work in {THINK} {THOUGHT} tags. {_answered(kind)}"


def _answered(kind: str) -> str:
    shown = f"{ANSWER}{TASKS[kind].example}{ANSWERED}"
    return f"Return the final answer in {ANSWER} {ANSWERED} tags, for example {shown}."


Wrapper = Literal["chat", "instruct", "base", "baseline"]

_Options = TypeVar("_Options", bound=Frozen)


class ProblemOptions(Frozen):
    """What the problems depend on."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    generator: dict[str, Any] = Field(default={}, description="changes to the configuration")
    question: Literal["library", "brief"] = "library"
    validation: int = Field(default=0, ge=0, description="problems to watch a training run with")
    sft: int = Field(default=0, ge=0, description="problems that traces are made of")
    lessons: int = Field(default=0, ge=0, description="more of them, to train a base model on")


class WordingOptions(Frozen):
    """How a problem is put into words: no problem depends on it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    wrapper: Wrapper = Field(default="chat", description="what is put around a question")


def problem_options(spec: DataSpec) -> ProblemOptions:
    """Return the part of the options that the problems depend on.

    Raises:
        ConfigError: for an option or a field of the generator that does not exist.
    """
    options = read_options(ProblemOptions, spec)
    known = TASKS[spec.kind].generator
    for name in options.generator:
        if name not in known:
            where = f"data.options.generator of {spec.kind}"
            raise ConfigError(f"{where} has no '{name}'", nearest(name, known, "fields"))
    return options


def sent_wrapper(spec: DataSpec) -> Wrapper:
    """Return what is put around a question that is evaluated; only puzzles have raw prompts."""
    return read_options(WordingOptions, spec).wrapper if spec.kind in TASKS else "chat"


def configuration(spec: DataSpec) -> dict[str, Any]:
    """Return the generator's whole configuration, changes included."""
    return {**TASKS[spec.kind].generator, **problem_options(spec).generator}


def problem_spec(spec: DataSpec) -> dict[str, Any]:
    """Return the specification without what no problem depends on, as JSON holds it."""
    found = spec.model_dump(mode="json")
    options = found.pop("options", {})
    kept = {name: value for name, value in options.items() if name in ProblemOptions.model_fields}
    return {**found, "options": kept} if kept else found


def known_options() -> dict[str, object]:
    """Return every name that ``data.options`` may hold, those of papers included."""
    brought = (lookup("data_options", name) for name in kinds("data_options"))
    fields = (model.model_fields for model in (ProblemOptions, WordingOptions, *brought))
    return {name: field for held in fields for name, field in held.items()}


def read_options(model: type[_Options], spec: DataSpec) -> _Options:
    """Return the part of ``data.options`` that a model reads.

    Raises:
        ConfigError: for a name that nothing reads, or a value that cannot be.
    """
    known = known_options()
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
