"""Exact search: equal to the sorted full matrix, whatever the blocks and shards; ivf; its cost."""

import sys
from fractions import Fraction
from unittest.mock import patch

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import DataError, EngineError
from llmx.engines.nearest import exact
from llmx.engines.nearest.cost import search_cost
from llmx.engines.nearest.exact import Ranking, merged, top_k
from llmx.engines.nearest.ivf import ivf, recall

CASES = count(40, 400)
SPARE = st.integers(0, 3)


def sides(seed, n, m, d, doubled):
    """Vectors on a coarse grid, so that many scores are equal, with rows that stand twice."""
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(-3, 4, (rows, d)) / 8 / np.sqrt(d) for rows in (n, m))
    if doubled:
        y[rng.integers(0, m, m // 2)] = y[0]
    return x.astype(np.float16), y.astype(np.float16)


def sorted_matrix(x, y, k):
    """Every score exactly, rounded once to float32; then by (-score, index)."""
    whole = np.array(
        [
            [
                np.float32(
                    float(
                        sum(
                            Fraction(float(a)) * Fraction(float(b))
                            for a, b in zip(q, t, strict=True)
                        )
                    )
                )
                for t in y
            ]
            for q in x
        ]
    )
    order = np.lexsort((np.broadcast_to(np.arange(len(y)), whole.shape), -whole), axis=1)[:, :k]
    return order, np.take_along_axis(whole, order, axis=1)


@settings(max_examples=CASES, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 14), st.booleans(), st.data())
def test_ranks_are_those_of_the_sorted_matrix_for_every_block(seed, n, m, doubled, data):
    x, y = sides(seed, n, m, 6, doubled)
    k = data.draw(st.integers(1, m))
    order, scores = sorted_matrix(x, y, k)
    rows, columns = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 15))
    found = top_k(x, y, k, rows=rows, columns=columns)
    assert (found.indices == order).all() and (found.scores == scores).all()
    bare = top_k(x, y, k, rows=rows, columns=columns, scores=False)
    assert (bare.indices == order).all() and bare.scores.shape == (n, 0)


@settings(max_examples=CASES, deadline=None)
@given(st.integers(0, 10**6), st.integers(12, 60), st.integers(1, 4), st.booleans(), st.data())
def test_maxima_of_stretches_leave_nothing_out(seed, m, k, doubled, data):
    """The first block is wide enough for a threshold by stretches of two, later ones follow."""
    x, y = sides(seed, 3, m, 6, doubled)
    order, scores = sorted_matrix(x, y, k)
    columns = data.draw(st.integers(2 * 2 * k, m + 20))
    with patch.object(exact, "_STRETCH", 2), patch.object(exact, "_SPARE", data.draw(SPARE)):
        assert (top_k(x, y, k, columns=columns).indices == order).all()
        found = top_k(x, y, k, columns=columns, scores="half")
    assert (found.indices == order).all()
    assert found.scores.dtype == np.float16
    assert (found.scores == scores.astype(np.float16)).all()


def test_scores_of_half_precision_are_those_of_the_exact_ones():
    """Where the error of float32 could round to the other neighbour, it is looked at twice."""
    x, y = clustered(40, 64), clustered(400, 64, seed=1)
    exact_ones = top_k(x, y, 30)
    found = top_k(x, y, 30, scores="half")
    assert (found.scores == exact_ones.scores.astype(np.float16)).all()
    assert (found.indices == exact_ones.indices).all()


@settings(max_examples=CASES, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 14), st.data())
def test_shards_give_the_ranks_of_the_whole(seed, m, data):
    x, y = sides(seed, 3, m, 6, True)
    k, cut = data.draw(st.integers(1, m)), data.draw(st.integers(1, m - 1))
    parts = [
        top_k(x, part, min(k, len(part)), offset=start)
        for start, part in ((0, y[:cut]), (cut, y[cut:]))
    ]
    whole, found = top_k(x, y, k), merged(parts, k)
    assert (found.indices == whole.indices).all() and (found.scores == whole.scores).all()


def test_what_float32_cannot_tell_apart_is_told_apart():
    """Two scores that differ by less than the error of a block are ordered by what they are."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 64))
    y = np.repeat(rng.normal(size=(1, 64)), 300, axis=0) + 1e-4 * rng.normal(size=(300, 64))
    x, y = ((v / np.linalg.norm(v, axis=1, keepdims=True)).astype(np.float16) for v in (x, y))
    order, _ = sorted_matrix(x, y, 40)
    for columns in (7, 64, 300):
        assert (top_k(x, y, 40, columns=columns, scores=False).indices == order).all()


def test_sides_may_lie_on_the_disk(tmp_path):
    x, y = sides(3, 9, 30, 8, False)
    np.save(tmp_path / "y.npy", y)
    found = top_k(x, np.load(tmp_path / "y.npy", mmap_mode="r"), 5, columns=4)
    assert (found.indices == top_k(x, y, 5).indices).all()
    assert found.indices.dtype == np.int32 and found.scores.dtype == np.float32


X, Y = sides(0, 3, 5, 4, False)
BAD = Y.copy()
BAD[2, 1] = np.nan


@pytest.mark.parametrize(
    ("x", "y", "k", "said"),
    [
        (X, Y[:, :3], 2, "cannot be searched"),
        (X[0], Y, 2, "cannot be searched"),
        (X, Y, 0, "0 targets of 5"),
        (X, Y, 6, "6 targets of 5"),
        (X, BAD, 2, "the vector of target 2 of its block is not finite"),
        (BAD, Y, 2, "the vector of query 2"),
        (X.astype(np.float32) * 1e6, Y, 2, "not finite"),
        (X * 0 + 3, Y * 0 + 3, 2, "too long"),
    ],
)
def test_what_cannot_be_searched_is_told(x, y, k, said):
    with pytest.raises(DataError, match=said):
        top_k(x, y, k)


def clustered(n, d=16, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(20, d))
    found = centres[rng.integers(0, 20, n)] + 0.7 * rng.normal(size=(n, d))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)


def test_an_inverted_file_that_reads_all_lists_finds_all_and_one_that_reads_one_does_not():
    pytest.importorskip("faiss")
    x, y = clustered(60), clustered(1500, seed=1)
    whole = ivf(x, y, 10, lists=8, read=8)
    assert recall(x, y, whole).recall == 1.0
    part = ivf(x, y, 10, lists=8, read=1)
    found = recall(x, y, part, rows=50)
    best = top_k(x, y, 10).indices
    share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(part.indices, best, strict=True)])
    assert 0.3 < found.recall < 1 and found.rows == 50
    assert abs(found.recall - share) < 5 * found.standard_error + 0.05
    assert (ivf(x, y, 10, lists=8, read=1).indices == part.indices).all()


def test_a_query_whose_lists_hold_too_few_reads_all():
    pytest.importorskip("faiss")
    x, y = clustered(20), clustered(320, seed=1)
    found = ivf(x, y, 200, lists=8, read=1)
    assert (found.indices >= 0).all()
    assert all(len(set(row)) == 200 for row in found.indices.tolist())


def test_the_recall_of_a_known_loss():
    """Half of the targets replaced by ones outside of the exact ranking."""
    x, y = clustered(30), clustered(100, seed=1)
    best = top_k(x, y, 100).indices
    half = np.concatenate([best[:, :5], best[:, 50:55]], axis=1)
    found = recall(x, y, Ranking(half, np.zeros(half.shape, np.float32)))
    assert found.recall == 0.5 and found.standard_error == 0 and found.rows == 30


def test_without_faiss_the_line_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(EngineError, match=r"needs the package faiss.*\[retrieval\]"):
        ivf(X, Y, 2, lists=1, read=1)


def test_the_cost_is_counted():
    cost = search_cost(1000, 2000, 100, 130, rate=1e9, selection=1e-8)
    assert cost.multiply_adds == 1000 * 2000 * 100 and cost.result == 4 * 1000 * 130
    assert cost.seconds == pytest.approx(0.2 + 0.02)
    million = search_cost(10**6, 10**6, 768, 130)
    assert million.held < 150e6, "memory is that of a block"
    assert million.seconds / 3600 == pytest.approx(6.9 + 2.6, rel=0.1), "as was measured beforehand"
