"""The options of a stage kind: one pydantic model a kind, found through the stage's class.

A kind says ``Options: ClassVar[type[StageOptions]] = …``. Composition checks what a recipe and its
arms write against it, and shows all mistakes at once; a stage reads them by
:meth:`llmx.core.stage.StageInput.read`. A kind without a model takes any options.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from llmx.core.errors import ConfigError, nearest
from llmx.core.names import family
from llmx.core.record import Frozen
from llmx.core.registry import kinds, lookup
from llmx.core.spec import DataSpec, RunSpec, StageSpec
from llmx.core.speech import UNSET_BY_WORDS

Split = Literal["test", "calibration", "heldout", "sft", "train"]
"""Splits that are answered."""
SPLITS: tuple[str, ...] = get_args(Split)
Count = Annotated[int, Field(ge=1)]
Known = Mapping[str, Collection[str]]
"""What names can mean: ``arms``, ``needs`` and ``stages`` of the recipe."""


class StageOptions(Frozen):
    """Base of the options of a kind; a field has a default and one line of description.

    What a field should hold, in words, is its ``examples[0]`` where the type does not say it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class NoOptions(StageOptions):
    """Of kinds that have none."""


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Fault:
    """What is wrong with one option: ``key`` is dotted, and leads to the value."""

    key: str
    message: str
    hint: str = ""


def wrong(message: str, hint: str = "", at: str = "") -> PydanticCustomError:
    """Return the error that a validator raises; it is said behind the option's name.

    Args:
        at: the key inside of the option, by which its place is found.
    """
    # A template with one field, as braces of the message are none.
    return PydanticCustomError("wrong", "{said}", {"said": message, "hint": hint, "at": at})


def _named(what: str, singular: str, of: Callable[[str], str] = str) -> AfterValidator:
    def check(value: str, info: ValidationInfo) -> str:
        known = (info.context or {}).get(what)
        if known is not None and of(value) not in known:
            raise wrong(f"there is no {singular} '{value}'", nearest(value, known, what))
        return value

    return AfterValidator(check)


def _of_kind(group: str) -> AfterValidator:
    def check(value: str) -> str:
        if value not in kinds(group):
            hint = nearest(value, kinds(group), f"{group}s")
            raise wrong(f"unknown {group} '{value}'", hint)
        return value

    return AfterValidator(check)


def _input(value: str, info: ValidationInfo) -> str:
    needs = (info.context or {}).get("needs")
    kind, _, need = value.partition(":")
    if needs is not None and kind == "stage" and need not in needs:
        raise wrong(f"'{value}' is no input of it", f"add {need} to its needs")
    return value


ArmName = Annotated[str, _named("arms", "arm", lambda name: family(name).partition("@")[0])]
"""An arm of the recipe, with or without its point of a sweep."""
NeedName = Annotated[str, _named("needs", "need")]
"""A stage among the needs."""
InputModel = Annotated[str, AfterValidator(_input)]
"""A model; one that a stage trains is of a stage among the needs."""
InputModels = InputModel | Annotated[tuple[InputModel, ...], Field(min_length=1)]
"""A model, or several in order of preference."""
ScorerName = Annotated[str, _of_kind("scorer")]
ProtocolName = Annotated[str, _of_kind("protocol")]
RewardName = Annotated[str, _of_kind("reward")]


def own_scorer(data: DataSpec) -> str | None:
    """Return the kind of scorer that a dataset's class names, None where it names none.

    It is a class variable ``scorer``, or what its class method ``scorer_of`` says of the
    specification.
    """
    found = lookup("data", data.kind)
    named = getattr(found, "scorer_of", None)
    own: str | None = getattr(found, "scorer", None) if named is None else named(data)
    return own


def model_of(kind: str, group: str = "stage") -> type[BaseModel] | None:
    """Return the model of a kind's options, None where any are accepted.

    Args:
        group: ``stage`` or ``data``.
    """
    if kind not in kinds(group):
        return None
    found = getattr(lookup(group, kind), "Options", None)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def option_names(kind: Any) -> Mapping[str, Any]:
    """Return the options that a kind has; none are known of a kind without a model.

    Their values are an empty mapping where names may be set inside of the option, else None.
    """
    model = model_of(kind) if isinstance(kind, str) else None
    fields = model.model_fields if model is not None else {}
    return {name: {} if get_origin(f.annotation) is dict else None for name, f in fields.items()}


@dataclass(frozen=True)
class Written:
    """Options as they are written, and what has them: a stage, or the data of an arm."""

    where: str
    kind: str
    options: Mapping[str, Any]

    @classmethod
    def of(cls, owner: StageSpec | DataSpec) -> Written:
        """Return the options of a stage or of data."""
        if isinstance(owner, DataSpec):
            return cls("data.options", owner.kind, owner.options)
        return cls(f"stages.{owner.name}", owner.kind, owner.options)


def faults(
    owner: StageSpec | DataSpec, model: type[BaseModel], known: Known | None = None
) -> list[Fault]:
    """Return everything that is wrong with the options of a stage, or of data."""
    written = Written.of(owner)
    try:
        _validated(written, model, known)
    except ValidationError as error:
        found = {fault.key: fault for fault in (_fault(written, model, i) for i in error.errors())}
        # Of a union, the branch that came furthest says best what is wrong.
        return [one for key, one in found.items() if not _inside(key, found)]
    return []


def inner_fault(options: Mapping[str, Any], model: type[BaseModel], what: str) -> Fault | None:
    """Return the first thing that is wrong with options inside of an option.

    Args:
        what: has these options, in words: ``scorer numeric``.
    """
    found = faults(StageSpec(name=_INNER, kind=_INNER, options=dict(options)), model)
    if not found:
        return None
    text = found[0].message.replace(f" of stages.{_INNER} (kind {_INNER})", f" of {what}")
    return Fault(found[0].key, text.replace(f"stages.{_INNER}.", ""), found[0].hint)


_INNER = "inner"


def _inside(key: str, others: Collection[str]) -> bool:
    return any(other.startswith(f"{key}.") for other in others)


def still_fits(spec: RunSpec) -> bool:
    """Whether the options of a composition from the disk are still those of their kinds."""
    arms = [arm for arm in spec.arms.values() if arm.stages]
    found = (one for stage in spec.stages for one in (stage, *map(stage.of_arm, arms)))
    models = {stage.kind: model_of(stage.kind) for stage in spec.stages}
    if any(faults(one, model) for one in found if (model := models[one.kind]) is not None):
        return False
    datas = {arm.data: model_of(arm.data.kind, "data") for arm in spec.arms.values() if arm.data}
    return not any(faults(data, model) for data, model in datas.items() if model is not None)


def parse(owner: StageSpec | DataSpec, model: type[Model]) -> Model:
    """Return the options of a stage, or of data.

    Raises:
        ConfigError: naming the first that cannot be.
    """
    written = Written.of(owner)
    try:
        return _validated(written, model, None)
    except ValidationError as error:
        found = _fault(written, model, error.errors()[0])
        raise ConfigError(found.message, found.hint) from error


def _validated(written: Written, model: type[Model], known: Known | None) -> Model:
    # As JSON: a list is a tuple there, and a number no text.
    context = None if known is None else dict(known)
    return model.model_validate_json(json.dumps(written.options), context=context)


def _fault(written: Written, model: type[BaseModel], item: Mapping[str, Any]) -> Fault:
    loc = _written(written.options, item)
    key = ".".join(map(str, loc))
    where = written.where
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        known = _fields(model, loc[:-1])
        text = f"unknown option '{key}' of {where} (kind {written.kind})"
        return Fault(key, text, nearest(str(loc[-1]), known, "options"))
    field = model.model_fields.get(str(loc[0])) if loc else None
    wanted = str(field.examples[0]) if field and field.examples else ""
    if kind == "missing":
        return Fault(key, f"{where}.{key} is missing", f"write {wanted}" if wanted else "")
    if kind == "wrong":
        said = context["said"]  # of a name inside, or in words
        text = f"{where}.{key}{'' if said[:1] == '.' else ': '}{said}"
        return Fault(f"{key}.{context['at']}".rstrip("."), text, context["hint"])
    hint = f"write {wanted}" if wanted else _hint(kind, context, item)
    return Fault(key, f"{where}.{key} is {_shown(item['input'])}", hint)


def _written(options: Mapping[str, Any], item: Mapping[str, Any]) -> list[str | int]:
    """Return where a fault stands, without the branches of unions, which nobody wrote."""
    held: Any = options
    found: list[str | int] = []
    for part in item["loc"]:
        there = isinstance(held, Mapping) and part in held
        if there or (isinstance(held, list) and isinstance(part, int)):
            found.append(part)
            held = held[part]
        elif item["type"] == "missing" and part == item["loc"][-1]:
            found.append(part)
    return found


def _fields(model: type[BaseModel], at: list[Any]) -> list[str]:
    """Return the fields of the model that stands at a path."""
    for part in at:
        field = model.model_fields.get(str(part))
        inner = [m for m in _models(field.annotation)] if field else []
        if not inner:
            return []
        model = inner[0]
    return list(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    for found in (annotation, *get_args(annotation)):
        if isinstance(found, type) and issubclass(found, BaseModel):
            yield found


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _hint(kind: str, context: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """Return what to write instead, by what pydantic minds."""
    if kind == "literal_error":
        words = context["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        return nearest(str(item["input"]), words, "values")
    bounds = {"greater_than_equal": "ge", "greater_than": "gt", "less_than_equal": "le"}
    bounds |= {"less_than": "lt", "multiple_of": "multiple_of"}
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    if (kind, type(item["input"])) == ("greater_than_equal", int):
        return f"write a whole number, {context['ge']} or more"
    if kind in bounds:
        name = bounds[kind]
        return f"write a number {words.get(name, 'that is a multiple of')} {context[name]}"
    told = {"int": "a whole number", "float": "a number", "bool": "true or false"}
    told |= {"string": "a text", "tuple": "a list", "list": "a list", "dict": "names and values"}
    wanted = told.get(kind.partition("_")[0])
    return f"write {wanted}" if wanted else str(item["msg"])


@dataclass(frozen=True)
class Described:
    """One option for a reader: ``default`` as YAML holds it, None where it has to be written."""

    name: str
    default: str | None
    about: str


def described(model: type[BaseModel]) -> list[Described]:
    """Return the options of a kind in their order, without those that composition fills in."""
    return [
        Described(
            name,
            None if field.is_required() else _as_yaml(field.get_default()),
            field.description or "",
        )
        for name, field in model.model_fields.items()
        if name not in UNSET_BY_WORDS
    ]


def _as_yaml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_as_yaml, value))}]"
    return value if isinstance(value, str) else json.dumps(value)
