"""Rates, their ratios, and Student's t beneath them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from llmx.stats import rate_interval, ratio_interval
from llmx.stats.student import coverage, two_sided_t

positive = st.floats(0.1, 100)


def rounds(columns: int, low: int = 2, high: int = 12):
    row = st.tuples(*[positive] * columns)
    return st.lists(row, min_size=low, max_size=high).map(
        lambda rows: [list(column) for column in zip(*rows, strict=True)]
    )


@given(rounds(4))
def test_the_ratio_is_the_quotient_of_the_rates(columns):
    amounts, seconds, others, spans = columns
    found = ratio_interval(*columns, resamples=200)
    top, base = (
        rate_interval(amounts, seconds, resamples=200),
        rate_interval(others, spans, resamples=200),
    )
    assert found.estimate == pytest.approx(top.estimate / base.estimate)
    assert 0 < found.low <= found.estimate * (1 + 1e-9)
    assert found.estimate <= found.high * (1 + 1e-9)


@pytest.mark.parametrize("level", [0.95, 0.9998])
def test_two_rounds_that_have_nothing_in_common_have_a_wide_interval_and_no_error(level):
    found = ratio_interval([1, 1], [1.0, 9.0], [1, 1], [5.0, 0.1], level)
    assert 0 <= found.low < found.estimate < found.high < float("inf")
    assert found.low < 1e-3 and found.high > 1e3


@given(rounds(4, high=7))
def test_swapping_the_arms_inverts_the_interval(columns):
    one, other = ratio_interval(*columns), ratio_interval(*columns[2:], *columns[:2])
    assert one.low == pytest.approx(1 / other.high)


@pytest.mark.parametrize("count", [3, 20])
def test_noise_that_hits_both_arms_of_a_round_cancels(count):
    weather = np.random.default_rng(0).uniform(0.5, 2, size=count)
    found = ratio_interval([100] * count, weather, [100] * count, 1.5 * weather)
    assert (found.low, found.estimate, found.high) == pytest.approx((1.5, 1.5, 1.5))


@pytest.mark.parametrize("count", [2, 3, 5])
def test_few_rounds_match_the_t_interval_of_the_logarithm(count):
    """At equal work and small noise the delta method is the t interval of log ratios."""
    noise = np.random.default_rng(count).normal(scale=1e-3, size=count)
    found = ratio_interval([1] * count, np.exp(-noise), [1] * count, [1] * count)
    low, high = stats.t.interval(0.95, count - 1, noise.mean(), stats.sem(noise))
    assert np.log([found.low, found.high]) == pytest.approx([low, high], abs=2e-5)


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 5, 7, 8, 16])
def test_it_covers_95_percent(count):
    """2,500 runs each, noise of 5 %; from 8 rounds on this is the bootstrap."""
    rng, hits = np.random.default_rng(count), 0
    for trial in range(2500):
        weather = rng.normal(scale=0.2, size=count)
        own, base = rng.normal(scale=0.05, size=(2, count))
        found = ratio_interval(
            [1] * count,
            np.exp(weather + own) / 1.3,
            [1] * count,
            np.exp(weather + base),
            resamples=1000,
            seed=trial,
        )
        hits += found.low <= 1.3 <= found.high
    assert 0.94 <= hits / 2500 <= 0.96


@pytest.mark.parametrize(
    "columns",
    [
        ([1], [1], [1], [1]),
        ([1, 2], [1, 2], [1, 2, 3], [1, 2, 3]),
        ([1, 0], [1, 1], [1, 1], [1, 1]),
    ],
    ids=["one round", "lengths", "zero"],
)
def test_bad_rounds_are_refused(columns):
    with pytest.raises(ValueError, match=r"rounds|positive"):
        ratio_interval(*columns)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 30, 101])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_t_agrees_with_scipy(freedom, level):
    found = two_sided_t(level, freedom)
    assert found == pytest.approx(stats.t.ppf((1 + level) / 2, freedom), rel=1e-7)
    assert coverage(found, freedom) == pytest.approx(level)


@pytest.mark.parametrize(("level", "freedom"), [(0.95, 0), (1.0, 3)])
def test_t_refuses_bad_arguments(level, freedom):
    with pytest.raises(ValueError, match=r"freedom|level"):
        two_sided_t(level, freedom)
