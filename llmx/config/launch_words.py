"""What recipe, settings file and command line say of ``launch``, one above the other.

It is read apart from everything else of a command line: no arm has it, and nothing sweeps over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.config.edge import parse_override
from llmx.config.launch import CHOICES, GROUP, checked, settings_file
from llmx.config.problems import Problems
from llmx.config.yaml_file import read, shown
from llmx.core.errors import ConfigError, nearest
from llmx.core.launch import OF_FILES, LaunchSpec


def parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return (the words of ``launch``, all others)."""
    own = [word for word in words if word.split("=")[0].split(".")[0] == GROUP]
    return own, [word for word in words if word not in own]


def launch_of(recipe: Mapping[str, Any], words: Sequence[str]) -> LaunchSpec:
    """Return how a run is worked off: recipe < settings file < command line.

    Args:
        recipe: what the recipe says of ``launch``.
        words: ``launch=CHOICE`` and ``launch.KEY=VALUE``.

    Raises:
        ConfigError: naming every wrong key and value, with the place that it comes from.
    """
    problems = Problems()
    choice, typed = _typed(words, problems)
    kept, place = _kept(choice, problems)
    problems.raise_any()
    kind = kept.pop("kind", choice)
    # A specification is a file, and perhaps a stranger's: nothing of it is the user's own word.
    said = {key: value for key, value in recipe.items() if key in OF_FILES}
    of_recipe = {key: value for key, value in said.items() if key in _read_by(kind)}
    origins = {**dict.fromkeys(of_recipe, "recipe"), **dict.fromkeys(kept, place)}
    origins |= dict.fromkeys(typed, "command line")
    found = checked({"kind": kind, **of_recipe, **kept, **typed}, origins, problems)
    problems.raise_any()
    assert found is not None, "without problems there is one"
    return found


def _read_by(kind: object) -> tuple[str, ...]:
    """Return what a launch reads of a recipe: it may speak to Slurm and be run by Ray."""
    if kind == "local":
        return ()
    return LaunchSpec.of_ray if kind == "ray" else OF_FILES


def _typed(words: Sequence[str], problems: Problems) -> tuple[str, dict[str, Any]]:
    """Return the choice and the settings of the command line."""
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
