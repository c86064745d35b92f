"""Run folders: what one command resolved to, used and found, in one place for a person to keep."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llmx.core.errors import LlmxError, StoreError, nearest
from llmx.core.spec import RunSpec
from llmx.run.entry import entry_of
from llmx.run.graph import Graph
from llmx.run.manifest import build_manifest
from llmx.store.cache import ABOUT, Entry, entries, size_bytes
from llmx.store.files import read_json, write_json
from llmx.store.fingerprint import fingerprint
from llmx.store.place import inside

CACHE = "cache"
_SPEC, _MANIFEST = "spec.json", "manifest.json"
_FREE = {"overrides", "notes", "source", "description"}  # do not change what a run means


@dataclass(frozen=True)
class RunFolder:
    """One run on disk."""

    path: Path

    @property
    def name(self) -> str:
        """Folder name: recipe and a hash of everything that was resolved."""
        return self.path.name

    @property
    def finished(self) -> bool:
        """Whether the run has reached its end."""
        return (self.path / _MANIFEST).exists()

    def spec(self) -> RunSpec:
        """Return what the command resolved to.

        Raises:
            StoreError: if the file is not of this version of llmx.
        """
        try:
            return RunSpec.model_validate(read_json(self.path / _SPEC))
        except ValidationError as error:
            raise _foreign(self.path / _SPEC) from error

    def manifest(self) -> dict[str, Any]:
        """Return what the run recorded about itself.

        Raises:
            StoreError: if the run has not ended, or the file is not a manifest.
        """
        found = read_json(self.path / _MANIFEST)
        if not isinstance(found, dict) or not {"stages", "seconds"} <= found.keys():
            raise _foreign(self.path / _MANIFEST)
        return found

    def size(self) -> int:
        """Return the bytes of the run, counting what it shares with the cache."""
        return size_bytes(self.path)


def _foreign(path: Path) -> StoreError:
    return StoreError(
        f"{path} was not written by this version of llmx", "move the folder away, or run it again"
    )


def folder_for(runs: Path, spec: RunSpec) -> RunFolder:
    """Return the folder of a spec: the same command finds the same folder."""
    meaning = spec.model_dump(mode="json", exclude=_FREE)
    return RunFolder(inside(runs, f"{spec.name}-{fingerprint(meaning)[:8]}", links=True))


def open_folder(runs: Path, spec: RunSpec) -> RunFolder:
    """Create the folder and write the resolved specification before anything runs."""
    folder = folder_for(runs, spec)
    write_json(folder.path / _SPEC, spec.model_dump(mode="json"))
    return folder


def close_folder(folder: RunFolder, spec: RunSpec, graph: Graph, seconds: float) -> None:
    """Bring samples, results and the manifest into the run folder."""
    cache = folder.path.parent / CACHE
    for node in graph:
        clear_joined(entry_of(cache, node))
        for stage, arm in node.labels:
            _bring(entry_of(cache, node), folder.path, stage, arm)
    write_json(folder.path / _MANIFEST, build_manifest(spec, graph, cache, seconds))


def _bring(entry: Entry, run: Path, stage: str, arm: str | None) -> None:
    """Link a stage's files: those of a report to the top, all others under the stage's name."""
    names = () if entry.kind == "report" else (stage,) if arm is None else (stage, arm)
    place = inside(run, *names)
    for path in entry.folder.rglob("*"):
        if path.is_file() and path.name != ABOUT:
            target = inside(place, *path.relative_to(entry.folder).parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(path, target)


def _link(source: Path, target: Path) -> None:
    # Never without the file in between: another process may bring the same one at this moment.
    scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    scratch.unlink(missing_ok=True)
    try:
        os.link(source, scratch)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, scratch)
    scratch.replace(target)
    scratch.unlink(missing_ok=True)  # replacing a link by another link to its file does nothing


def list_runs(runs: Path) -> list[RunFolder]:
    """Return every run folder, newest first."""
    found = [RunFolder(path.parent) for path in runs.glob(f"*/{_SPEC}")]
    return sorted(found, key=lambda run: (run.path / _SPEC).stat().st_mtime, reverse=True)


def find_run(runs: Path, name: str) -> RunFolder:
    """Return the run of exactly that name, or the newest whose name begins so.

    Raises:
        StoreError: if there is none.
    """
    known = list_runs(runs)
    if Path(name).joinpath(_SPEC).exists():
        return RunFolder(Path(name))
    found = [run for run in known if run.name.startswith(name)]
    if found:
        return next((run for run in found if run.name == name), found[0])
    raise StoreError(
        f"no run '{name}' under {runs}", nearest(name, (run.name for run in known), "runs")
    )


def remove_run(runs: Path, name: str) -> RunFolder:
    """Delete a run folder; stage outputs stay until `collect_garbage`."""
    exact = [run for run in list_runs(runs) if run.name == name]
    if not exact:
        names = (run.name for run in list_runs(runs))
        raise StoreError(f"no run '{name}' under {runs}", nearest(name, names, "runs"))
    shutil.rmtree(exact[0].path)
    return exact[0]


def unused_entries(runs: Path) -> Iterator[Entry]:
    """Yield stage outputs that no run folder refers to, unfinished ones of no run included."""
    used = {stage["fingerprint"] for run in list_runs(runs) for stage in _stages(run)}
    for entry in entries(runs / CACHE):
        if entry.fingerprint not in used:
            yield entry


def _stages(run: RunFolder) -> list[dict[str, Any]]:
    """Return what a run has used, and what the same command would use now: it may be running."""
    from llmx.run.graph import build_graph

    used = list(run.manifest()["stages"]) if run.finished else []
    try:
        return [*used, *({"fingerprint": node.fingerprint} for node in build_graph(run.spec()))]
    except LlmxError as error:
        if run.finished:
            return used
        raise StoreError(
            f"the unfinished run {run.name} cannot be read: {error.message}",
            f"llmx runs rm {run.name}, or put back what it needs",
        ) from error


def collect_garbage(runs: Path) -> tuple[int, int]:
    """Delete unused stage outputs that nobody is working on.

    Returns:
        how many entries went, and how many bytes they held.
    """
    count = freed = 0
    for entry in list(unused_entries(runs)):
        lock = entry.lock  # shared by whoever works at a part
        if lock.try_acquire():
            places = (entry.folder, entry.partial, entry.shared_out)
            freed += sum(map(size_bytes, places))
            entry.remove()
            count += 1
            lock.release()
    return count, freed + sum(map(clear_joined, list(entries(runs / CACHE))))


def clear_joined(entry: Entry) -> int:
    """Delete the parts of a whole output, and return their bytes: a kill after the join left them.

    Most outputs have none: then nothing is locked.
    """
    lock, freed = entry.lock, 0
    if entry.shared_out.exists() and entry.whole and lock.try_acquire():
        freed = size_bytes(entry.shared_out)
        entry.clear_parts()
        lock.release()
    return freed
