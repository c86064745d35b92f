"""`kind` → implementation, without imports until a kind is used and without code in YAML.

A recipe says ``kind: fuzzy``; it never names a Python object. So reading a stranger's recipe can
not run anything. Every room of llmx says in its ``kinds.py`` what it brings; that file is data: it
is read, and not run. Other packages add theirs through the entry-point group ``llmx.plugins``, each
entry named ``family.kind``, and folders that the user names bring theirs by path
(:mod:`llmx.core.plugins`). One name stands for one thing: a second one is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from llmx.core import plugins
from llmx.core.errors import ConfigError, LlmxError, nearest
from llmx.core.plugins import FILE, Plugin

FAMILIES: dict[str, str] = {
    "accept": "rule by which the token loop accepts drafted tokens",
    "call_format": "how a model writes calls of tools, and reads what came of them",
    "data": "dataset",
    "data_options": "options of a data section that stages read, beside those of the problems",
    "embedder": "model of texts as vectors",
    "engine": "what runs a model",
    "judge": "model or rule that compares two answers",
    "launcher": "where the stages of a run are started",
    "metric": "number that a scorer gives an answer",
    "observer": "reader of what outputs do, of one kind of data",
    "picture": "drawing of the figures of a run",
    "plan": "reader of the batches that a stage of the same kind planned",
    "policy": "what acts in an episode: a model, or a control without one",
    "protocol": "how a judge is asked, and its answers counted",
    "quantity": "what a published figure measures, with its unit",
    "reward": "number that reinforcement learning raises",
    "sandbox": "cage in which a program of a model runs",
    "scorer": "reader and marker of answers",
    "section": "settings of an arm under a name of their own",
    "stage": "kind of work",
    "streamer": "engine that answers token by token",
    "table": "table of the figures of a run",
    "task": "problems with what verifies an answer",
    "test": "test that a verdict rests on",
    "tool": "what a model may call",
    "toolset": "tools that belong together, and the world that they act on",
}
"""Every family of kinds, in words. A new one is a new place in llmx that asks for it."""

_WHERE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", re.ASCII)
_KIND = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]*[^\s\x00-\x1f])?")


@dataclass(frozen=True)
class Room:
    """One room and what it brings.

    Attributes:
        name: as an error names it, e.g. ``llmx.train`` or ``plugin toy``.
        kinds: (family, kind) → ``module:attribute``.
    """

    name: str
    kinds: Mapping[tuple[str, str], str]
    names: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)


def split_kind(name: str, where: str, place: str) -> tuple[str, str]:
    """Return (family, kind) of ``family.kind``; `where` is what it stands for.

    Raises:
        ConfigError: if there is no such family, or one of the two texts is none of its form.
    """
    family, _, kind = name.partition(".")
    if family not in FAMILIES:
        raise ConfigError(f"{place}: unknown family '{family}' of '{name}'", _families(family))
    if not _KIND.fullmatch(kind):
        raise ConfigError(f"{place}: '{name}' names no {family}", f"write '{family}.NAME'")
    if not _WHERE.fullmatch(where):
        hint = "write 'package.module:attribute'"
        raise ConfigError(f"{place}: '{name}' is {where!r}, which names no object", hint)
    return family, kind


def _families(family: str) -> str:
    return nearest(family, FAMILIES, "families")


def read_room(folder: Path, name: str) -> Room:
    """Return what the ``kinds.py`` of a folder says.

    Raises:
        ConfigError: naming file and line of what cannot be read or is no literal.
    """
    file = folder / FILE
    found = dict(_assigned(file))
    if "KINDS" not in found:
        raise ConfigError(f"{file}: KINDS is missing", _EXAMPLE)
    kinds, lines = _kinds(found["KINDS"], file)
    return Room(name, kinds, _texts(found, "NAMES", file), _texts(found, "WORDS", file), lines)


_EXAMPLE = "write KINDS = {'stage.NAME': 'package.module:Class'}"


def _assigned(file: Path) -> Iterator[tuple[str, ast.expr]]:
    """Yield (name, what is assigned to it) of a file, which holds nothing else."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise ConfigError(f"{file}:{error.lineno}: {error.msg}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    for line in tree.body:
        if isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant):
            continue  # the docstring
        target = line.targets[0] if isinstance(line, ast.Assign) else getattr(line, "target", None)
        value = getattr(line, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.expr):
            yield target.id, value
        elif not (isinstance(line, ast.ImportFrom) and line.module == "__future__"):
            raise ConfigError(f"{file}:{line.lineno}: this file is read, not run", _EXAMPLE)


def _kinds(
    value: ast.expr, file: Path
) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], int]]:
    if not isinstance(value, ast.Dict):
        text = f"{file}:{value.lineno}: KINDS is not a dict that is written out"
        raise ConfigError(text, _EXAMPLE)
    kinds: dict[tuple[str, str], str] = {}
    lines: dict[tuple[str, str], int] = {}
    for key, held in zip(value.keys, value.values, strict=True):
        place = f"{file}:{(key or held).lineno}"
        name, where = _text(key, place), _text(held, place)
        one = split_kind(name, where, place)
        if one in kinds:
            raise ConfigError(f"{place}: '{name}' stands twice, also in line {lines[one]}")
        kinds[one], lines[one] = where, (key or held).lineno
    return kinds, lines


def _text(value: ast.expr | None, place: str) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    raise ConfigError(f"{place}: KINDS holds texts alone, written out", _EXAMPLE)


def _texts(found: Mapping[str, ast.expr], name: str, file: Path) -> tuple[str, ...]:
    """Return a tuple of texts that a file may assign."""
    if name not in found:
        return ()
    value = found[name]
    held = value.elts if isinstance(value, ast.Tuple | ast.List) else None
    if held is None:
        hint = f"write {name} = ('one', 'two')"
        raise ConfigError(f"{file}:{value.lineno}: {name} is not a tuple of texts", hint)
    return tuple(_text(one, f"{file}:{one.lineno}") for one in held)


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


def brought(group: str, rooms: Iterable[str]) -> tuple[str, ...]:
    """Return the kinds of a family that these rooms bring, and llmx's that are no paper's."""
    known, papers = set(rooms), f"llmx.{_PAPERS}."

    def shown(room: str) -> bool:
        return room in known or (room.startswith("llmx.") and not room.startswith(papers))

    return tuple(name for name in kinds(group) if shown(owner(group, name)))


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
    return _foreign(f"{family} '{kind}' of {owner(family, kind)}", module, attribute)


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
