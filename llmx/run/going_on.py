"""Whether a run is going on: each holds a lock for as long as it lasts, shared with its like.

The lock files stand in the cache, not in the run folders: a lock whose file is deleted is none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmx.core.errors import StoreError
from llmx.run.entry import CACHE
from llmx.store.files import sweep
from llmx.store.lock import Lock

_RUNNING = "running"
_POLL, _PATIENCE = 0.05, 10.0  # seconds; who deletes a run or looks at its lock is soon over


@contextmanager
def going_on(run: Path) -> Iterator[None]:
    """Keep a run folder from being deleted, and sweep what kills have left in it.

    Raises:
        StoreError: if somebody is deleting it and does not come to an end.
    """
    lock, until = _lock(run), time.monotonic() + _PATIENCE
    while not _join(lock, run):
        if time.monotonic() > until:
            raise StoreError(f"the run {run.name} is being deleted", "try again when it has gone")
        time.sleep(_POLL)
    try:
        yield
    finally:
        lock.release()


def _join(lock: Lock, run: Path) -> bool:
    """Take the lock, shared. Who has it alone for a moment knows that nobody writes there."""
    if not lock.try_acquire():
        return lock.try_acquire(shared=True)
    sweep(run)
    return lock.share()


@contextmanager
def at_rest(run: Path) -> Iterator[None]:
    """Keep a run from beginning.

    Raises:
        StoreError: if it is going on.
    """
    lock = _lock(run)
    if not lock.try_acquire():
        raise _busy(run.name)
    try:
        yield
    finally:
        lock.release()


def refuse_beside_runs(runs: Path) -> None:
    """Refuse to go on while any run of the folder is going on.

    Raises:
        StoreError: naming one.
    """
    for path in sorted((runs / CACHE / _RUNNING).glob("*.lock")):
        if Lock(path).taken():
            raise _busy(path.name.removesuffix(".lock"))


def _lock(run: Path) -> Lock:
    return Lock(run.parent / CACHE / _RUNNING / f"{run.name}.lock")


def _busy(name: str) -> StoreError:
    return StoreError(f"the run {name} is going on", "wait for its end, or stop it, and try again")
