"""Votes and pass@k over all subsets: against enumeration, whole numbers, and laws."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, pairwise
from math import comb, isnan

import numpy as np
import pytest
from counts import count
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llmx.stats.subsets import MOST, Counted, majorities, majority, none_of, pass_at

EXACT = 1e-12
SIZES = (1, 2, 3, 4, 8, 16, 31, 32, 63, 64)


@st.composite
def pools(draw, most=9):
    """A pool of up to `most` draws: counts, the right class or none, draws."""
    counts = draw(st.lists(st.integers(0, 4), min_size=1, max_size=5))
    assume(sum(counts) <= most)
    unread = draw(st.integers(0 if sum(counts) else 1, max(1, min(3, most - sum(counts)))))
    right = draw(st.none() | st.integers(0, len(counts) - 1))
    return Counted(counts, right, sum(counts) + unread)


@st.composite
def large(draw):
    """A pool of 64 draws."""
    cuts = draw(st.lists(st.integers(0, 64), min_size=1, max_size=40))
    ends = sorted({0, *cuts})
    counts = [b - a for a, b in pairwise(ends)] or [1]
    return Counted(counts, draw(st.integers(0, len(counts) - 1)), 64)


def enumerated(pool, size):
    """Look at every subset."""
    draws = [kind for kind, times in enumerate(pool.counts) for _ in range(times)]
    draws += [None] * (pool.draws - len(draws))
    shares = []
    for subset in combinations(draws, size):
        votes = Counter(one for one in subset if one is not None)
        first = [one for one, times in votes.items() if times == max(votes.values())]
        shares.append(Fraction(pool.right in first, max(len(first), 1)))
    return sum(shares) / len(shares)


@given(pools())
@settings(max_examples=count(60, 1000))
def test_a_vote_is_that_of_every_subset(pool):
    sizes = range(1, pool.draws + 1)
    found = majority(*pool, sizes)
    wanted = [float(enumerated(pool, size)) for size in sizes]
    assert found == pytest.approx(wanted, abs=EXACT, rel=0)


def by_fractions(pool, size):
    """The same sum in whole numbers, with the number of tied rivals as a second power."""
    others = [times for kind, times in enumerate(pool.counts) if kind != pool.right]
    unread = pool.draws - sum(pool.counts)
    total = Fraction(0)
    for votes in range(1, min(size, pool.counts[pool.right]) + 1):
        ways = Counter({(0, taken): comb(unread, taken) for taken in range(unread + 1)})
        for times in others:
            longer: Counter[tuple[int, int]] = Counter()
            for (ties, taken), way in ways.items():
                for more in range(min(times, votes, size - votes - taken) + 1):
                    longer[ties + (more == votes), taken + more] += way * comb(times, more)
            ways = longer
        mine = comb(pool.counts[pool.right], votes)
        wins = (Fraction(way, t + 1) for (t, taken), way in ways.items() if taken == size - votes)
        total += mine * sum(wins)
    return total / comb(pool.draws, size)


@pytest.mark.parametrize(
    "pool",
    [
        Counted([20, 18, 6, 4, 4, 3, 1, 1, 1, 1], 0, 64),
        Counted([20, 18, 6, 4, 4, 3, 1, 1, 1, 1], 4, 64),
        Counted([16, 16, 16, 16], 2, 64),
        Counted([1] * 60, 7, 64),
        Counted([3] * 20, 7, 64),
    ],
)
def test_large_pools_are_right_to_twelve_digits(pool):
    sizes = [2, 5, 16, 32, 63]
    wanted = [float(by_fractions(pool, size)) for size in sizes]
    assert majority(*pool, sizes) == pytest.approx(wanted, rel=EXACT)


@given(large())
def test_somebody_wins_where_anything_is_read(pool):
    counts = [*pool.counts]
    every = sum(majority(counts, kind, 64, SIZES) for kind in range(len(counts)))
    assert every == pytest.approx(1 - none_of(sum(counts), 64, SIZES), abs=EXACT)


def test_somebody_wins_in_the_largest_pool():
    counts, sizes = [400, 300, 200, 60, 30, 1], [1, 2, 7, 256, 500]
    every = sum(majority(counts, kind, MOST, sizes) for kind in range(6))
    assert every == pytest.approx(1 - none_of(sum(counts), MOST, sizes), abs=EXACT)


@given(pools() | large())
def test_one_vote_is_the_mean(pool):
    right = 0 if pool.right is None else pool.counts[pool.right]
    assert majority(*pool, [1])[0] == pytest.approx(right / pool.draws, abs=EXACT)
    assert pass_at(right, pool.draws, [1])[0] == pytest.approx(right / pool.draws, abs=EXACT)


@given(pools() | large())
def test_two_votes_are_one_where_everything_is_read(pool):
    """Two that differ tie; an unread one leaves the other its vote, so it is no law then."""
    read = sum(pool.counts)
    assume(read >= 2)
    one, two = majority(pool.counts, pool.right, read, [1, 2])
    assert two == pytest.approx(one, abs=EXACT)


def test_a_draw_that_was_not_read_leaves_the_other_its_vote():
    assert majority([1], 0, 2, [1, 2]).tolist() == [0.5, 1.0]


@given(pools() | large())
def test_no_vote_is_right_more_often_than_any_draw_of_it(pool):
    right = 0 if pool.right is None else pool.counts[pool.right]
    sizes = range(1, pool.draws + 1)
    passed = pass_at(right, pool.draws, sizes)
    assert (majority(*pool, sizes) <= passed + EXACT).all()
    assert (np.diff(passed) >= -EXACT).all()


@given(st.integers(0, 20), st.integers(1, 20))
def test_of_one_class_each_vote_is_right_that_anything_is_read_for(read, unread):
    draws = read + unread
    sizes = range(1, draws + 1)
    assert majority([read], 0, draws, sizes) == pytest.approx(1 - none_of(read, draws, sizes))
    assert majority([draws], 0, draws, sizes) == pytest.approx(np.ones(draws), abs=EXACT)
    assert majority([draws], None, draws, sizes).tolist() == [0.0] * draws


@given(st.lists(pools(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_pools_of_one_call_are_those_of_many(given_pools, random):
    """And the order of the wrong classes says nothing."""
    sizes = (1, 2, 3, 5)
    found = majorities(given_pools, sizes)
    for row, (counts, right, draws) in zip(found, given_pools, strict=True):
        order = random.sample(range(len(counts)), len(counts))
        moved = None if right is None else order.index(right)
        fits = [size for size in sizes if size <= draws]
        alone = majority([counts[at] for at in order], moved, draws, fits)
        assert row[: len(fits)] == pytest.approx(alone, abs=EXACT)
        assert all(map(isnan, row[len(fits) :]))


@given(st.integers(1, 9), st.data())
def test_pass_at_k_is_that_of_every_subset(draws, data):
    right = data.draw(st.integers(0, draws))
    sizes = range(1, draws + 1)
    for size, found in zip(sizes, pass_at(right, draws, sizes), strict=True):
        subsets = list(combinations([True] * right + [False] * (draws - right), size))
        assert found == pytest.approx(sum(map(any, subsets)) / len(subsets), abs=EXACT)


def test_no_pool_at_all():
    assert majorities([], [1, 2]).shape == (0, 2)


@pytest.mark.parametrize(
    ("pool", "sizes", "text"),
    [
        (Counted([3], 0, 3), [4], "sizes must be 1 to 3"),
        (Counted([3], 0, 3), [0], "sizes must be 1 to 3"),
        (Counted([3], 0, 3), [], "sizes must be 1 to 3"),
        (Counted([3], 0, 2), [1], "do not fit into 2 draws"),
        (Counted([3, -1], 0, 3), [1], "do not fit into 3 draws"),
        (Counted([3], 1, 3), [1], "class 1 of 1"),
        (Counted([3], -1, 3), [1], "class -1 of 1"),
        (Counted([MOST + 1], 0, MOST + 1), [1], "do not fit into"),
    ],
)
def test_what_no_pool_is(pool, sizes, text):
    with pytest.raises(ValueError, match=text):
        majority(*pool, sizes)


@pytest.mark.parametrize("bad", [(4, 3, [1]), (-1, 3, [1]), (1, 3, [4]), (1, 3, [0])])
def test_what_no_pass_is(bad):
    with pytest.raises(ValueError, match=r"sizes must be|cannot be"):
        pass_at(*bad)
