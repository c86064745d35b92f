"""The settings of an arm by name, and the check of an arm's values against them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from llmx.config.problems import Problems
from llmx.config.recipe import brought_sections
from llmx.core.errors import ConfigError, nearest
from llmx.core.registry import kinds
from llmx.core.section import section_class
from llmx.core.spec import ArmSpec
from llmx.core.speech import UNSET_BY_WORDS

M = TypeVar("M", bound=BaseModel)


def _model(annotation: Any) -> type[BaseModel] | None:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


FIELDS: dict[str, tuple[str, ...]] = {
    name: tuple(field for field in model.model_fields if field not in UNSET_BY_WORDS)
    for name, field in ArmSpec.model_fields.items()
    if (model := _model(field.annotation))
}
"""Section -> its fields: ``sampler -> (algorithm, temperature, …)``."""


OPEN: frozenset[str] = frozenset(
    f"{section}.{name}"
    for section, field in ArmSpec.model_fields.items()
    if (model := _model(field.annotation))
    for name, inner in model.model_fields.items()
    if get_origin(inner.annotation) is dict
)
"""Fields that hold names of others, not llmx's: ``engine.options``."""


EVERYWHERE: frozenset[str] = frozenset(
    f"{section}.{name}"
    for section, field in ArmSpec.model_fields.items()
    for name in getattr(_model(field.annotation), "everywhere", ())
)
"""Fields that every choice of a section has, whether its file writes them out or not."""


def fields(section: str) -> tuple[str, ...]:
    """Return the fields of a section, a plugin's included; none of what is no section."""
    if section in FIELDS or section not in brought_sections():
        return FIELDS.get(section, ())
    return tuple(section_class(section).model_fields)


def is_open(section: str, field: str) -> bool:
    """Whether a field of a section holds names of others, not llmx's."""
    if section in FIELDS or field not in fields(section):
        return f"{section}.{field}" in OPEN
    return get_origin(section_class(section).model_fields[field].annotation) is dict


def keys(sections: Iterable[str] = FIELDS) -> list[str]:
    """Return the dotted names of all settings of these sections."""
    return [f"{section}.{field}" for section in sections for field in fields(section)]


def suggest(key: str, valid: Iterable[str]) -> str:
    """Return a hint that names the nearest keys: by the whole name, then by its last part."""
    names = sorted(set(valid))
    close = get_close_matches(key, names, n=2, cutoff=0.6)
    if not close:
        last = key.rsplit(".", 1)[-1]
        by_last = {name.rsplit(".", 1)[-1]: name for name in names}
        close = [by_last[word] for word in get_close_matches(last, by_last, n=2, cutoff=0.6)]
    if close:
        return f"did you mean {' or '.join(close)}?"
    return "`llmx describe RECIPE --keys` lists the keys"


def check_arm(
    name: str, values: Mapping[str, Any], origins: Mapping[str, str], problems: Problems
) -> ArmSpec | None:
    """Return the typed arm, or None after noting every problem with the place it comes from.

    Types are strict (``true`` is no number, ``'3'`` no integer), as a setting that is silently
    read as another would be a wrong experiment.
    """
    _check_kinds(values, origins, problems)
    brought = [section for section in values if section in brought_sections()]
    more = {one: _section(name, one, values[one], origins, problems) for one in brought}
    own = {section: held for section, held in values.items() if section not in more}
    arm = _checked(ArmSpec, name, own, (), origins, problems)
    if arm is None or None in more.values():
        return None
    return arm.model_copy(update={"more": more}) if more else arm


def _section(
    arm: str, section: str, held: Any, origins: Mapping[str, str], problems: Problems
) -> dict[str, Any] | None:
    """Return all settings of a plugin's section, those left out included."""
    try:
        model = section_class(section)
    except ConfigError as error:
        problems.take(error)
        return None
    checked = _checked(model, arm, held, (section,), origins, problems)
    return None if checked is None else checked.model_dump(mode="json")


def _checked(
    model: type[M],
    arm: str,
    values: Any,
    path: tuple[str, ...],
    origins: Mapping[str, str],
    problems: Problems,
) -> M | None:
    """Return the values as a model that stands at `path` of an arm, or None after the problems."""
    try:
        return model.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        for item in error.errors():
            _explain(arm, {**item, "loc": (*path, *item["loc"])}, origins, problems)
    except (TypeError, ValueError) as error:
        problems.add(f"arm {arm}: {str(error).splitlines()[0]}")
    return None


def _explain(
    arm: str, item: Mapping[str, Any], origins: Mapping[str, str], problems: Problems
) -> None:
    loc = [str(part) for part in item["loc"]]
    key = ".".join(loc[:2])
    place = origins.get(key) or origins.get(loc[0] if loc else "", f"arm {arm}")
    if item["type"] == "extra_forbidden":
        problems.add(f"{place}: unknown key '{key}'", suggest(key, keys(loc[:1])))
    elif item["type"] == "missing":
        problems.add(f"{place}: '{key}' is missing", f"choose one: {loc[0]}=…")
    elif item["type"] == "value_error":
        problems.add(f"{place}: {key}: {item['msg'].removeprefix('Value error, ')}")
    else:
        text = item["msg"].replace("Input should be", "must be")
        if item["type"] == "string_pattern_mismatch":
            text = f"must match {item['ctx']['pattern']}"
        problems.add(f"{place}: {key}={_yaml(item['input'])} {text}")


def _yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _check_kinds(values: Mapping[str, Any], origins: Mapping[str, str], problems: Problems) -> None:
    data = values.get("data") or {}
    kind = data.get("kind")
    if isinstance(kind, str) and kind not in kinds("data"):
        place = origins.get("data.kind") or origins.get("data", "data")
        problems.add(f"{place}: unknown data kind '{kind}'", nearest(kind, kinds("data"), "data"))
