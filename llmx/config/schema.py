"""The settings of an arm by name, and the check of an arm's values against them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from llmx.config.problems import Problems
from llmx.core.registry import kinds
from llmx.core.spec import ArmSpec
from llmx.core.speech import UNSET_BY_WORDS


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


def keys(sections: Iterable[str] = FIELDS) -> list[str]:
    """Return the dotted names of all settings of these sections."""
    return [f"{section}.{field}" for section in sections for field in FIELDS.get(section, ())]


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
    try:
        return ArmSpec.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        for item in error.errors():
            _explain(name, item, origins, problems)
    except (TypeError, ValueError) as error:
        problems.add(f"arm {name}: {str(error).splitlines()[0]}")
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
        problems.add(f"{place}: unknown data kind '{kind}'", suggest(kind, kinds("data")))
