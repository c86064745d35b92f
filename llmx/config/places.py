"""Where recipes lie, and which file a name stands for.

Folders are looked up in this order: those given by hand, ``$LLMX_RECIPES``, ``./recipes``, those of
plugins, and the folder that llmx itself brings. A recipe's group is the folder it lies in
(``decode/x.yaml``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from llmx.config.yaml_file import shown
from llmx.core import plugins
from llmx.core.errors import ConfigError, nearest
from llmx.core.user_cache import at_home

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
