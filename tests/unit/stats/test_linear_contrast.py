"""Contrasts of items: laws, and the tests that are special cases of them."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from llmx.stats.crossed import two_level
from llmx.stats.linear_contrast import group_difference, linear_contrast, slope
from llmx.stats.proportion import difference_interval, wilson
from llmx.stats.slope_test import slope_interval, slope_permutation

CASES = count(30, 2000)
VALUES = st.integers(-4, 4).map(float)
SHAPES = st.tuples(st.integers(4, 12), st.integers(1, 4))
TABLES = SHAPES.flatmap(lambda shape: arrays(np.float64, shape, elements=VALUES))


@settings(max_examples=CASES, deadline=None)
@given(TABLES)
def test_of_a_mean_the_errors_are_those_of_two_levels(table):
    found = linear_contrast(table, np.ones((len(table), 1)), (1.0,))
    known = two_level(table).errors
    assert found.estimate == pytest.approx(table.mean(), abs=1e-12)
    assert [one.freedom for one in found.errors[:2]] == [one.freedom for one in known[:2]]
    mine, theirs = ([one.standard_error**2 for one in of] for of in (found.errors, known))
    assert mine == pytest.approx(theirs, abs=1e-9)


@settings(max_examples=CASES, deadline=None)
@given(
    arrays(np.float64, st.integers(2, 9), elements=VALUES),
    arrays(np.float64, st.integers(2, 9), elements=VALUES),
)
def test_of_two_groups_the_error_over_items_is_welchs(one, other):
    found = group_difference(one, other)
    welch = one.var(ddof=1) / len(one) + other.var(ddof=1) / len(other)
    assert found.estimate == pytest.approx(one.mean() - other.mean(), abs=1e-12)
    assert found.errors[0].standard_error ** 2 == pytest.approx(welch, abs=1e-9)


@settings(max_examples=CASES, deadline=None)
@given(TABLES, TABLES)
def test_groups_in_the_other_order_give_the_other_sign(one, other):
    seeds = min(one.shape[1], other.shape[1])
    found = group_difference(one[:, :seeds], other[:, :seeds])
    back = group_difference(other[:, :seeds], one[:, :seeds])
    assert found.estimate == pytest.approx(-back.estimate, abs=1e-12)
    assert found.p_value(0.5) == pytest.approx(back.p_value(-0.5), abs=1e-9)


@settings(max_examples=CASES, deadline=None)
@given(TABLES, st.integers(0, 2**31))
def test_a_slope_is_that_of_least_squares(table, seed):
    x = np.random.default_rng(seed).permutation(len(table)).astype(float)
    found = slope(table, x)
    assert found.estimate == pytest.approx(np.polyfit(x, table.mean(1), 1)[0], abs=1e-9)
    shifted = slope(table + 3, 10 * x - 7)
    assert shifted.estimate == pytest.approx(found.estimate / 10, abs=1e-9)
    assert shifted.p_value() == pytest.approx(found.p_value(), abs=1e-6)


def test_p_inverts_the_interval():
    rng = np.random.default_rng(1)
    found = slope(rng.normal(size=(20, 3)), rng.normal(size=20))
    p = found.p_value(0.4)
    ends = found.at(1 - p)
    assert min(abs(ends.low - 0.4), abs(ends.high - 0.4)) == pytest.approx(0, abs=1e-6)


def test_seeds_that_shift_both_groups_alike_say_nothing_of_their_difference():
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=(30, 1)), rng.normal(size=(40, 1))
    shift = np.array([[0.0, 5.0, -5.0]])
    alike = group_difference(one + shift, other + shift)
    assert max(e.standard_error for e in alike.errors) == pytest.approx(
        group_difference(one[:, 0], other[:, 0]).errors[0].standard_error, rel=1e-6
    )
    apart = group_difference(one + shift, other - shift)
    assert apart.at(0.95).high > 5 * alike.at(0.95).high


def test_clusters_widen_what_they_share_and_labels_of_their_own_do_not():
    rng = np.random.default_rng(3)
    labels = [f"c{at // 5}" for at in range(80)]
    values = np.repeat(rng.normal(size=16), 5) + 0.1 * rng.normal(size=80)
    free, tied = (group_difference(values[:40], values[40:], c) for c in (None, labels))
    assert tied.at(0.95).high - tied.estimate > 1.5 * (free.at(0.95).high - free.estimate)
    own = group_difference(values[:40], values[40:], [""] * 80)
    assert own.errors == free.errors


@pytest.mark.parametrize(
    ("values", "design", "wanted"),
    [
        ([1.0, 2.0], [[1.0], [1.0], [1.0]], (1.0,)),
        ([1.0, 2.0, 3.0], [[1.0, 2.0]] * 3, (0.0, 1.0)),
        ([1.0, 2.0], [[1.0, 0.0], [0.0, 1.0]], (1.0, -1.0)),
        ([1.0, 2.0, 3.0], [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], (1.0, -1.0)),
        ([1.0, np.nan, 3.0], [[1.0]] * 3, (1.0,)),
        ([1.0, 2.0, 3.0], [[1.0]] * 3, (1.0, 0.0)),
    ],
)
def test_what_tells_nothing_of_its_error_is_refused(values, design, wanted):
    with pytest.raises(ValueError):
        linear_contrast(np.array(values), np.array(design), wanted)


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [  # Newcombe 1998, table II, method 10
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_a_difference_of_two_samples_is_as_published(cells, low, high):
    found = difference_interval(*cells)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=CASES, deadline=None)
@given(COUNTS, COUNTS)
def test_a_difference_holds_its_estimate_and_mirrors(one, other):
    found, back = difference_interval(*one, *other), difference_interval(*other, *one)
    assert -1 - 1e-9 <= found.low < found.estimate + 1e-9 and found.high <= 1 + 1e-9
    assert found.low == pytest.approx(-back.high, abs=1e-12)
    assert found.high - found.low <= sum(
        wilson(*cell).high - wilson(*cell).low for cell in (one, other)
    )


def test_the_slope_interval_is_about_its_estimate_and_moves_with_it():
    rng = np.random.default_rng(4)
    x = rng.integers(1, 9, 150).astype(float)
    y = 0.2 * x + rng.normal(size=150)
    found = slope_interval(y, x, resamples=2000)
    assert found.estimate == pytest.approx(np.polyfit(x, y, 1)[0], abs=1e-9)
    assert found.low < found.estimate < found.high
    moved = slope_interval(y + 2 * x + 9, x, resamples=2000)
    assert moved.low == pytest.approx(found.low + 2, abs=1e-6)


def test_permutations_find_a_slope_and_agree_with_the_t_test_where_it_holds():
    rng = np.random.default_rng(5)
    x = rng.normal(size=80)
    assert slope_permutation(x * 3 + rng.normal(size=80), x, resamples=999) == 1 / 1000
    y = rng.normal(size=80) + 0.2 * x
    theirs = stats.linregress(x, y).pvalue
    assert slope_permutation(y, x, resamples=4000) == pytest.approx(theirs, abs=0.03)


@settings(max_examples=count(10, 200), deadline=None)
@given(st.integers(0, 10_000))
def test_permutations_know_neither_place_nor_scale_nor_sign(seed):
    rng = np.random.default_rng(seed)
    y, x = rng.integers(-1, 2, 30).astype(float), rng.integers(1, 6, 30).astype(float)
    if (x == x[0]).all():
        return
    p = slope_permutation(y, x, resamples=300)
    assert slope_permutation(8 * y + 1, 2 * x - 5, resamples=300) == p
    assert slope_permutation(-y, x, resamples=300) == p


def test_nothing_that_varies_has_no_slope_and_no_covariate_is_an_error():
    assert slope_permutation(np.ones(9), np.arange(9.0)) == 1.0
    for call in (slope_interval, slope_permutation):
        with pytest.raises(ValueError, match="one value alone"):
            call(np.arange(9.0), np.ones(9))
        with pytest.raises(ValueError, match="values for"):
            call(np.arange(9.0), np.ones(8))
