"""Every byte of what lies on the disk, compared with the hashes that were kept of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmx.core.errors import StoreError
from llmx.graph.folder import PAGES, RunFolder, find_run, list_runs, owned, refuse_beside_runs
from llmx.graph.graph import CACHE
from llmx.store.cache import Entry, differences, entries, other_contents
from llmx.store.fingerprint import hash_file


@dataclass(frozen=True)
class Damage:
    """One output that is not what it says.

    Attributes:
        troubles: a line each.
        rests: whole outputs that were made from it, and those made from these.
    """

    entry: Entry
    troubles: tuple[str, ...]
    rests: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        outputs: how many whole outputs were read.
        damages: those that are not what they say.
        linked: run → lines on its own files, which the same command brings back.
        runs: those that use a damaged output.
    """

    outputs: int
    damages: tuple[Damage, ...]
    linked: Mapping[str, tuple[str, ...]]
    runs: tuple[str, ...]

    @property
    def clean(self) -> bool:
        """Whether all is what it says."""
        return not self.damages and not self.linked


def check(runs: Path, name: str | None = None) -> Checked:
    """Compare outputs, and the files of run folders, with their hashes.

    Args:
        runs: folder of the runs.
        name: of the run whose outputs are read; None = all that lies in the cache.

    Raises:
        StoreError: if there is no such run, or a file may not be read.
    """
    asked = list_runs(runs) if name is None else [find_run(runs, name)]
    uses = {run.name: _owned(run) for run in asked}
    hash_of, all_ = _once(), list(entries(runs / CACHE))
    wanted = None if name is None else set().union(*uses.values())
    read = [one for one in all_ if wanted is None or one.fingerprint in wanted]
    there = [part for one in read for part in (one, *one.parts_there()) if part.folder.exists()]
    found = {one: tuple(differences(one.folder, one.owner, hash_of)) for one in there}
    damages = [Damage(one, why, tuple(resting(one, all_))) for one, why in found.items() if why]
    hit = {d.entry.fingerprint for d in damages}
    linked = {run.name: tuple(_linked(run, hash_of)) for run in asked}
    return Checked(
        len(there),
        tuple(damages),
        {run: lines for run, lines in linked.items() if lines},
        tuple(run for run, names in uses.items() if hit & names),
    )


def _owned(run: RunFolder) -> set[str]:
    """Return what a run uses, as far as it can be told."""
    try:
        return owned(run)
    except StoreError:
        return set()


def _once() -> Callable[[Path], str]:
    """Return what hashes a file once, under however many names it stands."""
    known: dict[tuple[int, ...], str] = {}

    def hash_of(path: Path) -> str:
        state = path.stat()
        key = (state.st_dev, state.st_ino)
        return known.get(key) or known.setdefault(key, hash_file(path))

    return hash_of


def resting(on: Entry, among: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the whole outputs of a cache that were made from one, however far."""
    inputs = {one: _inputs(one) for one in among}
    gone, fresh = {on.fingerprint}, True
    while fresh:
        new = [one for one, names in inputs.items() if one.fingerprint not in gone and names & gone]
        gone.update(one.fingerprint for one in new)
        yield from new
        fresh = bool(new)


def _inputs(entry: Entry) -> set[str]:
    try:
        return set(dict(entry.about().get("inputs", {})).values())
    except (StoreError, AttributeError, TypeError, ValueError):
        return set()


def _linked(run: RunFolder, hash_of: Callable[[Path], str]) -> Iterator[str]:
    """Yield a line for each file of a finished run folder that its manifest does not know so."""
    try:
        manifest = run.manifest() if run.finished else {}
    except StoreError as error:
        yield error.message
        return
    pages = manifest.get(PAGES, {})
    for stage in manifest.get("stages", ()):
        for label in stage["stands_for"]:
            under = "" if stage["kind"] == "report" else f"{label}/"
            files = {f"{under}{name}": wanted for name, wanted in stage["files"].items()}
            own = {name: pages.get(name, wanted) for name, wanted in files.items()}
            yield from other_contents(run.path, own, hash_of)


def repair(runs: Path, found: Checked) -> list[tuple[Entry, Path]]:
    """Move what is damaged, and what rests on it, aside; return where to.

    Raises:
        StoreError: if a run is going on, or another process works at one of them.
    """
    refuse_beside_runs(runs)
    moved = {one: None for damage in found.damages for one in (damage.entry, *damage.rests)}
    return [(one, _aside(one)) for one in moved]


def _aside(entry: Entry) -> Path:
    lock = entry.lock
    if not lock.try_acquire():
        raise StoreError(f"another process works at {entry.folder}", "try again when it has ended")
    try:
        return entry.set_aside()
    finally:
        lock.release()
