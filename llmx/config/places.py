"""Where recipes lie, which file a name stands for, and the files that a recipe chooses from.

Folders are looked up in this order: those given by hand, ``$LLMX_RECIPES``, ``./recipes``, those of
plugins, and the folder that llmx itself brings. A recipe's group is the folder it lies in
(``decode/x.yaml``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.config.recipe import Recipe, groups
from llmx.config.yaml_file import digest, read, shown
from llmx.core import plugins
from llmx.core.errors import ConfigError, nearest
from llmx.core.user_cache import at_home

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


_PACKAGE = Path(__file__).resolve().parent.parent
LOCAL = "local"


def roots(extra: Sequence[Path | str] = ()) -> tuple[Path, ...]:
    """Return the recipe folders in order, each once.

    Raises:
        ConfigError: if a folder that was asked for is not there, or a plugin is none.
    """
    asked = [(Path(p), "--recipes") for p in extra]
    variable = os.environ.get("LLMX_RECIPES", "")
    asked += [(Path(p), "$LLMX_RECIPES") for p in variable.split(os.pathsep) if p]
    found = [_folder(path, source) for path, source in asked]
    found += [Path.cwd() / "recipes"] if Path("recipes").is_dir() else []
    found += [one.recipes for one in plugins.active() if one.recipes.is_dir()]
    return tuple(dict.fromkeys(path.resolve() for path in [*found, builtin()]))


def builtin() -> Path:
    """Return the folder that llmx brings: a checkout's own, or the wheel's copy.

    A wheel (and a stale one, beside an editable install) carries a copy as ``llmx/_recipes``; a
    checkout that the package or the current folder belongs to is newer, so it wins.
    """
    for checkout in (_PACKAGE.parent, Path.cwd()):
        if _is_checkout(checkout):
            return checkout / "recipes"
    return _PACKAGE / "_recipes"


def _is_checkout(folder: Path) -> bool:
    project = folder / "pyproject.toml"
    if not (folder / "recipes" / "_groups").is_dir() or not project.is_file():
        return False
    return 'name = "llmx-lab"' in project.read_text(encoding="utf-8", errors="replace")


def _folder(path: Path, source: str) -> Path:
    if at_home(path).is_dir():
        return at_home(path)
    raise ConfigError(f"{source} names {path}, which is not a folder")


def recipe_files(folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Yield (group, file) of every recipe; folders whose name begins with `_` hold none."""
    for folder in folders:
        for path in sorted(folder.rglob("*.yaml")):
            parts = path.relative_to(folder).parts
            if not any(part.startswith(("_", ".")) for part in parts):
                yield (parts[0] if len(parts) > 1 else LOCAL), path


def find(recipe: str, folders: Sequence[Path]) -> tuple[str, Path]:
    """Return (group, file) of a recipe given by name, by ``group/name`` or as a path.

    Raises:
        ConfigError: if there is no such recipe (the nearest names are given), or two.
    """
    if recipe.endswith((".yaml", ".yml")):
        return _by_path(at_home(recipe), folders)
    files = list(recipe_files(folders))
    stem = recipe.rsplit("/", 1)[-1]
    same = [(group, path) for group, path in files if path.stem == stem]
    if len(same) > 1:
        both = " and ".join(shown(path) for _, path in same)
        raise ConfigError(f"two recipes are called '{stem}': {both}", "rename one of the files")
    if not same or recipe not in (stem, f"{same[0][0]}/{stem}"):
        raise ConfigError(f"there is no recipe '{recipe}'", nearest(stem, _names(files), "recipes"))
    return same[0]


def _by_path(path: Path, folders: Sequence[Path]) -> tuple[str, Path]:
    if not path.is_file():
        raise ConfigError(f"there is no recipe file {path}", "`llmx list` shows recipes by name")
    full = path.resolve()
    group = next((g for g, file in recipe_files(folders) if file.resolve() == full), LOCAL)
    return group, full


def _names(files: Sequence[tuple[str, Path]]) -> list[str]:
    return [path.stem for _, path in files]


def with_own_groups(folders: Sequence[Path], recipe: Path) -> tuple[Path, ...]:
    """Add the folder of a recipe that was given as a path, if it brings ``_groups`` of its own."""
    near = [p for p in (recipe.parent, recipe.parent.parent) if (p / "_groups").is_dir()]
    return tuple(dict.fromkeys([*folders, *near]))


def group_files(folders: Sequence[Path]) -> dict[str, Path]:
    """Return every choice of every group as ``group/choice -> file``.

    Raises:
        ConfigError: if two folders bring a choice of the same name.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted((folder / "_groups").glob("*/*.yaml")):
            name = f"{path.parent.name}/{path.stem}"
            if name in found and found[name].resolve() != path.resolve():
                both = f"{shown(found[name])} and {shown(path)}"
                raise ConfigError(f"two files give {name}: {both}", "rename one of them")
            found[name] = path
    return found


def claim_files(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the tables of published figures as ``name -> file``."""
    return {p.stem: p for folder in folders for p in sorted((folder / "_claims").glob("*.yaml"))}
