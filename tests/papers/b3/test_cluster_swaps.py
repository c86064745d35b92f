"""Swaps: sizes stay, the objective never falls, equal targets come apart."""

from itertools import pairwise

import numpy as np
import pytest
from counts import count
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from similarity_graphs import graph_of, hubs, planted

from llmx.papers.b3.cut import CutRows, cut
from llmx.papers.b3.diagnostics import equal, leaks
from llmx.papers.b3.swap import Objective, objective, signed, swapped


@st.composite
def clusterings(draw):
    rows = draw(st.integers(6, 60))
    seed = draw(st.integers(0, 2**16))
    size = draw(st.integers(2, 6))
    assume(2 * size <= rows)
    graph = hubs(rows, draw(st.integers(0, 200)), seed)
    kind = draw(st.sampled_from(["random", "metis_recursive"]))
    clusters = cut(kind, CutRows(graph), size, seed).clusters
    rng = np.random.default_rng(seed)
    depth = min(rows, 5)
    ranks = np.stack([rng.permutation(rows)[:depth] for _ in range(rows)]).astype(np.int32)
    target = rng.integers(0, draw(st.integers(2, rows)), rows)
    penalty = draw(st.sampled_from([0.0, 0.3, 2.0]))
    return graph, clusters, ranks, target, penalty


def by_hand(clusters, graph, near, target, penalty):
    """The objective, pair by pair."""
    pairs, value = 0, 0.0
    for i in range(len(clusters)):
        for j in range(len(clusters)):
            if i == j or clusters[i] < 0 or clusters[i] != clusters[j]:
                continue
            pairs += i < j and target[i] == target[j]
            value += float(graph[i, j]) * (i < j) - penalty * float(near[i, j])
    return Objective(pairs, pytest.approx(value, abs=1e-9))


@settings(max_examples=count(40, 600), deadline=None)
@given(clusterings(), st.integers(0, 3))
def test_no_pass_lowers_the_objective_and_sizes_stay(case, seed):
    graph, clusters, ranks, target, penalty = case
    near = leaks(ranks, 3)
    worth = signed(graph, near, penalty)
    found = swapped(clusters, worth, target, passes=6, seed=seed)
    assert sorted(found.clusters.tolist()) == sorted(clusters.tolist())
    assert (found.clusters[clusters < 0] == -1).all()
    course = [(-one.equal_pairs, one.value) for one in found.passes]
    assert all(b[0] > a[0] or b[1] > a[1] for a, b in pairwise(course))
    assert course == sorted(course)
    assert found.passes[0] == by_hand(clusters, graph, near.toarray(), target, penalty)
    assert found.passes[-1] == by_hand(found.clusters, graph, near.toarray(), target, penalty)


@settings(max_examples=count(20, 200), deadline=None)
@given(clusterings())
def test_no_row_moves_to_a_cluster_that_has_its_target(case):
    graph, clusters, _, target, _ = case
    found = swapped(clusters, signed(graph), target, passes=1).clusters
    moved = np.flatnonzero(found != clusters)
    for row in moved:
        assert not ((clusters == found[row]) & (target == target[row])).any()
    assert (equal(found, target)[moved] == 0).all()


def test_planted_groups_are_mended():
    graph, group = planted(10, 6, seed=2)
    broken = group.astype(np.int32)
    rows = [int(np.flatnonzero(group == one)[0]) for one in (0, 1, 2)]
    broken[rows] = [1, 2, 0]
    found = swapped(broken, signed(graph), passes=20)
    assert found.passes[-1].value == graph.nnz / 2 > found.passes[0].value
    assert objective(found.clusters, signed(graph), None).equal_pairs == 0


def test_equal_targets_come_apart_though_edges_are_lost():
    graph = graph_of(8, [(0, 1), (2, 3), (4, 5), (6, 7)])
    clusters = np.array([0, 0, 1, 1, 2, 2, 3, 3], np.int32)
    target = np.array([9, 9, 1, 2, 3, 4, 5, 6])
    assert swapped(clusters, signed(graph), None, passes=5).clusters.tolist() == clusters.tolist()
    found = swapped(clusters, signed(graph), target, passes=20)
    assert (found.passes[0].equal_pairs, found.passes[-1].equal_pairs) == (1, 0)
    assert found.passes[-1].value == 2.0


def test_a_leak_is_worth_its_penalty_and_no_more():
    """Rows 0 and 1 have an edge and leak both ways; only a penalty above a half parts them."""
    graph = graph_of(4, [(0, 1)])
    near = leaks(np.array([[1], [0], [2], [3]], np.int32), 1)
    clusters = np.array([0, 0, 1, 1], np.int32)
    assert near.nnz == 2
    for penalty, together in ((0.0, True), (0.49, True), (0.51, False)):
        found = swapped(clusters, signed(graph, near, penalty), passes=9).clusters
        assert (found[0] == found[1]) == together, penalty


def test_swaps_bring_what_a_cut_left_and_are_the_same_again():
    graph = hubs(300, 1500, seed=4)
    clusters = cut("metis", CutRows(graph), 6).clusters
    found = [swapped(clusters, signed(graph), passes=15, seed=seed) for seed in (0, 0, 1)]
    assert found[0].clusters.tolist() == found[1].clusters.tolist()
    assert found[0].clusters.tolist() != found[2].clusters.tolist()
    assert found[0].passes[-1].value > 1.05 * found[0].passes[0].value


def test_nothing_to_swap_is_no_error():
    graph = graph_of(4, [])
    clusters = np.full(4, -1, np.int32)
    assert swapped(clusters, signed(graph), np.arange(4)).clusters.tolist() == [-1] * 4
    one = swapped(np.zeros(4, np.int32), signed(graph), np.zeros(4, np.int64), passes=3)
    assert one.passes == (Objective(6, 0.0),)
