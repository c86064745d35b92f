"""Laws of what is submitted: over random graphs, stores and queues."""

import random
from collections import Counter

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.cluster.reconcile import Array, NodeWork, StoredNodes, ready, reconcile, unlocked, waves
from llmx.cluster.resources import Resources

CLASSES = (Resources(), Resources(gpus=1, memory=16), Resources(alone=True), Resources(memory=8))


@st.composite
def graphs(draw: st.DrawFn) -> list[NodeWork]:
    """Nodes in an order in which they can run; each needs some of those before it."""
    number = draw(st.integers(1, 12))
    found: list[NodeWork] = []
    for at in range(number):
        before = st.lists(st.integers(0, at - 1), unique=True, max_size=3) if at else st.just([])
        inputs = tuple(f"n{one}" for one in draw(before))
        asks, shares = draw(st.sampled_from(CLASSES)), draw(st.integers(1, 3))
        found.append(NodeWork(f"n{at}", inputs, asks, shares))
    return found


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[NodeWork], StoredNodes, dict[Resources, int], int]:
    graph = draw(graphs())
    names = st.sampled_from([work.name for work in graph])
    whole = draw(st.frozensets(names))
    stopped = draw(st.frozensets(names)) - whole
    queued = draw(st.dictionaries(st.sampled_from(CLASSES), st.integers(0, 9)))
    return graph, StoredNodes(whole, stopped, draw(st.booleans())), queued, draw(st.integers(1, 6))


@settings(max_examples=count(150, 500), deadline=None)
@given(situations())
def test_there_are_never_more_workers_than_work_and_none_for_what_is_whole(situation) -> None:
    graph, stored, queued, most = situation
    work = Counter[Resources]()
    for one in graph:
        if one.name not in stored.whole | stored.stopped and stored.whole >= set(one.inputs):
            work[one.asks] += one.shares
    arrays = reconcile(graph, stored, queued, most)
    assert len({one.asks for one in arrays}) == len(arrays)
    for one in arrays:
        assert one.workers > 0
        assert one.workers + queued.get(one.asks, 0) <= min(work[one.asks], most)
    assert list(arrays) == sorted(arrays, key=lambda one: (-one.workers, one.asks))


@settings(max_examples=count(150, 500), deadline=None)
@given(situations())
def test_what_is_ready_has_a_worker_afterwards(situation) -> None:
    graph, stored, queued, most = situation
    asked = {one.asks for one in reconcile(graph, stored, queued, most)}
    waiting = {one.asks for one in ready(graph, stored)}
    assert waiting <= asked | {asks for asks, number in queued.items() if number}
    # and as many as there is work, or as may be
    for one in reconcile(graph, stored, {}, most):
        work = sum(w.shares for w in ready(graph, stored) if w.asks == one.asks)
        first = one.asks.alone and not stored.machine_known
        assert one.workers == min(work, 1 if first else most)


@settings(max_examples=count(150, 500), deadline=None)
@given(situations())
def test_what_was_submitted_is_not_submitted_again(situation) -> None:
    graph, stored, queued, most = situation
    now = Counter(queued)
    for one in reconcile(graph, stored, queued, most):
        now[one.asks] += one.workers
    assert reconcile(graph, stored, now, most) == ()


@settings(max_examples=count(100, 500), deadline=None)
@given(graphs(), st.integers(1, 4), st.integers(0, 10**6))
def test_it_ends_whoever_ends_first(graph: list[NodeWork], most: int, seed: int) -> None:
    """Workers take one node each, or die; each submits what is missing as its last act."""
    chance = random.Random(seed)
    whole: set[str] = set()
    queue: list[Resources] = []
    deaths = steps = 0
    while True:
        for one in reconcile(graph, StoredNodes(frozenset(whole)), Counter(queue), most):
            queue += [one.asks] * one.workers
        if not queue:
            break
        mine = queue.pop(chance.randrange(len(queue)))
        steps += 1
        if deaths < 5 and chance.random() < 0.3:
            deaths += 1
            continue
        free = [w for w in ready(graph, StoredNodes(frozenset(whole))) if w.asks == mine]
        whole.update(w.name for w in free[:1])
    assert whole == {work.name for work in graph}
    assert steps <= 5 + sum(work.shares for work in graph) * len(graph)


@settings(max_examples=count(100, 500), deadline=None)
@given(situations())
def test_waves_reach_everything_once_and_nothing_behind_what_is_stopped(situation) -> None:
    graph, stored, _, most = situation
    whole = set(stored.whole)
    for arrays in waves(graph, stored, most):
        now = ready(graph, StoredNodes(frozenset(whole), stored.stopped))
        assert now and {one.asks for one in arrays} == {work.asks for work in now}
        assert all(0 < one.workers <= most for one in arrays)
        whole.update(work.name for work in now)
    assert not ready(graph, StoredNodes(frozenset(whole), stored.stopped))


@settings(max_examples=count(100, 500), deadline=None)
@given(situations())
def test_what_an_end_unlocks_is_what_was_not_ready_before(situation) -> None:
    graph, stored, _, _ = situation
    before = {w.name for w in ready(graph, StoredNodes(stored.whole))}
    for done in [w for w in ready(graph, StoredNodes(stored.whole))][:2]:
        after = {w.name for w in ready(graph, StoredNodes(stored.whole | {done.name}))}
        assert {w.name for w in unlocked(graph, done.name, stored.whole)} == after - before


def test_a_sweep_of_a_thousand_arms_is_one_array_a_class() -> None:
    graph = [NodeWork(f"d{at}", (), Resources(gpus=1, memory=16)) for at in range(1000)]
    graph += [NodeWork(f"s{at}", (f"d{at}",), Resources()) for at in range(1000)]
    assert reconcile(graph, StoredNodes(), {}, 8) == (Array(Resources(gpus=1, memory=16), 8),)
    assert len(waves(graph, StoredNodes(), 8)) == 2


def test_the_first_measurement_is_alone_until_it_is_known_where_they_are_made() -> None:
    graph = [NodeWork(f"m{at}", (), Resources(alone=True)) for at in range(5)]
    unknown = StoredNodes(machine_known=False)
    assert reconcile(graph, unknown, {}, 8) == (Array(Resources(alone=True), 1),)
    assert reconcile(graph, unknown, {Resources(alone=True): 1}, 8) == ()
    assert reconcile(graph, StoredNodes(), {}, 8) == (Array(Resources(alone=True), 5),)


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_the_nodes_is_of_no_matter(seed: int) -> None:
    chance = random.Random(seed)
    graph = [
        NodeWork(f"n{at}", (), chance.choice(CLASSES), chance.randint(1, 3)) for at in range(9)
    ]
    turned = chance.sample(graph, len(graph))
    assert reconcile(graph, StoredNodes(), {}, 4) == reconcile(turned, StoredNodes(), {}, 4)
