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
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from llmx.store.contents import ABOUT, PROGRESS, describe, trouble
from llmx.store.files import read_json, sweep, sync_below, unwritable, write_json
from llmx.store.lock import Lock
from llmx.store.place import inside

__all__ = ["ABOUT", "PROGRESS", "Entry", "damaged", "entries", "names", "size_bytes"]

_PARTS, _PARTIAL, _DAMAGED = ".parts", ".partial", ".damaged"


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
        return Lock(self.folder.with_name(f"{self.fingerprint}.lock"))

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
        begun = {path.name.removesuffix(_PARTIAL) for path in there if path.is_dir()}
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
    return (path for path in root.glob("*/*") if path.is_dir() and not path.is_symlink())


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
