"""Negatives: whom they may not be, how often they are whom, and the code's arithmetic."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from llmx.core.errors import DataError
from llmx.papers.b3.negatives import (
    cluster_counts,
    distinct,
    label_counts,
    of_band,
    of_batch,
    of_cluster,
)


@st.composite
def bands(draw):
    rows, depth = draw(st.integers(20, 50)), draw(st.integers(8, 14))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    ranks = np.stack([rng.permutation(rows)[:depth] for _ in range(rows)]).astype(np.int32)
    batch = rng.permutation(rows)[: draw(st.integers(2, 4))].astype(np.int32)
    return ranks, batch, rng.integers(0, draw(st.integers(20, 60)), rows)


@settings(max_examples=count(60, 600), deadline=None)
@given(bands(), st.integers(1, 5), st.integers(0, 9), st.sampled_from(["batch", "cluster"]))
def test_no_negative_is_a_mate_or_has_a_target_of_one(case, wanted, seed, form):
    ranks, group, target = case
    given = target if seed else None
    try:
        if form == "batch":
            found = of_batch(group, ranks[:, 3:], wanted, given, seed, "0")
        else:
            found = of_cluster(group, ranks, 3, wanted, given, seed, "0")
    except DataError:
        band = ranks[group][:, 3:] if form == "batch" else ranks[group]
        assert np.isin(target[band], target[group]).mean() > 0.3
        return
    assert found.shape == (len(group), wanted)
    assert not np.isin(found, group).any()
    assert given is None or not np.isin(target[found], target[group]).any()
    assert np.isin(found, ranks[group]).all()


def test_a_batchs_negatives_follow_the_counts():
    """Rows 10, 11, 12 stand in the bands of four rows 4, 2 and 1 times; 5 is in the batch."""
    band = np.full((20, 3), -1, np.int32)
    band[2], band[3], band[4], band[5] = [10, 11, 12], [10, 11, 5], [10, -1, 4], [10, 2, 3]
    batch = np.array([2, 3, 4, 5], np.int32)
    drawn = np.concatenate([of_batch(batch, band, 1, None, 0, str(k)) for k in range(1500)])
    found, times = np.unique(drawn, return_counts=True)
    assert found.tolist() == [10, 11, 12]
    assert chisquare(times, np.array([4, 2, 1]) / 7 * len(drawn)).pvalue > 1e-3
    rows = drawn.reshape(1500, 4)
    assert (rows[:, 0] == rows[:, 1]).mean() == pytest.approx(21 / 49, abs=0.05)
    target = np.arange(20)
    target[11] = target[4]
    again = of_batch(batch, band, 2, target, 0, "0")
    assert set(again.ravel().tolist()) == {10, 12}


def law(weights, size):
    """The probability of every ordered draw without replacement."""
    found = {(): 1.0}
    for _ in range(size):
        found = {
            (*had, k): p * weights[k] / (sum(weights) - sum(weights[i] for i in had))
            for had, p in found.items()
            for k in range(len(weights))
            if k not in had
        }
    return found


@pytest.mark.parametrize("weights", [[4.0, 2, 1, 1], [200.0, 1, 1, 2, 1]])
def test_distinct_draws_are_successive_ones(weights, monkeypatch):
    """Narrow tables of draws, so that the rest is often drawn from what is left."""
    monkeypatch.setattr("llmx.papers.b3.negatives.WIDEST", 3)
    drawn = distinct(np.array(weights), (20_000, 2), 0, "x")
    wanted = law(weights, 2)
    found = {pair: 0 for pair in wanted}
    for pair in map(tuple, drawn.tolist()):
        found[pair] += 1
    expected = np.array(list(wanted.values())) * len(drawn)
    assert chisquare(list(found.values()), expected).pvalue > 1e-3


def test_too_few_candidates_come_again():
    found = distinct(np.array([1.0, 3.0]), (50, 5), 0, "x")
    assert all(sorted(np.bincount(row, minlength=2).tolist()) == [2, 3] for row in found)


def test_the_codes_arithmetic_on_a_worked_example():
    """p = 1 and m = 3, a cluster of rows 0 and 1.

    Row 5 is ranked by both, once at rank 0: 2 - 2 = 0. Row 6: once, at rank 0: -1. Row 7 by both:
    2. Row 8 once: 1. Row 1 is in the cluster.
    """
    ranks = np.full((9, 4), -1, np.int32)
    ranks[0], ranks[1] = [5, 7, 1, 8], [6, 5, 7, -1]
    cluster = np.array([0, 1], np.int32)
    found, weight = cluster_counts(cluster, ranks, 1)
    assert found.tolist() == [7, 8] and weight.tolist() == [2, 1]
    found, weight = cluster_counts(cluster, ranks, 0)
    assert found.tolist() == [5, 6, 7, 8] and weight.tolist() == [2, 1, 2, 1]
    target = np.array([3, 4, 0, 0, 0, 1, 2, 3, 9])
    assert cluster_counts(cluster, ranks, 1, target)[0].tolist() == [8]


def test_a_clusters_negatives_are_drawn_once_for_all_its_rows():
    ranks = np.array([[3, 4, 5, 6, 7, 8]] * 2 + [[-1] * 6] * 8, np.int32)
    cluster = np.array([0, 1], np.int32)
    drawn = of_cluster(cluster, ranks, 0, 3, None, 0, "0")
    assert drawn.shape == (2, 3) and sorted(drawn.ravel().tolist()) == [3, 4, 5, 6, 7, 8]
    more = of_cluster(cluster, ranks, 0, 5, None, 0, "0")  # ten of six: replicated to twelve
    assert np.bincount(more.ravel(), minlength=9)[3:].max() == 2
    first = np.array([of_cluster(cluster, ranks, 0, 1, None, s, "0") for s in range(200)])
    assert np.bincount(first.ravel(), minlength=9)[3:].min() > 30


def test_labels_are_counted_among_the_first_2h_that_are_not_the_own():
    ranked = np.array([[0, 1, 2, 3, 4], [2, 1, 0, 3, 4], [4, 3, 2, 1, 0]], np.int32)
    label = np.array([0, 1, 4])
    found, times = label_counts(np.array([0, 1], np.int32), ranked, label, 1)
    # Of row 0: labels 1 and 2. Of row 1: labels 2 and 0. Labels 0 and 1 are the cluster's.
    assert found.tolist() == [2] and times.tolist() == [2]
    found, times = label_counts(np.array([0], np.int32), ranked, label, 2)
    assert found.tolist() == [1, 2, 3, 4] and times.tolist() == [1, 1, 1, 1]


@settings(max_examples=count(40, 400), deadline=None)
@given(bands(), st.integers(1, 3), st.integers(0, 9))
def test_the_baseline_draws_from_a_rows_own_band(case, wanted, seed):
    ranks, _, _ = case
    target = np.arange(len(ranks))
    target[1] = target[0]
    found = of_band(ranks, wanted, target, seed)
    for row, drawn in enumerate(found.tolist()):
        assert len(set(drawn)) == wanted and set(drawn) <= set(ranks[row].tolist()) - {row}
        assert target[row] not in target[drawn]


def test_all_of_a_band_are_equally_likely():
    band = np.tile(np.array([1, 2, 3, 4], np.int32), (4000, 1))
    drawn = of_band(band, 1, None, 0)[5:]
    assert chisquare(np.bincount(drawn.ravel())[1:]).pvalue > 1e-3


def test_a_band_without_negatives_is_said():
    band = np.array([[1, 2, 3], [1, 0, -1], [0, 1, 3], [0, 1, 2]], np.int32)
    with pytest.raises(DataError, match="row 1 has 1 negatives in its band, and 2 are wanted"):
        of_band(band, 2, None, 0)
    batch = np.array([0, 1, 2, 3], np.int32)
    with pytest.raises(DataError, match="no row outside the batch"):
        of_batch(batch, band, 1, None, 0, "0")
    with pytest.raises(DataError, match="no row to be a negative"):
        of_cluster(batch, band, 1, 1, None, 0, "0")
