"""Theorem 1 on both sides, and what a clustering is like, counted by hand."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from similarity_graphs import graph_of

from llmx.core.errors import ConfigError
from llmx.papers.b3.bound import log_sum, sides, top_ratio
from llmx.papers.b3.diagnostics import diagnosed, edge_counts, equal, leaks, meets, of_batches


@st.composite
def batched(draw):
    size, batches = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    rows = size * batches
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    scores = rng.normal(size=(rows, rows)) * draw(st.sampled_from([0.1, 1, 50, 1000]))
    return scores, rng.permutation(np.repeat(np.arange(batches), size)).astype(np.int32), size


@settings(max_examples=count(80, 1500), deadline=None)
@given(batched())
def test_the_bound_holds_for_every_k_up_to_the_batch(case):
    scores, batch_of, size = case
    for largest in range(1, size + 1):
        gap, above = sides(scores, batch_of, largest)
        assert (gap >= -1e-9).all() and (gap <= above + 1e-9).all()
    if size == len(scores):
        assert gap == pytest.approx(0) and above == pytest.approx(0)


@settings(max_examples=count(30, 300), deadline=None)
@given(batched())
def test_both_sides_are_what_the_losses_say(case):
    scores, batch_of, size = case
    scores = scores / np.abs(scores).max() * 5  # where plain exponentials are exact enough
    largest = (size + 1) // 2
    gap, above = sides(scores, batch_of, largest)
    for i, row in enumerate(np.exp(scores)):
        inside = row[batch_of == batch_of[i]]
        loss, batch_loss = -np.log(row[i] / row.sum()), -np.log(row[i] / inside.sum())
        assert gap[i] == pytest.approx(loss - batch_loss)
        top, top_inside = (sum(sorted(one)[-largest:]) for one in (row, inside))
        assert above[i] == pytest.approx(np.log(len(row) / largest * top / top_inside))
        assert top_ratio(scores[i], scores[i][batch_of == batch_of[i]], largest) == pytest.approx(
            np.log(top / top_inside)
        )


def test_huge_similarities_are_no_overflow():
    assert log_sum(np.array([1000.0, 1000.0])) == pytest.approx(1000 + np.log(2))
    assert log_sum(np.array([-np.inf, 3.0, 2.0]), 1) == 3.0


@pytest.mark.parametrize("largest", [0, 3])
def test_the_bound_says_up_to_where_it_holds(largest):
    with pytest.raises(ConfigError, match=r"up to K = 2, .* not at"):
        sides(np.zeros((5, 5)), np.array([0, 0, 1, 1, 1], np.int32), largest)


RANKS = np.array(
    [[0, 1, 2, 4], [3, 1, 0, 2], [2, 3, 0, -1], [2, 1, 3, 0], [4, 0, 1, 2], [5, 4, 0, 1]], np.int32
)


def test_diagnostics_by_hand():
    graph = graph_of(6, [(0, 1), (1, 2), (2, 3), (0, 2)])
    graph.data *= 0.5
    clusters = np.array([0, 0, 1, 1, 0, -1], np.int32)
    counts = edge_counts(graph, clusters)
    found = diagnosed(clusters, counts, RANKS, 2, 2, np.array([7, 8, 9, 9, 7, 7]))
    assert (counts.weight, counts.weight_kept, counts.share) == (2, 1, 0.5)
    assert (found.rows, found.clustered, found.sizes) == (6, 5, ((2, 1), (3, 1)))
    assert (found.edges, found.kept, found.isolated) == (4, 2, 2)
    assert (found.degree_mean, found.degree_median, found.degree_max) == (8 / 6, 1.5, 3)
    # In the first two ranks: 0 meets 1, 2 meets 3, 3 meets 2, 4 meets 0.
    assert found.leaked == pytest.approx(4 / 5)
    # In ranks 2 and 3: 0 meets 4, 1 meets 0, 4 meets 1.
    assert found.mates == pytest.approx(3 / 5)
    # 0 and 4 share a target, 2 and 3 do.
    assert found.equal_targets == pytest.approx(4 / 5)


def test_a_rank_that_is_none_meets_nobody():
    ranks = np.array([[1, -1], [-1, 2], [1, -1]], np.int32)
    found = meets(np.array([0, 1, 1], np.int32), ranks)
    assert found.tolist() == [[False, False], [False, True], [True, False]]


def test_leaks_are_the_first_ranks_but_oneself():
    found = leaks(RANKS, 2).tocoo()
    pairs = set(zip(found.row.tolist(), found.col.tolist(), strict=True))
    assert pairs == {(0, 1), (1, 3), (2, 3), (3, 2), (3, 1), (4, 0), (5, 4)}


@settings(max_examples=count(30, 300), deadline=None)
@given(st.integers(1, 30), st.integers(0, 2**16))
def test_equal_targets_are_those_of_every_pair(rows, seed):
    rng = np.random.default_rng(seed)
    clusters, target = rng.integers(-1, 4, rows).astype(np.int32), rng.integers(0, 4, rows)
    for row, found in enumerate(equal(clusters, target)):
        mates = (clusters == clusters[row]) & (target == target[row])
        assert found == (mates.sum() - 1 if clusters[row] >= 0 else 0)


@settings(max_examples=count(20, 200), deadline=None)
@given(st.integers(0, 2**16))
def test_diagnostics_do_not_depend_on_the_order_of_rows(seed):
    rng = np.random.default_rng(seed)
    rows = 12
    ranks = np.stack([rng.permutation(rows)[:6] for _ in range(rows)]).astype(np.int32)
    graph = graph_of(rows, rng.integers(0, rows, (20, 2)).tolist())
    clusters, target = rng.integers(0, 3, rows).astype(np.int32), rng.integers(0, 5, rows)
    new = rng.permutation(rows)
    back = np.argsort(new)
    moved = new[ranks][back].astype(np.int32)
    one = diagnosed(clusters, edge_counts(graph, clusters), ranks, 2, 3, target)
    turned = edge_counts(graph[back][:, back].tocsr(), clusters[back])
    other = diagnosed(clusters[back], turned, moved, 2, 3, target[back])
    assert one == other


def test_a_batch_is_a_cluster_too():
    batches = np.array([[4, 1], [0, 3]], np.int32)
    assert of_batches(batches, 6).tolist() == [1, 0, -1, 1, 0, -1]
    with pytest.raises(IndexError):
        of_batches(batches, 4)
