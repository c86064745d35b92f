"""The group ``launch``: what recipe, settings file and command line say, one above the other.

It is read apart from everything else of a command line: no arm has it, and nothing sweeps over it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.config.problems import Problems
from llmx.core.errors import ConfigError, nearest

if TYPE_CHECKING:
    from llmx.config.yaml_file import Document
    from llmx.core.launch import LaunchSpec

GROUP = "launch"
CHOICES = ("local", "slurm")
_USER_ONLY = "names programs or who pays: only you can set it"


def parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return (the words of ``launch``, all others)."""
    own = [word for word in words if word.split("=")[0].split(".")[0] == GROUP]
    return own, [word for word in words if word not in own]


def settings_file() -> Path:
    """Return the machine's own settings: under ``$LLMX_CONFIG``, else ``~/.config/llmx``."""
    own = os.environ.get("LLMX_CONFIG")
    above = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "llmx"
    return (Path(own).expanduser() if own else above) / "launch.yaml"


def launch_of(recipe: Mapping[str, Any], words: Sequence[str]) -> LaunchSpec:
    """Return how a run is worked off: recipe < settings file < command line.

    Args:
        recipe: what the recipe says of ``launch``.
        words: ``launch=CHOICE`` and ``launch.KEY=VALUE``.

    Raises:
        ConfigError: naming every wrong key and value, with the place that it comes from.
    """
    from llmx.core.launch import OF_FILES

    problems = Problems()
    choice, typed = _typed(words, problems)
    kept, place = _kept(choice, problems)
    problems.raise_any()
    kind = kept.pop("kind", choice)
    # A specification is a file, and perhaps a stranger's: nothing of it is the user's own word.
    said = {key: value for key, value in recipe.items() if key in OF_FILES}
    of_recipe = {} if kind == "local" else said
    origins = {**dict.fromkeys(of_recipe, "recipe"), **dict.fromkeys(kept, place)}
    origins |= dict.fromkeys(typed, "command line")
    found = checked({"kind": kind, **of_recipe, **kept, **typed}, origins, problems)
    problems.raise_any()
    assert found is not None, "without problems there is one"
    return found


def _typed(words: Sequence[str], problems: Problems) -> tuple[str, dict[str, Any]]:
    """Return the choice and the settings of the command line."""
    from llmx.config.edge import parse_override

    choice, found = "local", dict[str, Any]()
    for word in words:
        try:
            given = parse_override(word, "command line")
        except ConfigError as error:
            problems.take(error)
            continue
        if given.sweep:
            problems.add(f"'{word}': nothing sweeps over launch", f"write {given.key}=VALUE")
        elif given.key == GROUP:
            choice = str(given.values[0])
        else:
            found[given.key.removeprefix(f"{GROUP}.")] = given.values[0]
    return choice, found


def _kept(choice: str, problems: Problems) -> tuple[dict[str, Any], str]:
    """Return what the settings file says of a choice, and where it stands."""
    from llmx.config.yaml_file import read, shown

    path = settings_file()
    held = read(path).data if path.is_file() else {}
    if choice not in (*CHOICES, *held):
        problems.add(f"there is no launch={choice}", nearest(choice, [*CHOICES, *held], GROUP))
        return {}, ""
    found = held.get(choice) or {}
    if not isinstance(found, Mapping):
        problems.add(f"{shown(path)}: {choice} must be `key: value` lines")
        return {}, shown(path)
    if choice not in CHOICES and found.get("kind") not in CHOICES:
        problems.add(f"{shown(path)}: {choice} has no kind", f"write kind: {' or '.join(CHOICES)}")
    return dict(found), shown(path)


def of_file(document: Document, problems: Problems) -> dict[str, Any]:
    """Return the section ``launch`` of a recipe, its own settings alone."""
    from llmx.core.launch import OF_FILES, LaunchSpec

    held = document.data.get(GROUP)
    if held is None:
        return {}
    if not isinstance(held, dict):
        problems.add(f"{document.where(GROUP)}: launch must be `key: value` lines, not {held!r}")
        return {}
    for key in held:
        if key in LaunchSpec.of_user:
            hint = f"type launch.{key}=…, or write it into {settings_file()}"
            problems.add(f"{document.where(GROUP, key)}: launch.{key} {_USER_ONLY}", hint)
        elif key not in OF_FILES:
            text = f"{document.where(GROUP, key)}: unknown key 'launch.{key}'"
            problems.add(text, nearest(str(key), OF_FILES, "keys"))
    known = {key: value for key, value in held.items() if key in OF_FILES}
    places = {key: document.where(GROUP, key) for key in known}
    checked({"kind": "slurm", **known}, places, problems)
    return known


def checked(
    values: Mapping[str, Any], origins: Mapping[str, str], problems: Problems
) -> LaunchSpec | None:
    """Return the settings as they are typed, or None after noting each problem with its place."""
    from pydantic import ValidationError

    from llmx.core.launch import KEYS, LaunchSpec

    try:
        return LaunchSpec.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        for item in error.errors():
            key = str(item["loc"][0]) if item["loc"] else ""
            place = origins.get(key, "command line")
            if item["type"] == "extra_forbidden":
                hint = nearest(key, KEYS, "keys")
                problems.add(f"{place}: unknown key 'launch.{key}'", hint)
            elif item["type"] == "value_error":
                problems.add(item["msg"].removeprefix("Value error, "), "launch=slurm has it")
            else:
                said = item["msg"].replace("Input should be", "must be")
                if item["type"] == "string_pattern_mismatch":
                    said = f"must match {item['ctx']['pattern']}"
                problems.add(f"{place}: launch.{key}={json.dumps(item['input'])} {said}")
    except (TypeError, ValueError) as error:
        problems.add(f"launch: {error}")
    return None
