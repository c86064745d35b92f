"""Stage outputs by fingerprint: ``<root>/<kind>/<fingerprint>`` when whole, ``.partial`` before.

A stage works in the partial folder, under a lock; completing it writes ``stage.json`` and renames
the folder. So a folder without the suffix is whole, and a kill leaves only a partial folder that
the next owner goes on with. The parts of an output that several processes share are entries under
``<fingerprint>.parts``; they go when it is joined.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.store.files import read_json, sync_below, unwritable, write_json
from llmx.store.fingerprint import hash_file
from llmx.store.lock import Lock
from llmx.store.place import inside

ABOUT = "stage.json"
PROGRESS = "progress.json"
_PARTS = ".parts"


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
        return self.folder.with_name(f"{self.fingerprint}.partial")

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

    @property
    def whole(self) -> bool:
        """Whether the output is complete."""
        return (self.folder / ABOUT).exists()

    def about(self) -> dict[str, Any]:
        """What was written when the stage completed.

        Raises:
            StoreError: if the entry is missing or damaged.
        """
        found: dict[str, Any] = read_json(self.folder / ABOUT)
        return found

    def begin(self) -> Path:
        """Return the partial folder, as an earlier owner left it or new. Hold the lock first."""
        if self.folder.exists() and not self.whole:
            shutil.rmtree(self.folder)  # renamed by hand, or damaged: not ours to trust
        try:
            self.partial.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(self.partial, error) from error
        for torn in self.partial.rglob(".*.tmp"):
            torn.unlink(missing_ok=True)  # a kill inside an atomic write left it
        return self.partial

    def complete(self, about: Mapping[str, Any]) -> None:
        """Describe the output, hash its files and rename the folder. Hold the lock."""
        files = sorted(path for path in self.partial.rglob("*") if path.is_file())
        names = {path: str(path.relative_to(self.partial)) for path in files}
        hashes = {
            name: hash_file(path) for path, name in names.items() if name not in (ABOUT, PROGRESS)
        }
        # A power cut must not leave an output that calls itself whole: all of it is on the disk,
        # the names in the folder with its last file, before it is renamed.
        sync_below(self.partial)
        write_json(self.partial / ABOUT, {**about, "files": hashes})
        (self.partial / PROGRESS).unlink(missing_ok=True)  # late: others look at it until then
        self.partial.rename(self.folder)

    def clear_parts(self) -> None:
        """Delete the parts of a whole output. Hold the lock."""
        shutil.rmtree(self.shared_out, ignore_errors=True)

    def remove(self) -> None:
        """Delete the output and what a broken run left. Hold the lock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.partial, ignore_errors=True)
        self.clear_parts()


def entries(root: Path) -> Iterator[Entry]:
    """Yield every entry that has an output or a partial folder."""
    found = {
        (folder.parent.name, folder.name.removesuffix(".partial").removesuffix(_PARTS))
        for folder in root.glob("*/*")
        if folder.is_dir()
    }
    for kind, name in sorted(found):
        yield Entry(root, kind, name)


def names(root: Path, kinds: Collection[str]) -> frozenset[str]:
    """Return the names of all that lies in the cache under these kinds, whole or not."""
    found: set[str] = set()
    for kind in kinds:
        with suppress(OSError):  # nothing of that kind yet
            found.update(path.name for path in inside(root, kind, links=True).iterdir())
    return frozenset(found)


def size_bytes(folder: Path) -> int:
    """Return the bytes that a folder's files hold."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
