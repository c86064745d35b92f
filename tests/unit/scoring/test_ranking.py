"""Measures of rankings against scikit-learn, scipy and counts by hand."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import DataError
from llmx.scoring import ranking

CASES = count(60, 600)


@st.composite
def searches(draw):
    """Rankings of a corpus of 12 with graded judgements."""
    n, m, depth = draw(st.integers(1, 4)), 12, draw(st.integers(1, 12))
    ranked = np.array([draw(st.permutations(range(m)))[:depth] for _ in range(n)], np.int32)
    judged = [
        draw(st.dictionaries(st.integers(0, 11), st.integers(0, 3), max_size=6)) for _ in ranked
    ]
    return ranked.reshape(n, depth), judged


@settings(max_examples=CASES, deadline=None)
@given(searches(), st.integers(1, 12))
def test_ndcg_equals_scikit_learn(search, k):
    from sklearn.metrics import ndcg_score

    ranked, judged = search
    for found, row, grades in zip(ranking.ndcg(ranked, judged, k), ranked, judged, strict=True):
        truth = np.array([[grades.get(target, 0) for target in range(12)]])
        if not truth.any():
            assert np.isnan(found)
            continue
        # scikit-learn wants a score for every target: those that are not ranked come last, and
        # count for nothing, as k is at most the depth.
        scores = np.full((1, 12), -1.0)
        scores[0, row] = np.arange(len(row), 0, -1)
        if k <= len(row):
            assert found == pytest.approx(ndcg_score(truth, scores, k=k), abs=1e-12)


@settings(max_examples=CASES, deadline=None)
@given(searches(), st.integers(1, 12), st.integers(1, 3))
def test_recall_rank_and_hits_are_what_counting_gives(search, k, least):
    ranked, judged = search
    both = zip(ranked, judged, strict=True)
    for place, (row, grades) in enumerate(both):
        right = {target for target, grade in grades.items() if grade >= least}
        found = [at for at, target in enumerate(row[:k], 1) if target in right]
        values = [
            ranking.recall(ranked, judged, k, least)[place],
            ranking.reciprocal_rank(ranked, judged, k, least)[place],
            ranking.hit(ranked, judged, k, least)[place],
        ]
        if not right:
            assert np.isnan(values).all()
        else:
            first = 1 / found[0] if found else 0
            assert values == pytest.approx([len(found) / len(right), first, float(bool(found))])


def test_a_worked_ndcg():
    """Grades 3, 0, 2 at ranks 1, 2, 3, one of grade 1 not found: by hand."""
    got = 3 + 2 / 2
    best = 3 + 2 / np.log2(3) + 1 / 2
    found = ranking.ndcg(np.array([[5, 9, 2]]), [{5: 3, 2: 2, 7: 1}], k=3)
    assert found.tolist() == [pytest.approx(got / best)]


@settings(max_examples=CASES, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=20))
def test_spearman_equals_scipy(pairs):
    from scipy.stats import spearmanr

    one, other = zip(*pairs, strict=True)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert np.isnan(ranking.spearman(one, other))
    else:
        assert ranking.spearman(one, other) == pytest.approx(100 * spearmanr(one, other).statistic)


@pytest.mark.parametrize(
    ("ranked", "judged", "said"),
    [
        ([[0, 1]], [], "0 judgements"),
        ([0, 1], [{}, {}], r"shape \(2,\)"),
        ([[0, 1], [2, 2]], [{}, {}], "query 1 has a target twice"),
    ],
)
def test_what_is_no_ranking_is_refused(ranked, judged, said):
    with pytest.raises(DataError, match=said):
        ranking.hit(np.array(ranked), judged)


@pytest.mark.parametrize("sides", [([1.0], [1.0]), ([1, 2], [1, 2, 3]), ([1, np.nan], [1, 2])])
def test_what_has_no_correlation_is_refused(sides):
    with pytest.raises(DataError):
        ranking.spearman(*sides)
