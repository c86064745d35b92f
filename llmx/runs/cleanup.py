"""Deleting: run folders, stage outputs that no run uses, and what kills have left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from llmx.core.errors import StoreError, nearest
from llmx.graph.folder import RunFolder, at_rest, clear_joined, list_runs, owned, refuse_beside_runs
from llmx.graph.graph import CACHE
from llmx.store.cache import Entry, damaged, entries, size_bytes
from llmx.store.files import sweep


def remove_run(runs: Path, name: str) -> Path | None:
    """Delete a run folder; stage outputs stay until `collect_garbage`.

    Returns:
        what a run folder that is a link points to: the link goes, and that stays.

    Raises:
        StoreError: if there is none of that name, or if it is going on.
    """
    exact = [run for run in list_runs(runs) if run.name == name]
    if not exact:
        names = (run.name for run in list_runs(runs))
        raise StoreError(f"no run '{name}' under {runs}", nearest(name, names, "runs"))
    (run,) = exact
    with at_rest(run.path):
        if run.path.is_symlink():
            target = run.path.resolve()
            run.path.unlink()
            return target
        shutil.rmtree(run.path)
    return None


def unused_entries(runs: Path) -> Iterator[Entry]:
    """Yield stage outputs that no run folder refers to, unfinished ones of no run included."""
    used = {name for run in list_runs(runs) for name in owned(run)}
    for entry in entries(runs / CACHE):
        if entry.fingerprint not in used:
            yield entry


def collect_garbage(runs: Path) -> tuple[int, int]:
    """Delete unused stage outputs that nobody is working on, and those that were set aside.

    Returns:
        how many entries went, and how many bytes they held.

    Raises:
        StoreError: if a run is going on, or if it cannot be told what one uses.
    """
    refuse_beside_runs(runs)
    count = freed = 0
    for entry in list(unused_entries(runs)):
        lock = entry.lock  # shared by whoever works at a part
        if lock.try_acquire():
            places = (entry.folder, entry.partial, entry.shared_out)
            freed += sum(map(size_bytes, places))
            entry.remove()
            count += 1
            lock.release()
    for folder in damaged(runs / CACHE):
        freed += size_bytes(folder)
        shutil.rmtree(folder, ignore_errors=True)
        count += 1
    freed += sum(map(_sweep, list_runs(runs)))
    return count, freed + sum(map(clear_joined, list(entries(runs / CACHE))))


def _sweep(run: RunFolder) -> int:
    """Delete what kills have left in a run folder; return the bytes of it."""
    if run.path.is_symlink():
        return 0
    with suppress(StoreError), at_rest(run.path):
        return sweep(run.path)
    return 0
