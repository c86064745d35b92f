"""A lock between jobs of a cluster, for file systems on which ``flock`` may hold on one host only.

Who owns it is a file that names host, job and restart count. It is free when its owner gave it up,
or when the cluster says that this job does not run with that restart count: no clock, no heartbeat.

A lock is a folder of numbered files, one for each time that it was taken. The file of the highest
number says whose it is, and only its owner writes it again, to give it up. It is taken by making
the next number, which of many one alone can do. So nobody ever deletes a lock, whoever looked at an
older state of the folder takes nothing, and an owner knows that he was followed.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from llmx.core import json_text
from llmx.core.errors import StoreError
from llmx.store import files
from llmx.store.lock import SUFFIX, Lock, make_locks_by

_SHARED, _FREE = "shared-", "free"
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True)
class Owner:
    """A job at work: its number, how often it was begun again, and where it runs."""

    job: str
    restart: int
    host: str

    @property
    def key(self) -> str:
        """It as a part of a file's name."""
        return f"{self.job}.{self.restart}"


Runs = Callable[[Owner], bool]
"""Whether a job runs with that restart count, as the cluster says; True where it says nothing."""


class LockFiles(Protocol):
    """The few things that a lock does to its folder; each is one step to everybody else."""

    def names(self) -> list[str]:
        """Return the names of its files, perhaps of a moment ago."""

    def read(self, name: str) -> Mapping[str, Any] | None:
        """Return what a file says; None if it is not there, {} if nobody can tell."""

    def create(self, name: str, held: Mapping[str, Any]) -> bool:
        """Make a file with its content; False if there is one of that name."""

    def write(self, name: str, held: Mapping[str, Any]) -> None:
        """Replace what a file says."""

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""


class Folder:
    """The files of a lock on a shared file system."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """Return the names of its files."""
        try:
            return [path.name for path in self.path.iterdir() if path.name[0] != "."]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise files.unwritable(self.path, error) from error

    def read(self, name: str) -> Mapping[str, Any] | None:
        """Return what a file says; None if it is not there, {} if nobody can tell."""
        try:
            found = json_text.parse((self.path / name).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def create(self, name: str, held: Mapping[str, Any]) -> bool:
        """Make a file with its content; False if there is one of that name."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            scratch = self._scratch(held)
            try:
                return _linked(scratch, self.path / name, json.dumps(held))
            finally:
                scratch.unlink(missing_ok=True)
        except OSError as error:
            raise files.unwritable(self.path / name, error) from error

    def write(self, name: str, held: Mapping[str, Any]) -> None:
        """Replace what a file says; where its folder has gone, nobody asks any more."""
        with suppress(FileNotFoundError):
            self._scratch(held).replace(self.path / name)

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        with suppress(OSError):
            (self.path / name).unlink()

    def _scratch(self, held: Mapping[str, Any]) -> Path:
        path = self.path / f".{os.uname().nodename}.{os.getpid()}.tmp"
        with path.open("w") as handle:
            handle.write(json.dumps(held))
            handle.flush()
            os.fsync(handle.fileno())
        return path


def _linked(scratch: Path, path: Path, text: str) -> bool:
    """Give a file its name if that is free: it appears with its whole content, or not at all."""
    try:
        os.link(scratch, path)
    except FileExistsError:
        # Over NFS an answer can get lost and the second request finds what the first one made.
        return scratch.stat().st_nlink == 2
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _created(path, text)
    return True


def _created(path: Path, text: str) -> bool:
    """The same without links: who dies between name and content leaves a lock that nobody takes."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    return True


class JobLock(Lock):
    """A lock on a path between jobs; see the module.

    Args:
        me: the job of this process.
        runs: asks the cluster.
        work: folder in which its owner works: nothing is written there by one who was followed.
    """

    def __init__(
        self,
        path: Path,
        me: Owner,
        runs: Runs,
        work: Path | None = None,
        folder: LockFiles | None = None,
    ) -> None:
        super().__init__(path)
        self.files = folder or Folder(path.with_name(path.name + SUFFIX))
        self.me, self.runs, self.work = me, runs, work
        self.turn = 0
        """Number of the file by which it is held alone; 0 = it is not."""
        self.shares = False

    def try_acquire(self, shared: bool = False) -> bool:
        """Take the lock if it is free; never waits."""
        for _ in self.steps(shared):
            pass
        return self.held

    def steps(self, shared: bool = False) -> Iterator[None]:
        """Take the lock if it is free; others may do anything wherever this yields."""
        newest = self._newest()
        yield
        if newest and self._busy(self.files.read(str(newest))):
            return
        yield
        if not self.files.create(str(newest + 1), asdict(self.me)):
            return
        self.turn = newest + 1
        yield
        if shared:
            self._share()
            return
        for name in (one for one in self.files.names() if one.startswith(_SHARED)):
            yield
            if name != self._mark and self._busy(self.files.read(name)):
                self._give_up()
                return
            yield
            self.files.delete(name)  # its owner is dead, and stays so
        yield
        if self.work is not None:
            files.guard(self.work, self.check)

    def share(self) -> bool:
        """Let others share a lock that is held alone."""
        self._share()
        return True

    def _share(self) -> None:
        self.files.create(self._mark, asdict(self.me))
        self.shares = True
        self._give_up()

    def taken(self) -> bool:
        """Whether somebody holds it, alone or shared."""
        return self.holder() is not None

    def holder(self) -> Owner | None:
        """Return who holds it, one of those who share it; None if it is free."""
        newest = self._newest()
        marks = [name for name in self.files.names() if name.startswith(_SHARED)]
        for name in [*([str(newest)] if newest else []), *marks]:
            held = self.files.read(name)
            if self._busy(held):
                return _owner(held or {}) or Owner("", 0, "")
        return None

    def check(self) -> None:
        """Make sure that it is still held alone.

        Raises:
            StoreError: if somebody else has taken it, as this job was given up for dead.
        """
        mine = self.files.read(str(self.turn)) == asdict(self.me)
        if not (self.turn and mine and self._newest() == self.turn):
            text = f"{self.path.stem} has gone over to another job while this one stood still"
            raise StoreError(text, "nothing more is written here")

    def release(self) -> None:
        """Give the lock up; harmless if it is not held, or was taken by another."""
        if self.turn:
            self._give_up()
        if self.shares:
            self.files.delete(self._mark)
            self.shares = False

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return bool(self.turn) or self.shares

    def owner(self) -> int | None:
        """A job is no process of this machine."""
        return None

    def _give_up(self) -> None:
        if self.work is not None:
            files.unguard(self.work)
        turn, self.turn = self.turn, 0
        self.files.write(str(turn), {_FREE: True})

    def _newest(self) -> int:
        return max((int(name) for name in self.files.names() if name.isdigit()), default=0)

    @property
    def _mark(self) -> str:
        return f"{_SHARED}{self.me.key}"

    def _busy(self, held: Mapping[str, Any] | None) -> bool:
        if held is None or held.get(_FREE):
            return False
        found = _owner(held)
        return found is None or self.runs(found)


def _owner(held: Mapping[str, Any]) -> Owner | None:
    try:
        return Owner(str(held["job"]), int(held["restart"]), str(held["host"]))
    except (KeyError, TypeError, ValueError):
        return None


def among_jobs(me: Owner | None, runs: Runs = lambda owner: True) -> None:
    """Let every lock of this process be one between jobs; None = between processes, as usual."""
    if me is None:
        make_locks_by(None)
        return
    make_locks_by(lambda path, work: JobLock(path, me, runs, work))


class ListedLock(Lock):
    """A lock that asks nobody: what it guards is on the list of this job and on no other."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._mine = False

    def try_acquire(self, shared: bool = False) -> bool:
        """Take it."""
        self._mine = True
        return True

    def share(self) -> bool:
        """Nobody else is there to share it with."""
        return True

    def taken(self) -> bool:
        """Nobody else takes it."""
        return self._mine

    def release(self) -> None:
        """Give it up."""
        self._mine = False

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._mine

    def owner(self) -> int | None:
        """Nobody else has it."""
        return None


def by_lists() -> None:
    """Let no lock of this process ask the file system: a list says what is its own."""
    make_locks_by(lambda path, work: ListedLock(path))
