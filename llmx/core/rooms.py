"""What a room brings: the file ``kinds.py`` of a package, read and not run.

A room is a package of llmx (``llmx/train``), the room of a paper (``llmx/papers/fsd``) or a plugin.
Its ``kinds.py`` assigns literals and nothing else, so that llmx can list, complete and check the
names of a plugin without running any code of it: that runs when one of its kinds is used.

``KINDS``: ``family.kind`` → ``module:attribute``. Of a paper also ``NAMES``, the short names that
its recipes may begin with beside its own, and ``WORDS``, which no shared room may speak.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from llmx.core.errors import ConfigError, nearest
from llmx.core.plugins import FILE

FAMILIES: dict[str, str] = {
    "accept": "rule by which the token loop accepts drafted tokens",
    "data": "dataset",
    "data_options": "options of a data section that stages read, beside those of the problems",
    "embedder": "model of texts as vectors",
    "engine": "what runs a model",
    "judge": "model or rule that compares two answers",
    "launcher": "where the stages of a run are started",
    "metric": "number that a scorer gives an answer",
    "observer": "reader of what outputs do, of one kind of data",
    "picture": "drawing of the figures of a run",
    "protocol": "how a judge is asked, and its answers counted",
    "quantity": "what a published figure measures, with its unit",
    "reward": "number that a training by reinforcement raises",
    "scorer": "reader and marker of answers",
    "section": "settings of an arm under a name of their own",
    "stage": "kind of work",
    "streamer": "engine that answers token by token",
    "task": "problems with what verifies an answer",
    "test": "test that a verdict rests on",
    "tool": "what a model may call",
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
