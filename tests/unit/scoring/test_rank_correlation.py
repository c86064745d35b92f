"""Spearman's correlation as a mean over pairs: equal to scipy's, and as uncertain as it is."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from llmx.core.errors import DataError
from llmx.scoring.rank_correlation import RankCorrelation

VALUES = st.integers(-4, 4).map(float)
PAIRS = st.lists(st.tuples(VALUES, VALUES), min_size=3, max_size=30).filter(
    lambda rows: all(len({row[side] for row in rows}) > 1 for side in (0, 1))
)


def of(rows):
    return RankCorrelation.of(*([row[side] for row in rows] for side in (0, 1)))


@settings(max_examples=count(60, 500), deadline=None)
@given(PAIRS)
def test_the_mean_of_the_pseudo_values_is_the_correlation_of_scipy(rows):
    found = of(rows)
    wanted = 100 * stats.spearmanr(found.scores, found.gold).statistic
    assert found.value == pytest.approx(wanted, abs=1e-9)
    assert found.pseudo_values().mean() == pytest.approx(wanted, abs=1e-8)
    size = len(rows)
    assert found.weighted(np.full(size, 1 / size)) == pytest.approx(wanted, abs=1e-8)


@settings(max_examples=count(40, 500), deadline=None)
@given(PAIRS, st.integers(0, 29))
def test_an_influence_is_the_slope_towards_more_weight_of_its_pair(rows, number):
    found, size = of(rows), len(rows)
    at, step, equal = number % size, 1e-4, np.full(size, 1 / size)
    ends = []
    for side in (step, -step):
        weights = equal * (1 - side)
        weights[at] += side
        ends.append(found.weighted(weights))
    slope = (ends[0] - ends[1]) / (2 * step)
    assert found.influences()[at] == pytest.approx(slope, rel=1e-3, abs=1e-2)


@settings(max_examples=count(40, 500), deadline=None)
@given(PAIRS, st.lists(st.integers(0, 3), min_size=30, max_size=30))
def test_a_pair_with_a_weight_of_two_is_the_pair_twice(rows, times):
    counts = np.array(times[: len(rows)])
    drawn = [row for row, often in zip(rows, counts, strict=True) for _ in range(often)]
    weights = counts / max(1, counts.sum())
    if any(len({row[side] for row in drawn}) < 2 for side in (0, 1)):
        return
    assert of(rows).weighted(weights) == pytest.approx(of(drawn).value, abs=1e-8)


def planted(size, seed):
    rng = np.random.default_rng(seed)
    gold = np.round(rng.normal(size=size), 1)
    return RankCorrelation.of((gold + rng.normal(size=size)).tolist(), gold.tolist())


def test_the_spread_of_the_mean_is_that_of_drawing_pairs_again():
    found = planted(400, 0)
    low, high = found.interval(draws=1000)
    half = 1.96 * found.pseudo_values().std(ddof=1) / np.sqrt(400)
    assert low < found.value < high
    assert 2 * half == pytest.approx(high - low, rel=0.08)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    # Spearman's rho of two normal sides with Pearson r is 6/pi asin(r/2); r = 1/sqrt(2).
    truth, tries = 100 * 6 / np.pi * np.arcsin(1 / np.sqrt(8)), count(60, 500)
    hits = 0
    for seed in range(tries):
        values = planted(200, seed).pseudo_values()
        half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
        hits += abs(values.mean() - truth) <= half
    assert 0.85 * tries <= hits


def test_the_same_draws_are_made_again():
    found = planted(50, 1)
    assert found.interval(draws=50) == found.interval(draws=50) != found.interval(draws=50, seed=1)


@pytest.mark.parametrize(
    ("scores", "gold", "said"),
    [
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], "the model gave all 3 pairs one similarity"),
        ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0], "people gave all 3 pairs one similarity"),
        ([1.0, 2.0], [1.0], "no correlation"),
        ([1.0], [1.0], "no correlation"),
        ([1.0, float("nan")], [1.0, 2.0], "not finite"),
    ],
)
def test_what_has_no_correlation_is_refused(scores, gold, said):
    with pytest.raises(DataError, match=said):
        RankCorrelation.of(scores, gold)
