"""Stage outputs by fingerprint: ``<root>/<kind>/<fingerprint>`` when whole, ``.partial`` before.

A stage works in the partial folder, under a lock; completing it writes ``stage.json`` and renames
the folder. So a folder without the suffix is whole if it is what ``stage.json`` says, and a kill
leaves only a partial folder that the next owner goes on with. One that is not what it says is moved
to ``<fingerprint>-1.damaged``, for a person to look at, and made again.
The parts of an output that several processes share are entries under
``<fingerprint>.parts``; they go when it is joined.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import StoreError
from llmx.store.files import (
    check_guards,
    inside,
    is_guarded,
    read_json,
    renew,
    sweep,
    sync_below,
    unwritable,
    write_json,
)
from llmx.store.fingerprint import hash_file
from llmx.store.lock import SUFFIX, Lock, lock_at

ABOUT = "stage.json"
PROGRESS = "progress.json"
_PARTS, _PARTIAL, _DAMAGED = ".parts", ".partial", ".damaged"
_TEXTS = (".jsonl", ".json", ".md", ".csv", ".html", ".svg", ".txt")


@dataclass(frozen=True)
class StatedFiles:
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


def said_by(folder: Path) -> StatedFiles | str:
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
def _parsed(path: Path, state: tuple[int, ...]) -> StatedFiles | str:
    """Read a description once for each of its states: waiting processes look often."""
    try:
        found = json_text.parse(path.read_bytes())
        files, sizes = dict(found["files"]), dict(found.get("sizes", {}))
        for name in files:  # whoever changed the file may have named one of another folder
            inside(path.parent, name, links=True)
        return StatedFiles((found.get("kind"), found.get("fingerprint")), files, sizes)
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


def _other_sizes(folder: Path, said: StatedFiles) -> dict[str, str]:
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


@dataclass(frozen=True)
class Entry:
    """The place of one stage's output."""

    root: Path
    kind: str
    fingerprint: str

    @property
    def folder(self) -> Path:
        """Where the whole output stands."""
        return inside(self.root, self.kind, self.fingerprint, links=True)

    @property
    def partial(self) -> Path:
        """Where the stage works until then."""
        return self.folder.with_name(f"{self.fingerprint}{_PARTIAL}")

    @property
    def lock(self) -> Lock:
        """A fresh handle of the entry's lock."""
        return lock_at(self.folder.with_name(f"{self.fingerprint}.lock"), self.partial)

    @property
    def shared_out(self) -> Path:
        """Where the parts of an output stand until they are joined."""
        return self.folder.with_name(f"{self.fingerprint}{_PARTS}")

    def part(self, name: str) -> Entry:
        """Return the place of one part: an entry of its own, with its own lock."""
        return Entry(self.root, f"{self.kind}/{self.shared_out.name}", name)

    def parts_there(self) -> list[Entry]:
        """Return the parts that somebody has begun."""
        there = self.shared_out.glob("*")
        folders = [path for path in there if path.is_dir() and path.suffix != SUFFIX]
        begun = {path.name.removesuffix(_PARTIAL) for path in folders}
        return [self.part(name) for name in sorted(begun) if not name.endswith(_DAMAGED)]

    @property
    def whole(self) -> bool:
        """Whether the output is complete, and is what it says: names, sizes, whose it is.

        Raises:
            StoreError: if it may not be read.
        """
        return trouble(self.folder, self.owner) is None

    @property
    def owner(self) -> tuple[str, str]:
        """Kind and fingerprint, as ``stage.json`` names them."""
        return self.kind, self.fingerprint

    def damage(self) -> str | None:
        """Return what is wrong with an output that is there and not whole; None if nothing is."""
        return trouble(self.folder, self.owner) if os.path.lexists(self.folder) else None

    def about(self) -> dict[str, Any]:
        """What was written when the stage completed.

        Raises:
            StoreError: if the entry is missing or damaged.
        """
        found: dict[str, Any] = read_json(self.folder / ABOUT)
        return found

    def begin(self) -> Path:
        """Return the partial folder, as an earlier owner left it or new. Hold the lock first."""
        if self.damage() is not None:
            self.set_aside()
        try:
            self.partial.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.partial, error) from error
        sweep(self.partial)  # a kill inside an atomic write left it
        if is_guarded(self.partial):
            renew(self.partial)
        return self.partial

    def set_aside(self) -> Path:
        """Move the output to where nothing reads it, and return that place. Hold the lock."""
        place, name = self.folder.parent, self.fingerprint
        if place.name.endswith(_PARTS):  # these go when they are joined
            place, name = place.parent, f"{place.name}-{name}"
        tries = (place / f"{name}-{number}{_DAMAGED}" for number in count(1))
        free = next(path for path in tries if not os.path.lexists(path))
        try:
            return self.folder.rename(free)
        except OSError as error:
            raise unwritable(free, error) from error

    def complete(self, about: Mapping[str, Any]) -> None:
        """Describe the output, hash its files and rename the folder. Hold the lock.

        Raises:
            StoreError: if the disk does not take it.
        """
        kind, fingerprint = self.owner
        said = {"kind": kind, "fingerprint": fingerprint, **about, **describe(self.partial)}
        # A power cut must not leave an output that calls itself whole: all of it is on the disk,
        # the names in the folder with its last file, before it is renamed.
        try:
            sync_below(self.partial)
            write_json(self.partial / ABOUT, said)
            check_guards(self.partial)
            (self.partial / PROGRESS).unlink(missing_ok=True)  # late: others look at it until then
            self.partial.rename(self.folder)
        except OSError as error:
            raise unwritable(self.folder, error) from error

    def clear_parts(self) -> None:
        """Delete the parts of a whole output. Hold the lock."""
        shutil.rmtree(self.shared_out, ignore_errors=True)

    def remove(self) -> None:
        """Delete the output and what a broken run left. Hold the lock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.partial, ignore_errors=True)
        self.clear_parts()


def entries(root: Path) -> Iterator[Entry]:
    """Yield every entry that has an output or a partial folder; links are nobody's output."""
    found = {
        (folder.parent.name, folder.name.removesuffix(_PARTIAL).removesuffix(_PARTS))
        for folder in _folders(root)
        if not folder.name.endswith(_DAMAGED)
    }
    for kind, name in sorted(found):
        yield Entry(root, kind, name)


def damaged(root: Path) -> list[Path]:
    """Return the outputs that were set aside."""
    return sorted(folder for folder in _folders(root) if folder.name.endswith(_DAMAGED))


def _folders(root: Path) -> Iterator[Path]:
    found = (path for path in root.glob("*/*") if path.suffix != SUFFIX)
    return (path for path in found if path.is_dir() and not path.is_symlink())


def names(root: Path, kinds: Collection[str]) -> frozenset[str]:
    """Return the names of all that lies in the cache under these kinds, whole or not."""
    found: set[str] = set()
    for kind in kinds:
        with suppress(OSError):  # nothing of that kind yet
            found.update(path.name for path in inside(root, kind, links=True).iterdir())
    return frozenset(found)


def size_bytes(folder: Path) -> int:
    """Return the bytes that a folder's files hold; what links point to is not in it."""
    total, left = 0, [] if folder.is_symlink() else [str(folder)]
    while left:
        # A folder, or a file of it, may go meanwhile: it holds nothing then.
        with suppress(OSError), os.scandir(left.pop()) as found:
            for one in found:
                if one.is_dir(follow_symlinks=False):
                    left.append(one.path)
                elif one.is_file(follow_symlinks=False):
                    total += one.stat(follow_symlinks=False).st_size
    return total
