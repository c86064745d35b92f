"""Names of the options of stages: ``stages.speed.problems``. Needs neither Hydra nor pydantic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

OWN = ("kind", "over", "needs")
"""What the graph reads of a stage; everything else is an option of its kind."""


def stage_keys(stages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the dotted names that an override may set of stages as a file writes them."""
    inner = [f"stages.{name}.{key}" for name, held in stages.items() for key in option_keys(held)]
    return [*inner, *(f"stages.{name}" for name in stages)]


def arm_keys(stages: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the dotted names that an arm or a sweep may set: options of stages over arms."""
    over_arms = {
        name: {key: value for key, value in held.items() if key not in OWN}
        for name, held in stages.items()
        if held.get("over", "arm") == "arm"
    }
    return [key for key in stage_keys(over_arms) if key.count(".") > 1]


def option_keys(options: Mapping[str, Any]) -> list[str]:
    """Return the names of options, and those inside an option that is a mapping."""
    inner = [
        f"{key}.{name}"
        for key, value in options.items()
        if isinstance(value, Mapping)
        for name in option_keys(value)
    ]
    return [*options, *inner]


def parted(key: str) -> tuple[str, str, tuple[str, ...]]:
    """Return (stage, option, names inside the option) of ``stages.STAGE.OPTION.NAME``."""
    _, stage, option, *inner = (*key.split("."), "", "")
    return stage, option, tuple(name for name in inner if name)


def reaches(options: Mapping[str, Any], option: str, inner: Sequence[str]) -> bool:
    """Whether the file writes the option out; inside a mapping any name may be set, as the names
    there are those of the stage's own kind.
    """
    return option in options and (not inner or isinstance(options[option], Mapping))


def flat_options(options: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted name, value) of all that is no mapping, and of mappings without a name."""
    for key, value in options.items():
        if isinstance(value, Mapping) and value:
            yield from flat_options(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
