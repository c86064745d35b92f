"""The best, the lowest and the m-th of N draws, and weighted votes: against enumeration."""

from collections import Counter
from itertools import combinations
from math import comb, inf, nan, sqrt

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.stats.order_statistics import (
    best_of,
    expected_rank,
    expected_stopped,
    lowest_vote,
    rank_law,
)
from llmx.stats.subsets import majority
from llmx.stats.weighted_vote import weighted_shares

EXACT = 1e-12


@st.composite
def scored(draw, most=8, scores=(0.0, 1.0, 2.5)):
    """Scores, classes, the right class or none."""
    size = draw(st.integers(1, most))
    values = draw(st.lists(st.sampled_from(scores), min_size=size, max_size=size))
    classes = draw(st.lists(st.integers(-1, 2), min_size=size, max_size=size))
    return np.array(values), np.array(classes), draw(st.none() | st.integers(0, 2))


def vote(classes, right):
    """Return whether the most frequent class is right, a tie as a share, and whether none is."""
    votes = Counter(int(one) for one in classes if one >= 0)
    first = [one for one, times in votes.items() if times == max(votes.values())]
    return (right in first) / max(len(first), 1), not votes


@given(scored(scores=(0.0, 1.0, 2.5, nan)))
@settings(max_examples=count(60, 1000))
def test_the_best_of_n_is_that_of_every_subset(pool):
    scores, classes, right = pool
    sizes = range(1, len(classes) + 1)
    found = best_of(scores, classes, right, sizes, 3)
    known = np.where(np.isnan(scores), -inf, scores)
    for at, size in enumerate(sizes):
        rows = []
        for subset in map(list, combinations(range(len(classes)), size)):
            top = [one for one in subset if known[one] == known[subset].max()]
            right_ones = np.mean(classes[top] == (-2 if right is None else right))
            rows.append((right_ones, *vote(classes[top], right), len(top) > 1))
        expected, voted, unread, tied = np.mean(rows, axis=0)
        assert found.expected[at] == pytest.approx(expected, abs=EXACT)
        assert found.voted[at] == pytest.approx(voted, abs=EXACT)
        assert found.unread[at] == pytest.approx(unread, abs=EXACT)
        assert found.tied[at] == pytest.approx(tied, abs=EXACT)


@given(scored())
def test_scores_that_say_nothing_leave_the_mean_and_the_vote(pool):
    _, classes, right = pool
    sizes = range(1, len(classes) + 1)
    found = best_of(np.ones(len(classes)), classes, right, sizes, 3)
    mean = np.mean(classes == (-2 if right is None else right))
    assert found.expected == pytest.approx(np.full(len(sizes), mean), abs=EXACT)
    counts = np.bincount(classes[classes >= 0], minlength=3)
    assert found.voted == pytest.approx(majority(counts, right, len(classes), sizes), abs=EXACT)
    assert found.tied.tolist() == pytest.approx([0.0, *[1.0] * (len(sizes) - 1)])


@given(scored(scores=(3, 5, 5, 8)))
@settings(max_examples=count(40, 500))
def test_the_vote_of_the_lowest_is_that_of_every_subset(pool):
    lengths, classes, right = pool
    pairs = [(n, m) for n in range(1, len(classes) + 1) for m in range(1, n + 1)]
    found = lowest_vote(lengths, classes, right, pairs, 3)
    order = np.argsort(lengths, kind="stable")
    for at, (size, kept) in enumerate(pairs):
        chosen = [classes[order[list(one)[:kept]]] for one in combinations(range(len(order)), size)]
        wanted = np.mean([vote(one, right) for one in chosen], axis=0)
        assert [found[0][at], found[1][at]] == pytest.approx(wanted.tolist(), abs=EXACT)


values_of = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=8)


@given(values_of, st.data())
def test_ranks_and_stopped_sums_are_those_of_every_subset(values, data):
    size = data.draw(st.integers(1, len(values)))
    rank = data.draw(st.integers(1, size))
    subsets = [sorted(one) for one in combinations(values, size)]
    wanted = np.mean([one[rank - 1] for one in subsets])
    assert expected_rank(values, size, rank) == pytest.approx(wanted, abs=EXACT)
    stopped = np.mean([np.minimum(one, one[rank - 1]).sum() for one in subsets])
    assert expected_stopped(values, size, rank) == pytest.approx(stopped, abs=EXACT)


@given(st.integers(1, 300), st.data())
def test_a_rank_stands_somewhere(draws, data):
    size = data.draw(st.integers(1, draws))
    law = rank_law(draws, size, data.draw(st.integers(1, size)))
    assert law.sum() == pytest.approx(1, abs=EXACT)
    assert not law.flags.writeable  # it is shared


@given(scored(scores=(0.0, 0.25, 1.0, 3.0)))
@settings(max_examples=count(40, 500))
def test_few_subsets_are_all_weighed(pool):
    weights, classes, right = pool
    sizes = range(1, len(classes) + 1)
    shares, variances = weighted_shares(
        classes, right, weights, sizes, np.random.default_rng(0), subsets=70
    )
    assert not variances.any()
    for found, size in zip(shares, sizes, strict=True):
        won = []
        for subset in map(list, combinations(range(len(classes)), size)):
            heavy = [weights[subset][classes[subset] == kind].sum() for kind in range(3)]
            first = [kind for kind in range(3) if heavy[kind] == max(heavy) > 0]
            won.append((right in first) / max(len(first), 1))
        assert found == pytest.approx(np.mean(won), abs=EXACT)


def test_drawn_subsets_are_off_by_as_much_as_they_say():
    """Equal weights are a plain vote, so the truth is known."""
    classes = np.array([0] * 9 + [1] * 7 + [2] * 4 + [-1] * 4)
    wanted = majority([9, 7, 4], 0, 24, [1, 5, 12, 24])
    gaps, errors = [], []
    for seed in range(count(60, 600)):
        rng = np.random.default_rng(seed)
        shares, variances = weighted_shares(classes, 0, np.full(24, 0.3), [1, 5, 12, 24], rng)
        gaps.append(shares - wanted)
        errors.append(variances)
    spread, said = np.std(gaps, axis=0), np.sqrt(np.mean(errors, axis=0))
    assert spread[[0, 3]] == pytest.approx([0, 0], abs=EXACT)  # 24 subsets, and one: all taken
    assert said[[0, 3]].tolist() == [0, 0]
    assert spread[[1, 2]] == pytest.approx(said[[1, 2]], rel=count(3, 1) * 0.1)
    assert np.abs(np.mean(gaps, axis=0)).max() < 4 * said.max() / sqrt(len(gaps))


def test_the_same_numbers_draw_the_same_subsets():
    classes, weights = np.array([0, 1, 0, 2, 1, 1, 0, 2, 0, 1, 2, 2]), np.linspace(1, 2, 12)

    def found(seed):
        rng = np.random.default_rng(seed)
        return weighted_shares(classes, 0, weights, [6], rng)[0][0]

    assert comb(12, 6) > 200
    assert found(1) == found(1)
    assert len({found(seed) for seed in range(5)}) > 1


CLASSES = np.array([0, 1, -1])


@pytest.mark.parametrize(
    "call",
    [
        lambda: best_of([1.0, 2.0], CLASSES, 0, [1], 2),
        lambda: best_of([1.0, 2.0, 3.0], CLASSES, 0, [4], 2),
        lambda: lowest_vote([1.0, nan, 2.0], CLASSES, 0, [(2, 1)], 2),
        lambda: lowest_vote([1.0, 2.0], CLASSES, 0, [(2, 1)], 2),
        lambda: lowest_vote([1.0, 2.0, 3.0], CLASSES, 0, [(2, 3)], 2),
        lambda: lowest_vote([1.0, 2.0, 3.0], CLASSES, 0, [(4, 1)], 2),
        lambda: rank_law(3, 2, 3),
        lambda: rank_law(3, 4, 1),
        lambda: expected_stopped([1.0, 2.0], 2, 3),
        lambda: weighted_shares(CLASSES, 0, [1, 1, -1], [1], np.random.default_rng(0)),
        lambda: weighted_shares(CLASSES, 0, [1, 1, nan], [1], np.random.default_rng(0)),
        lambda: weighted_shares(CLASSES, 0, [1, 1], [1], np.random.default_rng(0)),
        lambda: weighted_shares(CLASSES, 0, [1, 1, 1], [4], np.random.default_rng(0)),
        lambda: weighted_shares(CLASSES, 0, [1, 1, 1], [2], np.random.default_rng(0), subsets=1),
    ],
)
def test_what_cannot_be_drawn(call):
    with pytest.raises(ValueError, match=r"sizes must be|draws|spread"):
        call()
