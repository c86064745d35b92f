"""What a whole output says of itself in ``stage.json``, and whether it is so.

Names, sizes and whose output it is are compared whenever it is used: that reads one small file, and
asks for the size of each and the last byte of texts. Hashes are compared when a person asks for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import StoreError
from llmx.store.fingerprint import hash_file
from llmx.store.place import inside

ABOUT = "stage.json"
PROGRESS = "progress.json"
_TEXTS = (".jsonl", ".json", ".md", ".csv", ".html", ".svg", ".txt")


@dataclass(frozen=True)
class Said:
    """What a folder says of itself.

    Attributes:
        owner: kind and fingerprint; a part of an older version says neither.
        files: name → hash.
        sizes: name → bytes; an older version said none.
    """

    owner: tuple[str | None, str | None]
    files: Mapping[str, str]
    sizes: Mapping[str, int]


def describe(folder: Path) -> dict[str, Any]:
    """Return names, hashes and sizes of what a stage wrote, as ``stage.json`` holds them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)): path for path in files}
    wrote = {name: path for name, path in names.items() if name not in (ABOUT, PROGRESS)}
    return {
        "files": {name: hash_file(path) for name, path in wrote.items()},
        "sizes": {name: path.stat().st_size for name, path in wrote.items()},
    }


def said_by(folder: Path) -> Said | str:
    """Return what a folder says of itself, or why it says nothing.

    Raises:
        StoreError: if it may not be read: that does not make it damaged.
    """
    path = folder / ABOUT
    try:
        state = path.stat()
        return _parsed(path, (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns))
    except (FileNotFoundError, NotADirectoryError):
        return f"{ABOUT} is missing"
    except OSError as error:
        raise unreadable(path, error) from error


@lru_cache(maxsize=1 << 15)
def _parsed(path: Path, state: tuple[int, ...]) -> Said | str:
    """Read a description once for each of its states: waiting processes look often."""
    try:
        found = json_text.parse(path.read_bytes())
        files, sizes = dict(found["files"]), dict(found.get("sizes", {}))
        for name in files:  # whoever changed the file may have named one of another folder
            inside(path.parent, name, links=True)
        return Said((found.get("kind"), found.get("fingerprint")), files, sizes)
    except (ValueError, TypeError, KeyError, AttributeError, StoreError):
        return f"{ABOUT} cannot be read"


def trouble(folder: Path, owner: tuple[str, str]) -> str | None:
    """Return in what a folder is not what it says, as far as a glance shows; None if it is.

    Args:
        folder: of a whole output.
        owner: kind and fingerprint that it should have.

    Raises:
        StoreError: if it may not be read.
    """
    said = said_by(folder)
    if isinstance(said, str):
        return said
    named = tuple(name or own for name, own in zip(said.owner, owner, strict=True))
    if named != owner:
        return f"it is the output of {'/'.join(map(str, named))}"
    return next(iter(_other_sizes(folder, said).values()), None)


def _other_sizes(folder: Path, said: Said) -> dict[str, str]:
    """Return name → what is wrong of files that are missing, or longer or shorter."""
    found = {}
    for name in said.files:
        state, wanted = _state(folder / name), said.sizes.get(name)
        if state is None:
            found[name] = f"{name} is missing"
        elif wanted is not None and state.st_size != wanted:
            found[name] = f"{name} has {state.st_size} bytes, not {wanted}"
        elif name.endswith(_TEXTS) and _ends_in_zeros(folder / name, state):
            found[name] = f"{name} ends in zeros"
    return found


def _ends_in_zeros(path: Path, state: os.stat_result) -> bool:
    return state.st_size > 0 and _last_byte(path, state.st_size, state.st_mtime_ns) == b"\0"


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable(path, error) from error


@lru_cache(maxsize=1 << 15)
def _last_byte(path: Path, size: int, modified: int) -> bytes:
    """Return the end of a file, once for each of its states: a power cut may leave zeros there."""
    try:
        with path.open("rb") as handle:
            handle.seek(size - 1)
            return handle.read(1)
    except OSError as error:
        raise unreadable(path, error) from error


def differences(
    folder: Path, owner: tuple[str, str], hash_of: Callable[[Path], str] = hash_file
) -> list[str]:
    """Return everything in which a folder is not what it says; every byte is read.

    Raises:
        StoreError: if it may not be read.
    """
    said = said_by(folder)
    if isinstance(said, str):
        return [said]
    sizes = _other_sizes(folder, said)
    first = trouble(folder, owner)
    found = [] if first is None or first in sizes.values() else [first]
    strange = [name for name in _there(folder) if name not in said.files]
    return [
        *found,
        *sizes.values(),
        *other_contents(folder, {k: v for k, v in said.files.items() if k not in sizes}, hash_of),
        *(f"{name} was written by no stage" for name in strange),
    ]


def other_contents(
    folder: Path, files: Mapping[str, str], hash_of: Callable[[Path], str] = hash_file
) -> list[str]:
    """Return a line for each file (name → hash) that is missing or has another hash.

    Raises:
        StoreError: if one may not be read.
    """
    found = []
    for name, wanted in files.items():
        try:
            if hash_of(folder / name) != wanted:
                found.append(f"{name} has other content")
        except (FileNotFoundError, NotADirectoryError):
            found.append(f"{name} is missing")
        except OSError as error:
            raise unreadable(folder / name, error) from error
    return found


def _there(folder: Path) -> list[str]:
    """Return the names under a folder that mean something: none that is hidden."""
    names = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    seen = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    return [str(name) for name in seen if str(name) not in (ABOUT, PROGRESS)]


def unreadable(path: Path, error: OSError) -> StoreError:
    """Return the error that says why `path` could not be read."""
    hint = "ask its owner for the right to read it, or choose a folder with --runs DIR"
    return StoreError(f"cannot read {path}: {error.strerror or error}", hint)
