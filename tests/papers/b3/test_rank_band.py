"""Ranks to a band to a graph: each step beside sets and networkx."""

import tracemalloc

import networkx as nx
import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import ConfigError, DataError
from llmx.papers.b3 import band as bands
from llmx.papers.b3 import packages
from llmx.papers.b3.band import LEAST, band
from llmx.papers.b3.label_band import label_band, labels_by_rank, nearest_labels, parts
from llmx.papers.b3.mutual import symmetric


@st.composite
def rankings(draw):
    """Full or cut rankings of a few rows, with their targets and a band that fits."""
    rows = draw(st.integers(2, 14))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    depth = draw(st.integers(1, rows))
    ranks = np.stack([rng.permutation(rows)[:depth] for _ in range(rows)]).astype(np.int32)
    ranks[rng.random(ranks.shape) < draw(st.sampled_from([0.0, 0.2]))] = -1
    skip = draw(st.integers(0, depth - 1))
    width = draw(st.integers(1, depth - skip))
    return ranks, skip, width, rng.integers(0, rows, rows), rng.uniform(-1, 1, ranks.shape)


def pairs(matrix):
    found = matrix.tocoo()
    return set(zip(found.row.tolist(), found.col.tolist(), strict=True))


def by_hand(ranks, skip, width, target):
    return {
        (i, int(j))
        for i, row in enumerate(ranks)
        for j in row[skip : skip + width]
        if j >= 0 and j != i and target[i] != target[j]
    }


@settings(max_examples=count(60, 1000), deadline=None)
@given(rankings())
def test_edges_are_the_ranks_of_the_band(case):
    ranks, skip, width, target, _ = case
    found = band(ranks, skip, width, target)
    assert pairs(found.edges) == by_hand(ranks, skip, width, target)
    assert set(found.edges.data.tolist()) <= {1.0}
    assert found.edges.nnz + sum(found.dropped.values()) == ranks[:, skip : skip + width].size


def test_what_is_dropped_is_counted_by_its_reason(monkeypatch):
    monkeypatch.setattr(bands, "BLOCK", 2)
    ranks = np.array([[0, 1, 2], [2, 1, 0], [1, -1, 2]], np.int32)
    found = band(ranks, 0, 3, np.array([5, 5, 6]))
    assert found.dropped == {"itself": 3, "same_target": 2, "absent": 1}
    assert pairs(found.edges) == {(0, 2), (1, 2), (2, 1)}
    assert band(ranks, 1, 2).dropped == {"itself": 2, "same_target": 0, "absent": 1}


@settings(max_examples=count(60, 1000), deadline=None)
@given(rankings(), st.sampled_from(["mutual", "either"]))
def test_the_graph_is_that_of_networkx(case, rule):
    ranks, skip, width, target, scores = case
    edges = band(ranks, skip, width, target, scores).edges
    found = symmetric(edges, rule)
    told = nx.DiGraph(list(pairs(edges)))
    oracle = told.to_undirected(reciprocal=rule == "mutual")
    assert pairs(found) == {(i, j) for a, b in oracle.edges for i, j in ((a, b), (b, a))}
    assert (found != found.T).nnz == 0 and not found.diagonal().any()
    dense = edges.toarray().astype(np.float64)
    for i, j in pairs(found):
        there = [one for one in (dense[i, j], dense[j, i]) if one]
        assert found[i, j] == pytest.approx(np.mean(there), rel=1e-6)


@settings(max_examples=count(30, 400), deadline=None)
@given(rankings(), st.integers(0, 2**16))
def test_permuting_rows_permutes_the_graph(case, seed):
    ranks, skip, width, target, scores = case
    new = np.random.default_rng(seed).permutation(len(ranks))  # row i becomes row new[i]
    moved = np.empty_like(ranks)
    moved[new] = np.where(ranks < 0, -1, new[ranks])
    again, weights = np.empty_like(target), np.empty_like(scores)
    again[new], weights[new] = target, scores
    one = symmetric(band(ranks, skip, width, target, scores).edges)
    other = symmetric(band(moved, skip, width, again, weights).edges)
    assert (other[new][:, new] != one).nnz == 0


def test_no_edge_is_lost_for_a_similarity_of_nothing():
    ranks = np.array([[1], [0]], np.int32)
    found = symmetric(band(ranks, 0, 1, scores=np.array([[0.0], [-0.5]])).edges)
    assert found.nnz == 2 and found.data == pytest.approx([LEAST] * 2)


FULL = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1]], np.int32)


@pytest.mark.parametrize(
    ("ranks", "skip", "width", "says"),
    [
        (FULL[:, :2], 0, 3, "ends at rank 2, and 2 ranks are known"),
        (FULL, 3, 1, "skips 3 ranks of 3 rows is empty"),
        (FULL, -1, 2, "skips 0 ranks or more"),
        (FULL, 0, 0, "keeps 1 or more"),
        (np.where(FULL == 2, 7, FULL).astype(np.int32), 0, 1, "names row 7, and there are 3"),
        (np.array([[1, 1], [0, 1]], np.int32), 0, 2, "names a row twice"),
    ],
)
def test_a_ranking_that_has_no_such_band(ranks, skip, width, says):
    with pytest.raises(DataError, match=says):
        band(ranks, skip, width)


def test_a_band_may_reach_past_the_last_row_there_is():
    assert band(FULL, 1, 100).edges.nnz == 6


def test_a_rule_that_there_is_not():
    with pytest.raises(ConfigError, match="mutual or either"):
        symmetric(band(FULL, 1, 1).edges, "both")


def test_a_missing_package_is_one_line():
    with pytest.raises(ConfigError, match=r"need the package 'no_such_package' .*retrieval"):
        packages.package("no_such_package.part")


# Labels 0 to 6 of seven rows each of its own, and two more rows of label 0.
LABEL = np.array([0, 1, 2, 3, 4, 5, 6, 0, 0])


def test_the_label_rule_on_a_worked_example():
    """Seven labels: ceil(0.3 · 7) = 3 of them; the own one is passed over wherever it stands."""
    order = [[0, 3, 1, 2, 4, 5, 6], [3, 0, 2, 1, 4, 5, 6]] + [list(range(7))] * 7
    ranked = np.array(order, np.int32)
    near = nearest_labels(ranked, LABEL, 3)
    assert np.flatnonzero(near[0]).tolist() == [1, 2, 3]
    assert np.flatnonzero(near[1]).tolist() == [0, 2, 3]
    found = label_band(ranked, LABEL)
    assert found.edges[0].indices.tolist() == [1, 2, 3]
    assert found.edges[1].indices.tolist() == [0, 2, 3, 7, 8]
    assert found.edges[6].indices.tolist() == [0, 1, 2, 7, 8]
    assert found.dropped == {"same_target": 6}
    # 6 is near to 0, and 0 is not near to 6.
    assert pairs(symmetric(found.edges)) >= {(0, 1), (1, 7)} and not found.edges[0, 6]


def test_a_share_is_the_decimal_that_is_written():
    """0.1 · 3 is 0.30000000000000004, and 0.07 · 100 is 7.000000000000001: an eighth label."""
    ranked = np.tile(np.arange(100, dtype=np.int32), (100, 1))
    edges = label_band(ranked, np.arange(100), 0.07).edges
    assert set(np.diff(edges.indptr).tolist()) == {7}


def test_two_labels_leave_one_to_choose():
    ranked = np.array([[0, 1], [0, 1], [1, 0]], np.int32)
    assert pairs(label_band(ranked, np.array([0, 1, 0])).edges) == {(0, 1), (1, 0), (1, 2), (2, 1)}


@settings(max_examples=count(40, 400), deadline=None)
@given(rankings())
def test_labels_come_by_their_first_row(case):
    ranks, _, _, target, _ = case
    label = np.unique(target, return_inverse=True)[1]
    for row, found in zip(ranks, labels_by_rank(ranks, label), strict=True):
        wanted = list(dict.fromkeys(int(label[j]) for j in row if j >= 0))
        assert found.tolist() == wanted + [-1] * (len(found) - len(wanted))


def test_parts_are_random_and_of_their_size():
    found = parts(25, seed=1, size=10)
    assert np.bincount(found).tolist() == [10, 10, 5]
    assert found.tolist() == parts(25, seed=1, size=10).tolist() != sorted(found.tolist())
    assert found.tolist() != parts(25, seed=2, size=10).tolist()


def test_memory_is_that_of_the_edges():
    """12 GB for a million rows are 600 MB for 50,000; here no edge is mutual, the dearest case."""
    rows = 50_000
    steps = np.random.default_rng(0).permutation(rows)[:130]
    ranks = ((np.arange(rows)[:, None] + steps) % rows).astype(np.int32)
    tracemalloc.start()
    try:
        found = symmetric(band(ranks, 30, 100, np.arange(rows)).edges)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.shape == (rows, rows) and peak < 600e6
