"""`kind` → implementation, without imports until a kind is used and without code in YAML.

A recipe says ``kind: fuzzy``; it never names a Python object. So reading a stranger's recipe can
not run anything. Every room of llmx says in its ``kinds.py`` what it brings (see
:mod:`llmx.core.rooms`). Other packages add theirs through the entry-point group ``llmx.plugins``,
each entry named ``family.kind``, and folders that the user names bring theirs by path
(:mod:`llmx.core.plugins`). One name stands for one thing: a second one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from llmx.core import plugins
from llmx.core.errors import ConfigError, LlmxError, nearest
from llmx.core.plugins import FILE, Plugin
from llmx.core.rooms import FAMILIES, Room, read_room, split_kind

_LLMX = Path(__file__).resolve().parent.parent
_PAPERS = "papers"


@lru_cache(maxsize=1)
def rooms() -> tuple[Room, ...]:
    """Return llmx's own rooms, those of papers last: found by their files, none is imported."""
    found = [folder for folder in sorted(_LLMX.iterdir()) if (folder / FILE).is_file()]
    own = (read_room(folder, f"llmx.{folder.name}") for folder in found)
    return (*own, *papers().values())


@lru_cache(maxsize=1)
def papers() -> dict[str, Room]:
    """Return paper → its room."""
    folders = sorted((_LLMX / _PAPERS).glob(f"*/{FILE}"))
    return {
        file.parent.name: read_room(file.parent, f"llmx.{_PAPERS}.{file.parent.name}")
        for file in folders
    }


def names_of(paper: str) -> tuple[str, ...]:
    """Return what the recipes of a paper are named by: its own name, and its short ones."""
    room = _all_papers().get(paper)
    return (paper, *(room.names if room is not None else ()))


def short_names() -> dict[str, str]:
    """Return short name → paper, of llmx's papers and of plugins; a paper's own name is none.

    Raises:
        ConfigError: if two papers have one short name.
    """
    known, found = _all_papers(), dict[str, str]()
    for paper, room in known.items():
        for name in room.names:
            if name not in known and found.setdefault(name, paper) != paper:
                both = f"{found[name]} and {paper}"
                raise ConfigError(f"two papers are called '{name}' for short: {both}", "rename one")
    return found


def _all_papers() -> dict[str, Room]:
    by_path = {one.name: read_room(one.folder, f"plugin {one.name}") for one in plugins.active()}
    return {**by_path, **papers()}


@lru_cache(maxsize=1)
def _installed() -> tuple[Room, ...]:
    """Return what installed packages bring, a room an entry."""
    return tuple(
        Room(
            f"package {entry.dist.name if entry.dist else entry.value}",
            {split_kind(entry.name, entry.value, "entry point of llmx.plugins"): entry.value},
        )
        for entry in entry_points(group="llmx.plugins")
    )


def _by_path(active: tuple[Plugin, ...]) -> Iterator[Room]:
    for plugin in active:
        yield read_room(plugin.folder, f"plugin {plugin.name}")


def _known() -> dict[str, dict[str, str]]:
    return _merged(plugins.active())[0]


@lru_cache(maxsize=16)
def _merged(
    active: tuple[Plugin, ...],
) -> tuple[dict[str, dict[str, str]], dict[tuple[str, str], str]]:
    """Return family → kind → ``module:attribute`` of everything that is there, and whose it is.

    The same object twice is one: a plugin may be installed and named by path.

    Raises:
        ConfigError: if two rooms bring a kind of one name.
    """
    found: dict[str, dict[str, str]] = {family: {} for family in FAMILIES}
    brought: dict[tuple[str, str], str] = {}
    for room in (*rooms(), *_installed(), *_by_path(active)):
        for (family, kind), where in room.kinds.items():
            first = brought.setdefault((family, kind), room.name)
            if found[family].setdefault(kind, where) != where:
                both = f"{first} and {room.name}"
                raise ConfigError(f"two rooms bring the {family} '{kind}': {both}", "rename one")
    return found, brought


def families() -> tuple[str, ...]:
    """Return the names of all families."""
    return tuple(sorted(FAMILIES))


def kinds(family: str) -> dict[str, str]:
    """Return every known kind of a family as ``kind -> module:attribute``, plugins included."""
    return dict(_known()[family])


def owner(family: str, kind: str) -> str:
    """Return the room that brings a kind, e.g. ``plugin toy``; empty where none does."""
    return _merged(plugins.active())[1].get((family, kind), "")


def lookup(family: str, kind: str) -> Any:
    """Import and return what stands behind ``kind``.

    Raises:
        ConfigError: if nothing has that kind, or a plugin's cannot be loaded.
    """
    known = kinds(family)
    if kind not in known:
        hint = nearest(kind, known, f"{family} kinds")
        raise ConfigError(f"unknown {family} kind '{kind}'", hint)
    module, _, attribute = known[kind].partition(":")
    if module.split(".")[0] == _LLMX.name:
        return getattr(import_module(module), attribute)
    return _foreign(f"{family} '{kind}'", module, attribute)


def _foreign(what: str, module: str, attribute: str) -> Any:
    """Return an object of a plugin; what goes wrong in loading it is said in one line."""
    try:
        return getattr(import_module(module), attribute)
    except LlmxError:
        raise
    except Exception as error:
        hint = "--debug shows the traceback"
        text = f"{what} is {module}:{attribute}, which cannot be loaded"
        raise ConfigError(f"{text}: {type(error).__name__}: {error}", hint) from error
