"""A lock that a dead owner cannot keep.

The operating system holds it (``flock``) and gives it up when the owner's process ends, however it
ends. The lock file itself stays: removing it would let two processes lock two files of one name.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from llmx.core.errors import StoreError


class Lock:
    """A lock on a path, between processes of one machine (and over NFSv4)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: IO[str] | None = None

    def try_acquire(self, shared: bool = False) -> bool:
        """Take the lock if it is free; never waits.

        Args:
            shared: beside others who share it; nobody then has it alone.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = self.path.open("a+")
        except OSError as error:
            raise StoreError(
                f"cannot write {self.path}: {error.strerror}", "choose a folder with --runs DIR"
            ) from error
        try:
            kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            return False
        except OSError as error:  # Lustre without the option, some FUSE
            handle.close()
            text = f"there are no locks in {self.path.parent}: {error.strerror}"
            raise StoreError(
                text, "choose a folder of another file system with --runs DIR"
            ) from error
        self._handle = handle
        with suppress(OSError):  # who holds it is for messages only: a full disk is no reason
            handle.truncate(0)
            if not shared:
                handle.write(str(os.getpid()))
                handle.flush()
        return True

    def share(self) -> bool:
        """Let others share a lock that is held alone; False if one of them took it alone."""
        assert self._handle is not None
        try:
            fcntl.flock(self._handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:  # the kernel gives the one up before it takes the other
            self.release()
            return False
        return True

    def taken(self) -> bool:
        """Whether somebody holds it, alone or shared; looking makes no file."""
        if not self.path.exists():
            return False
        probe = Lock(self.path)
        free = probe.try_acquire()
        probe.release()
        return not free

    def release(self) -> None:
        """Give the lock up; harmless if it is not held."""
        if self._handle is not None:
            with suppress(OSError):  # what a full disk kept back
                self._handle.close()
            self._handle = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._handle is not None

    def owner(self) -> int | None:
        """Process id that the present or last owner wrote, for messages only."""
        try:
            return int(self.path.read_text() or "0") or None
        except (OSError, ValueError):
            return None


SUFFIX = ".d"
"""How the folder of a lock between jobs ends, behind the name that its file would have."""
_make: Callable[[Path, Path | None], Lock] | None = None


def make_locks_by(make: Callable[[Path, Path | None], Lock] | None) -> None:
    """Let :func:`lock_at` make another kind of lock (:mod:`llmx.store.job_lock`); None = usual."""
    global _make
    _make = make


def between_jobs() -> bool:
    """Whether this process works as a job of a cluster, which has its machine by itself."""
    return _make is not None


def lock_at(path: Path, work: Path | None = None) -> Lock:
    """Return a fresh handle of the lock on a path, of the kind that this process goes by.

    Args:
        work: folder in which its owner works.
    """
    return Lock(path) if _make is None else _make(path, work)
