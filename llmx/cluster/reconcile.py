"""What is still to be asked of a queue: a pure function of graph, store and queue.

Whoever calls it (a person, each worker as its last act) comes to the same answer from the same
state, so nothing of ours has to stay alive between two calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from llmx.cluster.resources import Resources


@dataclass(frozen=True)
class NodeWork:
    """A node, as a queue sees it.

    Attributes:
        name: its fingerprint.
        inputs: names of what must be whole before.
        asks: its class.
        shares: processes that can work at it at once: its parts that are not whole, at least one.
    """

    name: str
    inputs: tuple[str, ...] = ()
    asks: Resources = field(default_factory=Resources)
    shares: int = 1


@dataclass(frozen=True)
class StoredNodes:
    """What is on the disk.

    Attributes:
        whole: nodes whose output is there.
        stopped: nodes that failed too often to be tried again.
        machine_known: whether it is decided which machine measurements are of.
    """

    whole: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    machine_known: bool = True


@dataclass(frozen=True)
class Array:
    """Jobs of one class to submit together."""

    asks: Resources
    workers: int


def ready(graph: Iterable[NodeWork], stored: StoredNodes) -> list[NodeWork]:
    """Return the nodes that can be worked at: not whole, not stopped, all of their inputs whole."""
    return [
        work
        for work in graph
        if work.name not in stored.whole
        and work.name not in stored.stopped
        and stored.whole.issuperset(work.inputs)
    ]


def reconcile(
    graph: Iterable[NodeWork], stored: StoredNodes, queued: Mapping[Resources, int], most: int
) -> tuple[Array, ...]:
    """Return what to submit, so that each class has as many workers as it has ready work.

    Args:
        queued: workers of each class that wait or run.
        most: workers of one class at once.

    Returns:
        one array a class, larger ones first; nothing where nothing is missing.
    """
    found = _arrays(ready(graph, stored), queued, most, stored.machine_known)
    return tuple(sorted(found, key=lambda one: (-one.workers, one.asks)))


def _arrays(
    works: Iterable[NodeWork], queued: Mapping[Resources, int], most: int, machine_known: bool
) -> list[Array]:
    asked: dict[Resources, int] = {}
    for work in works:
        asked[work.asks] = asked.get(work.asks, 0) + max(1, work.shares)
    wanted = {asks: min(n, _most(asks, most, machine_known)) for asks, n in asked.items()}
    lacking = {asks: n - queued.get(asks, 0) for asks, n in wanted.items()}
    return [Array(asks, n) for asks, n in lacking.items() if n > 0]


def _most(asks: Resources, most: int, machine_known: bool) -> int:
    # The first measurement decides on which machine the others are made.
    return 1 if asks.alone and not machine_known else most


def waves(graph: Sequence[NodeWork], stored: StoredNodes, most: int) -> list[tuple[Array, ...]]:
    """Return what to submit beforehand, wave by wave, where no worker may submit what follows.

    Each wave waits for the end of the one before. What cannot be reached, as it rests on a node
    that is stopped, is in none.
    """
    return [
        tuple(sorted(_arrays(now, {}, most, stored.machine_known), key=_order))
        for now in _node_waves(graph, stored)
    ]


def _node_waves(graph: Sequence[NodeWork], stored: StoredNodes) -> Iterator[list[NodeWork]]:
    left = [work for work in graph if work.name not in stored.whole]
    whole = set(stored.whole)
    while now := ready(left, StoredNodes(frozenset(whole), stored.stopped)):
        yield now
        whole.update(work.name for work in now)
        left = [work for work in left if work.name not in whole]


def _order(one: Array) -> tuple[int, Resources]:
    return -one.workers, one.asks


@dataclass(frozen=True)
class Deal:
    """An array each of whose workers has a fixed list of nodes.

    Attributes:
        lists: names of nodes, a list for each worker.
        behind: arrays that are queued already and have an input of these nodes on their lists.
    """

    asks: Resources
    lists: tuple[tuple[str, ...], ...]
    behind: frozenset[str] = frozenset()


def deal(
    graph: Sequence[NodeWork],
    stored: StoredNodes,
    held: Mapping[str, str],
    most: int,
    seconds: Mapping[str, float],
) -> list[tuple[Deal, ...]]:
    """Return what to submit, wave by wave, where no lock keeps two workers from one node.

    Every node that is missing and not held is on one list, and on one only.

    Args:
        held: node → array that waits or runs and has it on a list.
        most: workers of one class at once.
        seconds: estimates; a node without one counts as nothing.
    """
    there = StoredNodes(stored.whole | held.keys(), stored.stopped, stored.machine_known)
    found = []
    for now in _node_waves(graph, there):
        classes = sorted({work.asks for work in now})
        found.append(tuple(_dealt(asks, now, there, held, most, seconds) for asks in classes))
    return found


def _dealt(
    asks: Resources,
    now: Iterable[NodeWork],
    stored: StoredNodes,
    held: Mapping[str, str],
    most: int,
    seconds: Mapping[str, float],
) -> Deal:
    mine = [work for work in now if work.asks == asks]
    workers = min(len(mine), _most(asks, most, stored.machine_known))
    lists: list[list[str]] = [[] for _ in range(workers)]
    # The longest first, each to whom has least: no list is much longer than another.
    for work in sorted(mine, key=lambda one: -seconds.get(one.name, 0.0)):
        min(lists, key=lambda one: (sum(seconds.get(n, 0.0) for n in one), len(one))).append(
            work.name
        )
    behind = {held[name] for work in mine for name in work.inputs if name in held}
    return Deal(asks, tuple(map(tuple, lists)), frozenset(behind))


def unlocked(graph: Iterable[NodeWork], done: str, whole: Collection[str]) -> list[NodeWork]:
    """Return the nodes that waited for `done` and wait for nothing now."""
    there = {*whole, done}
    return [w for w in graph if done in w.inputs and w.name not in there and there >= {*w.inputs}]
