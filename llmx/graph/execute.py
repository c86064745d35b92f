"""Run a graph: reuse what is whole, do what is free, wait for what another process does.

There is no scheduler. Every process walks the same graph and takes any ready node whose lock is
free, so two processes (or ten) share the work by meeting at the locks. A process that dies frees
its lock, and the next one goes on in the partial folder.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from llmx.core.errors import DataError, LlmxError, UnavailableError
from llmx.core.progress import Silent
from llmx.core.stage import StageContext
from llmx.graph.environment import made_with
from llmx.graph.graph import Graph, Node, entry_of
from llmx.graph.observer import Observer
from llmx.graph.parts import (
    SharedProgress,
    context_of,
    do_parts,
    glance_at,
    join_parts,
    parts_of,
    seconds_of,
)
from llmx.stages.availability import KEY, reason
from llmx.store.cache import Entry
from llmx.store.lock import Lock, between_jobs

_SCORE = "score"
_POLL = 0.2  # seconds between looks at a node that another process holds


def missing(cache: Path, graph: Graph) -> list[Node]:
    """Return the nodes that have no whole output yet."""
    return [node for node in graph if not entry_of(cache, node).whole]


def execute(
    graph: Graph,
    cache: Path,
    observer: Observer,
    wanted: Callable[[Node], bool] = lambda node: True,
) -> None:
    """Bring every wanted node of the graph to completion, here or in another process.

    Args:
        graph: the expanded recipe.
        cache: folder of stage outputs.
        observer: told what happens.
        wanted: nodes to see to; their inputs must be wanted too, or whole.
    """
    entries = {node.fingerprint: entry_of(cache, node) for node in graph}
    open_nodes = []
    for node in filter(wanted, graph):
        if entries[node.fingerprint].whole:
            observer.reused(node.title)
        else:
            open_nodes.append(node)
    open_nodes = _scores_at_once(open_nodes)
    while open_nodes:
        before = len(open_nodes)
        open_nodes = [node for node in open_nodes if not advance(node, entries, observer)]
        if open_nodes and len(open_nodes) == before:
            gone = _gone(graph, open_nodes, entries)
            for node in gone:
                observer.note(f"the output of {node.title} has gone; it is made again")
            open_nodes = [*gone, *open_nodes]
            if not gone:
                _report_waiting(open_nodes, entries, observer)
                time.sleep(_POLL)


def _scores_at_once(nodes: Sequence[Node]) -> list[Node]:
    """Return nodes in their order, but each score right behind its answers: it takes no time."""
    place = {node.fingerprint: at for at, node in enumerate(nodes)}

    def turn(node: Node) -> tuple[int, int]:
        own = place[node.fingerprint]
        if node.stage.kind != _SCORE:
            return own, own
        before = (place[name] for name in node.inputs.values() if name in place)
        return max(before, default=own), own

    return sorted(nodes, key=turn)


def _gone(graph: Graph, waiting: Sequence[Node], entries: Mapping[str, Entry]) -> list[Node]:
    """Return the nodes that others wait for and nobody makes: somebody deleted their outputs."""
    asked = {name for node in waiting for name in node.inputs.values()}
    asked -= {node.fingerprint for node in waiting}
    return [n for n in graph if n.fingerprint in asked and not entries[n.fingerprint].whole]


def advance(node: Node, entries: dict[str, Entry], observer: Observer) -> bool:
    """Complete a node if it is ready and free; True if it is whole afterwards.

    Args:
        entries: of every node of the graph, by fingerprint.
    """
    entry = entries[node.fingerprint]
    if entry.whole:
        observer.finished(node.title, 0.0)
        return True
    if not _inputs_whole(node, entries):
        return False
    try:
        return _take(node, entries, observer)
    except (OSError, LlmxError):
        if _inputs_whole(node, entries):
            raise
        return False  # the input has gone under its hands, and is made again


def _inputs_whole(node: Node, entries: Mapping[str, Entry]) -> bool:
    return all(entries[name].whole for name in node.inputs.values())


def _take(node: Node, entries: dict[str, Entry], observer: Observer) -> bool:
    """Do a node that is ready, or its share of it, if it is free."""
    entry = entries[node.fingerprint]
    parts = {} if lost_inputs(node.inputs, entries) else parts_of(node)
    if parts and not do_parts(node, parts, entries, observer):
        return False
    lock = entry.lock
    if not lock.try_acquire():
        return False
    try:
        return _close(node, entries, observer, list(parts))
    finally:
        lock.release()


def _close(node: Node, entries: dict[str, Entry], observer: Observer, parts: Sequence[str]) -> bool:
    """Bring a node to its end; another process may just have joined the parts done here."""
    if not entries[node.fingerprint].whole:
        return _work(node, entries, observer, parts)
    observer.finished(node.title, 0.0)
    return True


def _work(node: Node, entries: dict[str, Entry], observer: Observer, parts: Sequence[str]) -> bool:
    """Run a stage, or join its finished parts."""
    entry = entries[node.fingerprint]
    out = entry.begin()
    # The parts have shown their own progress.
    bar = Silent() if parts else observer.started(node.title)
    context = context_of(node, entries, out, SharedProgress(bar, out))
    machine_lock = _quiet_machine(node, entry.root)
    started = time.perf_counter()
    try:
        if parts:
            why, before = join_parts(node, entry, context, parts), seconds_of(entry, parts)
        else:
            why, before = _run(node, context, lost_inputs(node.inputs, entries)), 0.0
    finally:
        machine_lock.release()
    if not _inputs_whole(node, entries):
        return False  # what was made may rest on half of an input
    seconds = before + time.perf_counter() - started
    entry.complete(_about(node, seconds) | ({KEY: why} if why else {}))
    entry.clear_parts()
    observer.finished(node.title, seconds)
    if why:
        observer.note(f"{node.title} is not available: {why}")
    return True


def _run(node: Node, context: StageContext, lost: Mapping[str, str]) -> str | None:
    """Run a stage with what is there; return why there is no output, where there is none."""
    over_recipe = node.given.stage.over == "recipe"
    if lost and not over_recipe:
        return next(iter(lost.values()))
    try:
        node.stage.run(without(context, lost) if lost else context)
    except UnavailableError as error:
        if over_recipe:
            raise
        return error.message
    return None


def _quiet_machine(node: Node, root: Path) -> Lock:
    """Let no two measurements of this cache run at once: they would measure each other."""
    lock = Lock(root / "timing.lock")
    # A job that measures has its node alone, and its file system may have no locks.
    while node.stage.timing and not between_jobs() and not lock.try_acquire():
        time.sleep(_POLL)
    return lock


def _about(node: Node, seconds: float) -> dict[str, object]:
    return {
        "kind": node.stage.kind,
        "version": node.stage.version,
        "fingerprint": node.fingerprint,
        "identity": node.identity,
        "inputs": dict(node.inputs),
        "seconds": round(seconds, 3),
        "made": made_with(),
    }


def _report_waiting(nodes: list[Node], entries: dict[str, Entry], observer: Observer) -> None:
    for node in nodes:
        entry = entries[node.fingerprint]
        seen = glance_at(node, entry)
        if seen is not None:
            observer.waiting(node.title, entry.lock.owner(), seen.done, seen.total)
            return


def lost_inputs(inputs: Mapping[str, str], entries: Mapping[str, Entry]) -> dict[str, str]:
    """Return input name → why it is not there; `inputs` are named by their fingerprints."""
    found = {name: reason(entries[of]) for name, of in inputs.items()}
    return {name: why for name, why in found.items() if why is not None}


def without(context: StageContext, lost: Mapping[str, str]) -> StageContext:
    """Return what a stage over the recipe works with when some arms cannot be had.

    Raises:
        DataError: if no arm is left.
    """
    why = {name.partition("/")[2]: text for name, text in lost.items()}
    given = context.given
    arms = {name: arm for name, arm in given.arms.items() if name not in why}
    if not arms:
        raise DataError(next(iter(why.values())), "no other arm is left")
    references = {a: b for a, b in given.references.items() if a in arms and b in arms}
    return replace(
        context,
        given=replace(given, arms=arms, references=references),
        inputs=_of_arms(context.inputs, why),
        unavailable=why,
    )


def _of_arms(inputs: Mapping[str, Path], lost: Iterable[str]) -> dict[str, Path]:
    gone = set(lost)
    return {name: path for name, path in inputs.items() if name.partition("/")[2] not in gone}
