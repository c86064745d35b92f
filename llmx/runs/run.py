"""A run from its plan to its folder, and a stored one by its name; :mod:`llmx.api` calls it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llmx.core.errors import StoreError
from llmx.core.spec import RunSpec
from llmx.core.stage import Checks
from llmx.graph.accesses import accessing, resume_command, state_of
from llmx.graph.execute import execute, missing
from llmx.graph.folder import (
    RunFolder,
    called,
    close_folder,
    find_run,
    folder_for,
    going_on,
    list_runs,
    open_folder,
)
from llmx.graph.graph import CACHE, Node, entry_of
from llmx.graph.observer import Expecting, Observer, SilentObserver
from llmx.graph.plan import Plan, plan
from llmx.graph.workers import run_with_workers
from llmx.report.results import load_results
from llmx.runs.result import RunResult
from llmx.store.cache import Entry
from llmx.store.files import read_json

Elsewhere = Callable[[Plan, Path, Observer], None]
"""Brings the stages of a plan that no measurement comes before to completion in a cache."""


def set_damaged_aside(nodes: Iterable[Node], cache: Path, say: Callable[[str], None]) -> None:
    """Move the damaged outputs of nodes, and of their parts, aside; say so, a line each.

    What another process holds is left to it.
    """
    for node in nodes:
        entry = entry_of(cache, node)
        for one in (entry, *entry.parts_there()):
            told = set_aside(one)
            if told is not None:
                say(f"{node.title} was damaged and is made again: {told}")


def set_aside(entry: Entry) -> str | None:
    """Move one output aside if it is damaged and nobody works at it; return why and where to."""
    lock = entry.lock
    if entry.damage() is None or not lock.try_acquire():
        return None
    try:
        why = entry.damage()
        return None if why is None else f"{why}; kept as {entry.set_aside()}"
    finally:
        lock.release()


def default_runs() -> Path:
    """Return ``$LLMX_RUNS``, or ``./runs``."""
    return Path(os.environ.get("LLMX_RUNS") or "runs")


def run(
    spec: RunSpec,
    *,
    runs: Path | None = None,
    limit: int | None = None,
    workers: int | None = None,
    observer: Observer | None = None,
    ask_again: bool = False,
    elsewhere: Elsewhere | None = None,
) -> RunResult:
    """Run a composed recipe, or resume it, and return what it found.

    Args:
        spec: from :func:`llmx.config.compose`.
        runs: where run folders and stage outputs lie; default :func:`default_runs`.
        limit: at most so many problems.
        workers: processes that share the stages which are not measurements; None = as many as
            the machine has cores, at most four, and one where there is a GPU.
        observer: told what happens; silent by default.
        ask_again: ask a judge again about what he gave no readable verdict on, and nothing else.
        elsewhere: does what no measurement comes before in place of worker processes here.

    Raises:
        RunError: if a stage needs more memory than its device has.
        LlmxError: if a stage cannot be done at all: what it says of its cost holds the reason.
    """
    watcher = observer or SilentObserver()
    runs = runs or default_runs()
    planned = plan(spec, runs=runs, limit=limit, workers=workers)
    if ask_again and _reopened(planned, runs, watcher):
        planned = plan(spec, runs=runs, limit=limit, workers=workers)
    # What is done already neither refuses anything nor needs a word on its size.
    if planned.left:
        _refuse(planned, here=elsewhere is None)
        _check(missing(runs / CACHE, planned.graph))
    for note in (*planned.spec.notes, *(planned.notes if planned.left else ())):
        watcher.note(note)
    folder = folder_for(runs, planned.spec)
    with going_on(folder.path), accessing(folder):
        open_folder(folder, planned.spec, planned.graph)
        started = time.perf_counter()
        _bring_to_completion(planned, runs / CACHE, watcher, elsewhere)
        seconds = time.perf_counter() - started
        close_folder(folder, planned.spec, planned.graph, seconds)
    _say_in_vain(planned, runs / CACHE, watcher)
    return RunResult(folder, planned.spec, seconds, _results(folder))


def _reopened(planned: Plan, runs: Path, watcher: Observer) -> bool:
    """Make unfinished what a judge gave no verdict on; return whether there was any."""
    from llmx.runs.ask_again import ask_again

    with going_on(folder_for(runs, planned.spec).path):
        return ask_again(planned.graph, runs / CACHE, watcher.note)


def _say_in_vain(planned: Plan, cache: Path, watcher: Observer) -> None:
    """Say what a judge gave no verdict on, and how he is asked again."""
    if not any(map(_asks_a_judge, planned.graph)):
        return
    from llmx.runs.ask_again import in_vain

    for node, count in in_vain(planned.graph, cache):
        watcher.note(f"{node.title}: {count} without a readable verdict; --ask-again asks those")


def _asks_a_judge(node: Node) -> bool:
    return "judge" in (node.stage.kind, node.given.stage.options.get("scorer"))


def _refuse(planned: Plan, here: bool) -> None:
    refused = planned.refusal(here)
    if refused is not None:
        raise refused


def _check(nodes: Iterable[Node]) -> None:
    """Let stages refuse, before anything runs, what they will read and may only now fetch."""
    for node in nodes:
        if isinstance(node.stage, Checks):
            node.stage.check(node.given)


def _bring_to_completion(
    planned: Plan, cache: Path, watcher: Observer, elsewhere: Elsewhere | None
) -> None:
    """Let workers share what is no measurement, then do the rest here."""
    graph = planned.graph
    todo = {node.fingerprint for node in missing(cache, graph)}
    set_damaged_aside((n for n in graph if n.fingerprint in todo), cache, watcher.note)
    watcher.planned(len(graph.nodes), len(graph.nodes) - len(todo))
    if isinstance(watcher, Expecting):
        ahead = [one for one in planned.stages if not one.cached and one.cost.seconds is not None]
        watcher.expect({one.title: one.cost.seconds or 0.0 for one in ahead}, planned.seconds)
    for node in graph:
        if node.fingerprint not in todo:
            watcher.reused(node.title)
    if todo and elsewhere is not None:
        elsewhere(planned, cache, watcher)
    elif todo and planned.workers > 1:
        run_with_workers(planned.spec, graph, cache, watcher, planned.workers)
    left = {node.fingerprint for node in missing(cache, graph)}
    execute(graph, cache, watcher, wanted=lambda node: node.fingerprint in left)


def load_run(name: str, *, runs: Path | None = None) -> RunResult:
    """Return a finished run by (the beginning of) its name, or by its folder.

    Of several the newest that is finished; that a newer one is not stands among the result's notes.

    Raises:
        StoreError: if there is none.
    """
    newest = find_run(runs or default_runs(), name)
    folder = newest if newest.finished else _older(newest, name, runs or default_runs())
    notes = () if folder == newest else (passed_over(newest, folder.name),)
    seconds = float(folder.manifest()["seconds"])
    return RunResult(folder, folder.spec(), seconds, _results(folder), notes)


def _older(newest: RunFolder, name: str, runs: Path) -> RunFolder:
    """Return the newest finished run that a name means, where the newest of all is not.

    Raises:
        StoreError: if there is none; it says how to go on with the newest.
    """
    means = [] if name == str(newest.path) else called(list_runs(runs), name)
    found = next((run for run in means if run.finished), None)
    if found is not None:
        return found
    newest.spec()  # one of another version cannot go on
    state = state_of(newest)
    why = f": {state.reason}" if state.reason else ""
    again = resume_command(newest)
    raise StoreError(f"the run {newest.name} is {state}{why}", f"to resume: {again}")


def passed_over(newest: RunFolder, shown: str) -> str:
    """Return the line that says that a newer run than the one that is shown has not ended."""
    return f"the newest run, {newest.name}, is {state_of(newest)}; this is {shown}"


def _results(folder: RunFolder) -> dict[str, Any] | None:
    path = folder.path / "results.json"
    if not path.exists():
        return None
    try:
        return load_results(read_json(path)).model_dump(mode="json")
    except ValidationError as error:
        raise StoreError(
            f"{path} was not written by this version of llmx", "run the recipe again"
        ) from error
