"""Run folders: what one command resolved to, used and found, in one place for a person to keep."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
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
from llmx.graph.provenance import facts_of, with_provenance
from llmx.store.cache import Entry, size_bytes
from llmx.store.files import inside, read_json, sweep, unwritable, write_json
from llmx.store.fingerprint import fingerprint, hash_file
from llmx.store.lock import Lock, lock_at
from llmx.store.page import write_marked

_RUNNING, _CLOSING = "running", ".closing"
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


def is_going_on(run: Path) -> bool:
    """Whether a process works at the run at this moment."""
    return _lock(run).taken()


def command_line() -> list[str]:
    """Return the words of this process, without secrets; of ``python -m llmx`` as of ``llmx``."""
    program = Path(sys.argv[0])
    module = program.parts[-2:] == ("llmx", "__main__.py")
    return ["llmx" if module else program.name, *without_secrets(sys.argv[1:])]


def build_manifest(spec: RunSpec, graph: Graph, cache: Path, seconds: float) -> dict[str, Any]:
    """Return the manifest: seeds, command line, what the last process worked with, every stage.

    A stage that was reused was perhaps made by other code elsewhere: its own `made` says so.
    """
    return {
        **made_with(),
        "seconds": round(seconds, 1),
        "command": command_line(),
        "seeds": {name: arm.seed for name, arm in spec.arms.items()},
        "batch_size": {name: arm.engine.batch_size for name, arm in spec.arms.items()},
        "threads": {name: arm.engine.threads for name, arm in spec.arms.items()},
        "kernel": {name: arm.engine.kernel for name, arm in spec.arms.items()},
        "compiled_forward": _compiled(spec),
        **_models(graph),
        "trust_remote_code": any(arm.engine.trust_remote_code for arm in spec.arms.values()),
        "stages": [_stage(node.labels, entry_of(cache, node)) for node in graph],
    }


def _models(graph: Graph) -> dict[str, Any]:
    """Say what was made of models of the user's, and what they were sent; nothing without any."""
    if not any(arm.brought_models for node in graph for arm in node.given.arms.values()):
        return {}
    from llmx.stages.own_models import said_of_models

    said = said_of_models(node.given for node in graph)
    return {"models": list(said)} if said else {}


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
PAGES = "pages"
"""Key of a manifest: name in the run folder → hash, of the pages with their provenance."""
_FREE = {
    "overrides",
    "notes",
    "source",
    "description",
    "destinations",
    "launch",
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
    """Bring samples, results, pages and the manifest into the run folder.

    A run that had ended with the same outputs keeps its first manifest: that says when, by which
    command and in how many seconds they were made.
    """
    cache = folder.path.parent / CACHE
    with _closing(folder.path):
        _bring_all(folder, spec, graph, cache, seconds)


def _bring_all(folder: RunFolder, spec: RunSpec, graph: Graph, cache: Path, seconds: float) -> None:
    manifest = build_manifest(spec, graph, cache, seconds)
    first = _first_manifest(folder, manifest)
    facts, pages = facts_of(first or manifest, spec), dict[str, str]()
    for node in graph:
        clear_joined(entry_of(cache, node))
        for stage, arm in node.labels:
            pages |= _bring(entry_of(cache, node), folder.path, stage, arm, facts)
    made = {**(first or manifest), PAGES: pages}
    if made != first:
        write_json(folder.path / _MANIFEST, made)


@contextmanager
def _closing(run: Path) -> Iterator[None]:
    """Wait for whoever closes the same run: its pages and its manifest belong together."""
    lock = lock_at(_lock(run).path.with_suffix(_CLOSING))
    while not lock.try_acquire():
        time.sleep(_POLL)
    try:
        yield
    finally:
        lock.release()


def _first_manifest(folder: RunFolder, now: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the manifest that is there, if it is of the outputs that there are now."""
    if not folder.finished:
        return None
    try:
        found = folder.manifest()
        same = _outputs(found) == _outputs(now)
    except (StoreError, KeyError, TypeError):
        return None
    return found if same else None


def _outputs(manifest: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["fingerprint"], one["stands_for"], one["files"]) for one in manifest["stages"]]


def _bring(
    entry: Entry, run: Path, stage: str, arm: str | None, facts: Mapping[str, str]
) -> dict[str, str]:
    """Link a stage's files: those of a report to the top, all others under the stage's name.

    Returns:
        name in the run folder → hash, of the pages: they are copies that say where they come from.
    """
    names = () if entry.kind == "report" else (stage,) if arm is None else (stage, arm)
    place, pages = inside(run, *names), {}
    wrote = entry.about()["files"]
    for path in sorted(entry.folder.rglob("*")):
        name = path.relative_to(entry.folder)
        if not path.is_file() or str(name) not in wrote:
            continue
        target = inside(place, *name.parts)
        if arm is None and _is_page(entry.kind, name):
            _copy_page(path, target, facts)
            pages[str(target.relative_to(run))] = hash_file(target)
        else:
            _link(path, target)
    return pages


def _is_page(kind: str, name: Path) -> bool:
    # What other stages write as Markdown is read again, by the terminal and by papers' pages.
    return name.suffix == ".html" or (kind == "report" and name.suffix == ".md")


def _copy_page(source: Path, target: Path, facts: Mapping[str, str]) -> None:
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        _link(source, target)
        return
    write_marked(target, with_provenance(text, target.suffix, facts))


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
    if Path(name).joinpath(_SPEC).exists():
        return RunFolder(Path(name))
    known = list_runs(runs)
    found = called(known, name)
    if found:
        return found[0]
    if not name:
        raise StoreError(f"no finished run under {runs}", "run a recipe first")
    raise StoreError(
        f"no run '{name}' under {runs}", nearest(name, (run.name for run in known), "runs")
    )


def called(known: Sequence[RunFolder], name: str) -> list[RunFolder]:
    """Return the runs that a name means: of that name, of that recipe, or that begin so."""
    exact = [run for run in known if run.name == name]
    of_recipe = [run for run in known if name and run.name.rpartition("-")[0] == name]
    return exact or of_recipe or [run for run in known if run.name.startswith(name)]


def planned_outputs(run: RunFolder) -> list[tuple[str, str]]:
    """Return (kind, fingerprint) of every output that the run was begun with; none if unknown."""
    try:
        stages = read_json(run.path / _STAGES)
        return [(str(stage["kind"]), str(stage["fingerprint"])) for stage in stages]
    except (StoreError, TypeError, KeyError):
        return []


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
