"""The frontier: its definition, and in how many resamples a point is on it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.stats.frontier import frontier, frontier_shares

points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


def dominated(one, other):
    """`other` costs no more and is no less accurate, one of them strictly."""
    return other[0] <= one[0] and other[1] >= one[1] and other != one


@given(points)
def test_it_is_what_nothing_dominates(pairs):
    found = frontier(*np.array(pairs, dtype=float).T)
    assert found.tolist() == [not any(dominated(a, b) for b in pairs) for a in pairs]


@given(points)
def test_along_it_a_dearer_point_is_more_accurate(pairs):
    found = frontier(*np.array(pairs, dtype=float).T)
    kept = sorted({pair for pair, on in zip(pairs, found, strict=True) if on})
    assert kept[0][1] == max(b for a, b in pairs if a == min(a for a, _ in pairs))
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(kept))


def test_what_differs_by_rounding_is_alike():
    third = 0.1 + 0.2
    assert third != 0.3
    assert frontier([1.0, 2.0, 2.0], [0.3, third, 0.3]).tolist() == [True, False, False]
    assert frontier([third, 0.3], [0.5, 0.5]).tolist() == [True, True]


def test_a_point_of_unknown_cost_is_not_on_it_and_beats_none():
    assert frontier([1.0, np.nan, 3.0], [0.5, 0.9, 0.6]).tolist() == [True, False, True]
    costs = [[1.0, 1.0], [np.nan, 1.0], [3.0, 3.0]]
    found = frontier_shares(costs, [[0.0, 1.0], [1.0, 1.0], [1.0, 1.0]], resamples=200)
    assert found[1] == 0
    assert found[2] == pytest.approx(0.75, abs=0.1)


def test_many_frontiers_at_once_are_those_one_by_one():
    rng = np.random.default_rng(0)
    costs, accuracies = rng.integers(0, 5, (2, 30, 7)).astype(float)
    rows = [frontier(*pair).tolist() for pair in zip(costs, accuracies, strict=True)]
    assert frontier(costs, accuracies).tolist() == rows


def test_shares_are_those_of_problems_drawn_again():
    """Two points, costs apart: the dearer one is on it where it is more accurate."""
    gaps = np.array([1.0] * 30 + [-1.0] * 24 + [0.0] * 46)
    costs = np.stack([np.ones(100), np.full(100, 2.0)])
    accuracies = np.stack([0.5 - gaps / 2, np.full(100, 0.5)])
    found = frontier_shares(costs, accuracies, resamples=4000, seed=1)
    again = np.random.default_rng(9).multinomial(100, [0.3, 0.24, 0.46], 20_000)
    assert found[0] == 1
    assert found[1] == pytest.approx((again[:, 0] > again[:, 1]).mean(), abs=0.03)


def test_problems_of_a_cluster_are_drawn_together():
    """Ten copies of ten problems say what ten problems do."""
    rng = np.random.default_rng(2)
    costs = np.stack([np.ones(10), np.full(10, 2.0)])
    accuracies = rng.integers(0, 2, (2, 10)).astype(float)
    wide = [np.repeat(one, 10, axis=1) for one in (costs, accuracies)]
    labels = np.repeat(np.arange(10), 10).tolist()
    few = frontier_shares(costs, accuracies, resamples=2000, seed=3)
    assert frontier_shares(*wide, labels, resamples=2000, seed=3).tolist() == few.tolist()
    assert frontier_shares(*wide, resamples=2000, seed=3).tolist() != few.tolist()


def test_equal_seeds_give_equal_shares():
    rng = np.random.default_rng(4)
    table = rng.random((2, 5, 20))
    found = [frontier_shares(*table, seed=seed, resamples=300).tolist() for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    "call",
    [
        lambda: frontier([1.0], [1.0, 2.0]),
        lambda: frontier(1.0, 1.0),
        lambda: frontier_shares([[1.0, 2.0]], [[1.0]]),
        lambda: frontier_shares([1.0], [1.0]),
        lambda: frontier_shares([[]], [[]]),
        lambda: frontier_shares([[1.0]], [[1.0]], ["a", "b"]),
    ],
)
def test_what_has_no_frontier(call):
    with pytest.raises(ValueError, match=r"shape|points x problems|labels"):
        call()
