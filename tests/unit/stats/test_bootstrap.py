"""The bootstrap and the paired difference: laws, scipy, coverage."""

from math import inf

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from llmx.stats import bootstrap_mean, mcnemar_exact, paired_difference, ratio_of_means

numbers = st.lists(st.floats(-100, 100), min_size=2, max_size=30)
METHODS = ["percentile", "expanded", "bca"]


@given(numbers, st.sampled_from(["percentile", "bca"]))
def test_the_interval_lies_within_the_values(values, method):
    found = bootstrap_mean(values, method=method, resamples=200)
    slack = 1e-9
    assert min(values) - slack <= found.low <= found.high + slack <= max(values) + 2 * slack
    assert found.estimate == pytest.approx(np.mean(values), abs=1e-9)


@given(numbers, st.floats(-50, 50), st.floats(0.1, 9))
@settings(max_examples=count(40, 500))
def test_shifting_and_scaling_move_the_interval_along(values, shift, scale):
    plain = bootstrap_mean(values, method="percentile", resamples=200)
    moved = bootstrap_mean(
        [scale * value + shift for value in values], method="percentile", resamples=200
    )
    expected = (scale * plain.low + shift, scale * plain.high + shift)
    assert (moved.low, moved.high) == pytest.approx(expected, abs=1e-6)


def test_equal_seeds_give_equal_intervals_and_others_do_not():
    values = np.random.default_rng(0).normal(size=40)
    assert bootstrap_mean(values, seed=1) == bootstrap_mean(values, seed=1)
    assert bootstrap_mean(values, seed=1) != bootstrap_mean(values, seed=2)


@pytest.mark.parametrize("method", METHODS)
def test_constant_values_give_a_point(method):
    found = bootstrap_mean([2.5] * 9, method=method)
    assert (found.low, found.estimate, found.high) == (2.5, 2.5, 2.5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0.5, 0.9, 0.999])
def test_one_unit_bounds_nothing(method, level):
    found = bootstrap_mean([2.5], level, method=method)
    assert (found.low, found.estimate, found.high) == (-inf, 2.5, inf)
    ratio = ratio_of_means([3], [2], level=level)
    assert (ratio.low, ratio.estimate, ratio.high) == (-inf, 1.5, inf)


def test_a_ratio_whose_denominator_may_vanish_has_no_upper_end():
    with np.errstate(divide="raise", invalid="raise"):
        found = ratio_of_means([1] * 10, [0] * 9 + [1])
    assert found.low < found.estimate == 10.0
    assert found.high == inf


def test_draws_that_are_no_number_are_left_out():
    found = ratio_of_means([0] * 9 + [1], [0] * 9 + [1])
    assert (found.low, found.estimate, found.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(("ours", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_it_agrees_with_scipy(ours, theirs):
    values = np.random.default_rng(3).exponential(size=60)
    found = bootstrap_mean(values, method=ours, resamples=40_000)
    oracle = stats.bootstrap((values,), np.mean, method=theirs, n_resamples=20_000, rng=5)
    low, high = oracle.confidence_interval
    tolerance = 0.02 * (high - low)
    assert (found.low, found.high) == pytest.approx((low, high), abs=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("law", "method"), [("normal", "expanded"), ("normal", "bca"), ("skewed", "bca")]
)
def test_it_covers_95_percent(law, method):
    """2,000 samples of 150; one standard error of the coverage is 0.49 points."""
    rng = np.random.default_rng(17)
    draw = {"normal": rng.normal, "skewed": lambda size: rng.gamma(4.0, size=size)}[law]
    truth = {"normal": 0.0, "skewed": 4.0}[law]
    hits = 0
    for trial in range(2000):
        found = bootstrap_mean(draw(size=150), method=method, resamples=1000, seed=trial)
        hits += found.low <= truth <= found.high
    assert 0.94 <= hits / 2000 <= 0.96


right = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(right)
def test_paired_counts_and_test_are_those_of_mcnemar(pairs):
    first, second = zip(*pairs, strict=True)
    found = paired_difference(first, second, resamples=100)
    assert found.better == sum(a and not b for a, b in pairs)
    assert found.worse == sum(b and not a for a, b in pairs)
    assert found.p_value == mcnemar_exact(found.better, found.worse)
    assert found.difference.estimate == pytest.approx((found.better - found.worse) / len(pairs))


def test_pairing_removes_what_the_arms_share():
    rng = np.random.default_rng(1)
    shared = rng.normal(scale=10, size=100)
    found = paired_difference(shared + 1, shared + rng.normal(scale=0.1, size=100))
    assert 0.9 < found.difference.low < found.difference.high < 1.1


def test_clusters_of_copies_count_once():
    """Ten copies of each item carry no more information than the items."""
    rng = np.random.default_rng(2)
    gaps = rng.normal(size=25)
    single = paired_difference(gaps, np.zeros(25), method="percentile")
    copies = paired_difference(
        np.repeat(gaps, 10), np.zeros(250), np.repeat(range(25), 10).tolist(), method="percentile"
    )
    assert copies.units == 25
    ends = (copies.difference.low, copies.difference.high)
    assert ends == pytest.approx((single.difference.low, single.difference.high), abs=1e-9)


def test_one_cluster_an_item_changes_nothing():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 30))
    plain, clustered = paired_difference(a, b), paired_difference(a, b, list(range(30)))
    assert plain == clustered


@pytest.mark.parametrize(
    ("first", "second", "clusters", "message"),
    [
        ([], [], None, "non-empty"),
        ([1.0], [1.0, 2.0], None, "length"),
        ([1.0, float("nan")], [1.0, 2.0], None, "finite"),
        ([[1.0]], [[1.0]], None, "vector"),
        ([1.0, 2.0], [1.0, 2.0], ["a"], "cluster labels"),
    ],
    ids=["empty", "lengths", "nan", "matrix", "labels"],
)
def test_bad_pairs_are_refused(first, second, clusters, message):
    with pytest.raises(ValueError, match=message):
        paired_difference(first, second, clusters)


@pytest.mark.parametrize("resamples", [0, 99])
def test_too_few_resamples_are_refused(resamples):
    with pytest.raises(ValueError, match="too few"):
        bootstrap_mean([1.0, 2.0], resamples=resamples)
