"""Run folders: what one command resolved to, used and found, in one place for a person to keep."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llmx.core.errors import LlmxError, StoreError, nearest
from llmx.core.secrets import without_secrets
from llmx.core.spec import RunSpec
from llmx.engines.kernel import KERNEL_ENGINES
from llmx.engines.native.found import forward_found
from llmx.graph.environment import made_with
from llmx.graph.graph import CACHE, Graph, Node, entry_of
from llmx.store.cache import Entry, size_bytes
from llmx.store.files import inside, read_json, sweep, unwritable, write_json
from llmx.store.fingerprint import fingerprint
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
        StoreError: if it is in progress.
    """
    lock = _lock(run)
    if not lock.try_acquire():
        raise _busy(run.name)
    try:
        yield
    finally:
        lock.release()


def refuse_beside_runs(runs: Path) -> None:
    """Refuse while any run of the folder is in progress.

    Raises:
        StoreError: naming one.
    """
    for path in sorted((runs / CACHE / _RUNNING).glob("*.lock")):
        if Lock(path).taken():
            raise _busy(path.name.removesuffix(".lock"))


def _lock(run: Path) -> Lock:
    return Lock(run.parent / CACHE / _RUNNING / f"{run.name}.lock")


def _busy(name: str) -> StoreError:
    return StoreError(
        f"the run {name} is in progress", "wait for its end, or stop it, and try again"
    )


def build_manifest(spec: RunSpec, graph: Graph, cache: Path, seconds: float) -> dict[str, Any]:
    """Return the manifest: seeds, command line, what the last process worked with, every stage.

    A stage that was reused was perhaps made by other code elsewhere: its own `made` says so.
    """
    return {
        **made_with(),
        "seconds": round(seconds, 1),
        "command": [Path(sys.argv[0]).name, *without_secrets(sys.argv[1:])],
        "seeds": {name: arm.seed for name, arm in spec.arms.items()},
        "batch_size": {name: arm.engine.batch_size for name, arm in spec.arms.items()},
        "threads": {name: arm.engine.threads for name, arm in spec.arms.items()},
        "kernel": {name: arm.engine.kernel for name, arm in spec.arms.items()},
        "compiled_forward": _compiled(spec),
        "trust_remote_code": any(arm.engine.trust_remote_code for arm in spec.arms.values()),
        "stages": [_stage(node.labels, entry_of(cache, node)) for node in graph],
    }


def _compiled(spec: RunSpec) -> str | None:
    """Say which build of the compiled forward is here, or why there is none, where arms ask."""
    if not any(arm.engine.kind in KERNEL_ENGINES for arm in spec.arms.values()):
        return None
    found = forward_found()
    return found.build or found.trouble


def _stage(labels: list[tuple[str, str | None]], entry: Entry) -> dict[str, Any]:
    about = entry.about()
    return {
        "stands_for": [f"{stage}/{arm}" if arm else stage for stage, arm in labels],
        "kind": entry.kind,
        "fingerprint": entry.fingerprint,
        "seconds": about["seconds"],
        "made": about.get("made"),
        "identity": about["identity"],
        "files": about["files"],
    }


_SPEC, _MANIFEST, _STAGES = "spec.json", "manifest.json", "stages.json"
_FREE = {
    "overrides",
    "notes",
    "source",
    "description",
    "destinations",
}  # do not change what a run means


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


def open_folder(folder: RunFolder, spec: RunSpec, graph: Graph) -> None:
    """Write the resolved specification, and which outputs are the run's, before anything runs."""
    write_json(folder.path / _STAGES, [_owned(node) for node in graph])
    write_json(folder.path / _SPEC, spec.model_dump(mode="json"))


def _owned(node: Node) -> dict[str, str]:
    return {"kind": node.stage.kind, "fingerprint": node.fingerprint, "title": node.title}


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
    wrote = entry.about()["files"]
    for path in entry.folder.rglob("*"):
        name = path.relative_to(entry.folder)
        if path.is_file() and str(name) in wrote:
            _link(path, inside(place, *name.parts))


def _link(source: Path, target: Path) -> None:
    # Never without the file in between: another process may bring the same one at this moment.
    scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch.unlink(missing_ok=True)
        try:
            os.link(source, scratch)
        except OSError:  # another file system, or one without hard links
            shutil.copy2(source, scratch)
        scratch.replace(target)
        scratch.unlink(missing_ok=True)  # replacing a link by another link to its file does nothing
    except OSError as error:
        raise unwritable(target, error) from error


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


def owned(run: RunFolder) -> set[str]:
    """Return the fingerprints of what a run has used, and of what it was begun with.

    Raises:
        StoreError: if nothing says it of a run that has not ended.
    """
    used = {stage["fingerprint"] for stage in run.manifest()["stages"]} if run.finished else set()
    begun = run.path / _STAGES
    if not begun.exists():
        return used | _planned(run)
    try:
        return used | {str(stage["fingerprint"]) for stage in read_json(begun)}
    except (TypeError, KeyError) as error:
        raise _foreign(begun) from error


def _planned(run: RunFolder) -> set[str]:
    """Return what the same command would use now: an earlier version kept no list."""
    from llmx.graph.graph import build_graph

    try:
        return {node.fingerprint for node in build_graph(run.spec())}
    except LlmxError as error:
        if run.finished:
            return set()
        raise StoreError(
            f"the unfinished run {run.name} cannot be read: {error.message}",
            f"llmx runs rm {run.name}, or put back what it needs",
        ) from error


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
