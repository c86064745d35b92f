"""The group ``launch``: its choices, what a recipe may say of it, and what its values may be."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.config.problems import Problems
from llmx.core.errors import nearest

if TYPE_CHECKING:
    from llmx.config.yaml_file import Document
    from llmx.core.launch import LaunchSpec

GROUP = "launch"
CHOICES = ("local", "slurm", "ray")
_USER_ONLY = "names programs, hosts or who pays: only you can set it"


def settings_file() -> Path:
    """Return the machine's own settings: under ``$LLMX_CONFIG``, else ``~/.config/llmx``."""
    own = os.environ.get("LLMX_CONFIG")
    above = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "llmx"
    return (Path(own).expanduser() if own else above) / "launch.yaml"


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
                said = item["msg"].removeprefix("Value error, ")
                other = "ray" if said.endswith(".address") else "slurm"
                problems.add(said, f"launch={other} has it")
            else:
                said = item["msg"].replace("Input should be", "must be")
                if item["type"] == "string_pattern_mismatch":
                    said = f"must match {item['ctx']['pattern']}"
                problems.add(f"{place}: launch.{key}={json.dumps(item['input'])} {said}")
    except (TypeError, ValueError) as error:
        problems.add(f"launch: {error}")
    return None
