"""One recipe and the files of the groups that it can choose from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.config.recipe import Recipe, groups
from llmx.config.yaml_file import digest, read

ROOT = "llmx"
_CHOSEN_FIRST: dict[str, str | None] = {"engine": "hf"}


@dataclass(frozen=True)
class Mount:
    """What Hydra sees; ``groups`` maps ``group/choice`` to its file."""

    recipe: Recipe
    groups: Mapping[str, Path]

    def choices(self, group: str) -> list[str]:
        """Return the choices of a group; a name that begins with `_` is a shared part."""
        names = [name.split("/", 1) for name in self.groups if name.startswith(f"{group}/")]
        return sorted(choice for _, choice in names if not choice.startswith("_"))

    def chosen(self) -> dict[str, str]:
        """Return the choices of the recipe itself, over those that stand for all recipes."""
        first = {group: choice for group, choice in _CHOSEN_FIRST.items() if choice}
        return {**first, **self.recipe.defaults}

    def digests(self) -> tuple[tuple[str, str], ...]:
        """Return what changes when the content of any file of a group changes."""
        return tuple((name, digest(path)) for name, path in self.groups.items())

    def content(self, name: str) -> dict[str, Any] | None:
        """Return the configuration called `name`, or None if there is none.

        The recipe stands in the group ``recipe``; only its choices go to Hydra, as its values are
        a layer of their own (a key is set in those arms that have it).
        """
        if name == ROOT:
            first: list[Any] = [{group: _CHOSEN_FIRST.get(group)} for group in groups()]
            return {"defaults": [*first, "_self_", {"recipe": "???"}]}
        if name == "recipe/recipe":
            chosen = self.recipe.defaults.items()
            return {"defaults": [{f"override /{group}": choice} for group, choice in chosen]}
        return dict(read(self.groups[name]).data) if name in self.groups else None

    def written(self, group: str, choice: str) -> set[str]:
        """Return the keys that a choice writes out, parts it inherits included."""
        path = self.groups.get(f"{group}/{choice}")
        data = read(path).data if path else {}
        parts = data.get("defaults") or []
        names = set(data) - {"defaults"}
        for part in parts if isinstance(parts, list) else []:
            if isinstance(part, str) and part not in ("_self_", choice):
                names |= self.written(group, part)
        return names

    def where(self, group: str, choice: str, *keys: str) -> str:
        """Return ``file:line`` where a choice, or a part that it inherits, writes out a key."""
        path = self.groups.get(f"{group}/{choice}")
        if path is None:
            return f"{group}={choice}"
        document = read(path)
        parts = document.data.get("defaults") or []
        if keys and keys[0] not in document.data and isinstance(parts, list):
            names = (part for part in parts if isinstance(part, str))
            others = (part for part in names if part not in ("_self_", choice))
            part = next((one for one in others if keys[0] in self.written(group, one)), None)
            if part is not None:
                return self.where(group, part, *keys)
        return document.where(*keys)

    def holders(self, group: str, name: str) -> list[str]:
        """Return the choices of a group that write out a key."""
        return [choice for choice in self.choices(group) if name in self.written(group, choice)]
