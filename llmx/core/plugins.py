"""Plugins by path: folders that the user names, loaded without packaging or installing them.

A plugin is a Python package, called as its folder, with a ``kinds.py`` and maybe ``recipes/``.
``--plugin FOLDER`` and ``$LLMX_PLUGINS`` name it, and nothing else can: no recipe, and no folder
that somebody happens to work in. What the command line names is put into the variable, so that
every process which llmx starts knows the same plugins. Versions of installed packages are read
here too.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from llmx.core.errors import ConfigError
from llmx.core.user_cache import at_home

_VERSION = re.compile(r"^Version:[ \t]*(\S+)[ \t]*$", re.MULTILINE)


@lru_cache(maxsize=128)
def version_of(package: str) -> str | None:
    """Return the version of a package, None where it is not installed; looked up once a process."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return None
    head, _, _ = (found.read_text("METADATA") or "").partition("\n\n")
    line = _VERSION.search(head)
    return line[1] if line else found.version


FILE = "kinds.py"
VARIABLE = "LLMX_PLUGINS"
_OPTION = "--plugin"
_LEFT_OUT = ("__pycache__",)


@dataclass(frozen=True)
class Plugin:
    """One folder. ``digest`` is the hash of its files as they were when it was first named."""

    name: str
    folder: Path
    digest: str

    @property
    def recipes(self) -> Path:
        """Where its recipes lie, if it has any."""
        return self.folder / "recipes"

    def unchanged(self) -> bool:
        """Whether its files are still those that this process began with."""
        return digest_of(self.folder) == self.digest


def use(folders: Iterable[Path | str] | None) -> None:
    """Add plugins, for this process and all that it starts.

    Raises:
        ConfigError: if a folder is no plugin, or has the name of another package.
    """
    given = [os.path.abspath(at_home(folder)) for folder in folders or ()]  # noqa: PTH100 - no links
    if not given:
        return
    for folder in given:
        if os.pathsep in folder:
            raise ConfigError(f"{_OPTION} {folder}: a path with '{os.pathsep}' cannot be passed on")
        _plugin(folder, _OPTION)
    before = os.environ.get(VARIABLE, "").split(os.pathsep)
    wanted = os.pathsep.join(dict.fromkeys([*filter(None, before), *given]))
    _loaded(wanted, str(Path.cwd()))
    os.environ[VARIABLE] = wanted


def active() -> tuple[Plugin, ...]:
    """Return the plugins of this process, in the order in which they were named.

    Raises:
        ConfigError: if a folder of ``$LLMX_PLUGINS`` is no plugin.
    """
    named = os.environ.get(VARIABLE, "")
    return _loaded(named, str(Path.cwd())) if named else ()


@lru_cache(maxsize=64)
def _loaded(named: str, _cwd: str) -> tuple[Plugin, ...]:
    folders = dict.fromkeys(folder for folder in named.split(os.pathsep) if folder)
    found = tuple(dict.fromkeys(_plugin(folder, f"${VARIABLE}") for folder in folders))
    at: dict[str, Plugin] = {}
    for plugin in found:
        other = at.setdefault(plugin.name, plugin)
        if other != plugin:
            both = f"{other.folder} and {plugin.folder}"
            raise ConfigError(f"two plugins are called '{plugin.name}': {both}", "rename one")
    if _Finder not in map(type, sys.meta_path):
        sys.meta_path.append(_Finder())
    return found


def _plugin(folder: Path | str, source: str) -> Plugin:
    path = at_home(folder).resolve()
    if not path.is_dir():
        raise ConfigError(f"{source} names {folder}, which is not a folder")
    if not (path / FILE).is_file():
        hint = f"a plugin is a folder with a {FILE} (docs/add-a-recipe.md)"
        raise ConfigError(f"{source} names {folder}, which has no {FILE}", hint)
    if not (path.name.isascii() and path.name.isidentifier()):
        hint = "rename the folder: letters, digits and _"
        raise ConfigError(f"{source}: a plugin cannot be called '{path.name}'", hint)
    if taken := _taken(path):
        hint = "rename the folder"
        raise ConfigError(f"{source}: {path} has the name of a Python package: {taken}", hint)
    return Plugin(path.name, path, digest_of(path))


def _taken(folder: Path) -> str:
    """Return where another package of a folder's name lies; empty where there is none."""
    name = folder.name
    if name == "llmx" or name in sys.stdlib_module_names:
        return f"'{name}'"
    loaded = getattr(sys.modules.get(name), "__path__", None) if name in sys.modules else None
    spec = PathFinder.find_spec(name) if loaded is None else None
    places = loaded if spec is None else spec.submodule_search_locations or [str(spec.origin)]
    others = [place for place in places or () if Path(place).resolve() != folder]
    return others[0] if others else ""


def digest_of(folder: Path) -> str:
    """Return one hash of the names and contents of all files of a folder, caches left out."""
    from hashlib import blake2b

    digest = blake2b(digest_size=16)
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") or part in _LEFT_OUT for part in parts) or not path.is_file():
            continue
        for part in ("/".join(parts).encode(errors="surrogateescape"), path.read_bytes()):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


class _Finder:
    """Finds the packages of plugins, and nothing that lies beside them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: object = None
    ) -> ModuleSpec | None:
        """Return where a plugin's package is, None for every other name."""
        from importlib.util import spec_from_file_location  # the list of recipes does without

        found = next((plugin for plugin in active() if plugin.name == name), None)
        if found is None:
            return None
        init, inside = found.folder / "__init__.py", [str(found.folder)]
        if init.is_file():
            return spec_from_file_location(name, init, submodule_search_locations=inside)
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = inside
        return spec
