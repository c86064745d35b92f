"""What is still to be asked of a queue: a pure function of graph, store and queue.

Whoever calls it (a person, each worker as its last act) comes to the same answer from the same
state, so nothing of ours has to stay alive between two calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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
    left = [work for work in graph if work.name not in stored.whole]
    whole, found = set(stored.whole), list[tuple[Array, ...]]()
    while now := ready(left, StoredNodes(frozenset(whole), stored.stopped)):
        found.append(tuple(sorted(_arrays(now, {}, most, stored.machine_known), key=_order)))
        whole.update(work.name for work in now)
        left = [work for work in left if work.name not in whole]
    return found


def _order(one: Array) -> tuple[int, Resources]:
    return -one.workers, one.asks


def unlocked(graph: Iterable[NodeWork], done: str, whole: Collection[str]) -> list[NodeWork]:
    """Return the nodes that waited for `done` and wait for nothing now."""
    there = {*whole, done}
    return [w for w in graph if done in w.inputs and w.name not in there and there >= {*w.inputs}]
