"""p values by inversion of intervals, and intervals at every level from one set of resamples."""

from itertools import pairwise

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.stats import (
    Interval,
    p_beyond,
    ratio_at,
    ratio_interval,
    ratio_interval_at,
    ratio_of_means,
    two_level,
)
from llmx.stats.bootstrap import mean, resampled

seeds_of = st.integers(0, 2**16)
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)


def lengths(seed, items=60):
    rng = np.random.default_rng(seed)
    base = rng.gamma(2, 10, items)
    return base + rng.gamma(2, 5, items), base + rng.gamma(2, 5, items)


def rounds(seed, count):
    rng = np.random.default_rng(seed)
    weather = np.exp(rng.normal(0, 0.15, count))
    slow, fast = weather * np.exp(rng.normal(0, 0.05, (2, count)))
    return np.full(count, 100.0), fast / 1.05, np.full(count, 100.0), slow


def at(kind, seed):
    """A ratio of lengths, or of speeds with few rounds (Student) or many (bootstrap)."""
    if kind == "lengths":
        return ratio_at(*lengths(seed), resamples=500)
    return ratio_interval_at(*rounds(seed, 5 if kind == "few rounds" else 12), resamples=500)


KINDS = st.sampled_from(["lengths", "few rounds", "many rounds"])


@given(KINDS, seeds_of, st.floats(0.8, 1.25), st.floats(0.002, 0.5))
@settings(max_examples=count(40, 400), deadline=None)
def test_p_is_below_alpha_exactly_where_the_interval_leaves_the_bound_out(kind, seed, bound, alpha):
    interval_at = at(kind, seed)
    found, interval = p_beyond(interval_at, bound), interval_at(1 - alpha)
    if abs(found - alpha) > 1e-6:
        assert (found < alpha) == (interval.above(bound) or interval.below(bound))


@given(KINDS, seeds_of)
@settings(max_examples=count(20, 200), deadline=None)
def test_intervals_widen_with_their_level(kind, seed):
    found = [at(kind, seed)(level) for level in (*LEVELS, 0.999, 0.9999)]
    assert all(one.low >= other.low for one, other in pairwise(found))
    assert all(one.high <= other.high for one, other in pairwise(found))
    assert len({one.estimate for one in found}) == 1


@pytest.mark.parametrize("level", LEVELS)
def test_an_interval_at_a_level_is_the_interval_of_that_level(level):
    first, second = lengths(1)
    assert ratio_at(first, second, seed=3)(level) == ratio_of_means(
        first, second, None, level, seed=3
    )
    for many in (4, 12):
        there = ratio_interval_at(*rounds(1, many), seed=3)(level)
        assert there == ratio_interval(*rounds(1, many), level, seed=3)


@given(seeds_of, st.floats(-1, 1))
@settings(max_examples=count(30, 300), deadline=None)
def test_it_finds_the_p_value_that_is_known(seed, null):
    """Oracle: Student's, which has its p value in closed form."""
    values = np.random.default_rng(seed).normal(size=(20, 2))
    known = two_level(values).p_value(null)
    found = p_beyond(lambda level: two_level(values, level).interval, null)
    assert found == pytest.approx(max(known, 2e-4), abs=1e-7)


def test_the_least_p_value_is_said():
    def point(level):
        return Interval(2.0, 2.0, 2.0, level)

    assert p_beyond(point, 1.0) == 2e-4
    assert p_beyond(point, 3.0, least=0.01) == 0.01
    assert p_beyond(point, 2.0) == 1.0


def test_a_few_rounds_that_all_say_faster_are_no_certainty():
    """Eight rounds: no draw of 10,000 lies below 1, and p is still that of few degrees."""
    seconds = 1.05 + 0.04 * np.array([-1.5, -1, -0.5, 0, 0, 0.5, 1, 1.5])
    ones = np.ones(8)
    found = ratio_interval_at(ones, ones, ones, seconds)
    draws = resampled(np.stack([seconds, ones], axis=1), mean).draws
    assert draws.min() > 1
    assert 0.002 < p_beyond(found, 1.0) < 0.02
    assert found(0.9999).low < draws.min()


def test_a_ratio_of_one_has_uniform_p_values():
    """Twelve rounds of equally fast arms; bands of three Monte Carlo errors of 100 worlds."""
    worlds = range(count(100, 2000))
    found = [p_beyond(ratio_interval_at(*_equal(seed), resamples=400), 1.0) for seed in worlds]
    assert 0 < np.mean(np.array(found) < 0.05) <= 0.12
    assert 0.35 <= np.mean(np.array(found) < 0.5) <= 0.65


def _equal(seed):
    ones, fast, _, slow = rounds(seed, 12)
    return ones, fast * 1.05, ones, slow
