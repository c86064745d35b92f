"""Means over items and seeds: the interval, its inversion, and equivalence built on it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from llmx.stats import equivalence, paired_score_interval, paired_two_level, two_level

seeds_of = st.integers(0, 2**16)
LEVELS = (0.8, 0.9, 0.95, 0.99)


def table(seed, items=30, seeds=3, seed_sd=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(items, seeds)) + seed_sd * rng.normal(size=seeds)


tables = st.builds(
    table, seeds_of, st.integers(2, 60), st.integers(1, 6), st.sampled_from([0.0, 0.3, 2.0])
)


def reach(values, level=0.95):
    """Half the width of Student's interval of some numbers, by scipy."""
    return student.ppf((1 + level) / 2, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5


@given(seeds_of)
def test_one_seed_is_the_ordinary_t_interval(seed):
    column = table(seed, seeds=1)[:, 0]
    found = two_level(column)
    low, high = student.interval(0.95, 29, column.mean(), column.std(ddof=1) / np.sqrt(30))
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))
    assert found.seed_sd is None


@given(tables, st.sampled_from(LEVELS))
def test_several_seeds_are_always_counted(values, level):
    """However alike the seeds look: never narrower than Student's over items, or over seeds."""
    found = two_level(values, level)
    if values.shape[1] > 1:
        assert found.reach >= reach(values.mean(0), level) * (1 - 1e-9)
    assert found.reach >= reach(values.mean(1), level) * (1 - 1e-9)
    assert found.interval.high - found.interval.low == pytest.approx(2 * found.reach)


def test_where_both_matter_it_is_wider_than_either_alone():
    items = np.linspace(-1.5, 1.5, 100)[:, None]
    values = items + 0.2 * np.linspace(-1, 1, 8) + 0.1 * table(3, items=100, seeds=8)
    found = two_level(values)
    assert found.reach > 1.1 * max(reach(values.mean(0)), reach(values.mean(1)))
    assert 7 < found.freedom < 99


@given(seeds_of)
def test_order_of_items_and_of_seeds_does_not_matter(seed):
    values = table(seed)
    rng = np.random.default_rng(seed)
    moved = values[rng.permutation(30)][:, rng.permutation(3)]
    first, second = two_level(values), two_level(moved)
    assert first.standard_error == pytest.approx(second.standard_error)
    assert first.freedom == second.freedom


@given(seeds_of, st.floats(0.1, 5), st.floats(-3, 3))
def test_scale_and_shift(seed, scale, shift):
    plain, moved = two_level(table(seed)), two_level(scale * table(seed) + shift)
    assert moved.interval.low == pytest.approx(scale * plain.interval.low + shift)
    assert moved.seed_sd == pytest.approx(scale * plain.seed_sd, abs=1e-9)


@given(seeds_of, st.integers(2, 60))
def test_equal_columns_hold_no_more_than_one(seed, items):
    column = table(seed, items, seeds=1)
    once, thrice = two_level(column), two_level(np.repeat(column, 3, axis=1))
    assert thrice.interval.low == pytest.approx(once.interval.low)
    assert (thrice.freedom, thrice.seed_sd) == (once.freedom, 0)


def test_a_shift_between_seeds_is_seen_and_widens():
    values = table(1, items=400)
    shifted = values - values.mean(0) + np.array([-1.0, 0.0, 1.0])
    assert two_level(shifted).seed_sd == pytest.approx(1.0, rel=0.01)
    assert two_level(shifted).standard_error > 5 * two_level(values).standard_error
    assert two_level(shifted).freedom == 2


def test_mean_squares_against_the_textbook():
    values = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 9.0]])
    found = two_level(values)
    # rows 1.5 4 6.5, columns 8/3 16/3, mean 4: mean squares 12.5, 32/3, 13/6 (by hand) with 2, 1
    # and 2 degrees of freedom; of both: 12.5 + 32/3 - 13/6 = 21, and 21² over the sum of squares
    # by degrees (78.125 + 113.78 + 2.35) is 2.27, rounded up.
    shown = [(one.standard_error, one.freedom) for one in found.errors]
    squares = [(12.5, 2), (32 / 3, 1), (21, 3)]
    assert shown == [pytest.approx((np.sqrt(square / 6), df)) for square, df in squares]
    # t of one degree of freedom is 12.7, of three 3.2: the seeds' own interval is the widest
    assert (found.standard_error, found.freedom) == pytest.approx((np.sqrt(32 / 3 / 6), 1))
    assert found.seed_sd == pytest.approx(np.sqrt((32 / 3 - 13 / 6) / 3))


@given(seeds_of)
def test_paired_is_the_difference(seed):
    first, second = table(seed), table(seed + 1)
    assert paired_two_level(first, second) == two_level(first - second)


@pytest.mark.parametrize("wrong", [[], [1.0], [[1.0, np.nan], [0, 0]], np.zeros((2, 0))])
def test_wrong_tables(wrong):
    with pytest.raises(ValueError, match="table"):
        two_level(wrong)


@given(tables, st.floats(-1, 1))
def test_the_interval_at_one_minus_p_ends_at_the_null(values, null):
    found = two_level(values)
    p = found.p_value(null)
    if 1e-6 < p < 1 - 1e-6:
        there = two_level(values, 1 - p).interval
        edge = there.low if null < there.estimate else there.high
        assert edge == pytest.approx(null, rel=1e-6, abs=1e-6)


@given(tables, st.floats(-1, 1), st.floats(0.001, 0.499))
def test_one_sided_p_and_interval_decide_alike(values, bound, alpha):
    """Away from the last digit, where the two sums round differently."""
    there = two_level(values, 1 - 2 * alpha).interval
    found = two_level(values)
    if min(abs(there.low - bound), abs(there.high - bound)) > 1e-7:
        assert (found.p_above(bound) < alpha) == there.above(bound)
        assert (found.p_below(bound) < alpha) == there.below(bound)


@given(tables, st.floats(-2, 2), st.floats(-2, 2))
def test_p_values_are_probabilities_that_fall_away_from_the_mean(values, one, other):
    found = two_level(values)
    mean = found.interval.estimate
    near, far = sorted([one, other], key=lambda bound: abs(bound - mean))
    assert 0 <= found.p_value(far) <= found.p_value(near) <= 1
    low, high = sorted([one, other])
    assert found.p_above(low) <= found.p_above(high)
    assert found.p_above(low) + found.p_below(low) == pytest.approx(1)
    assert min(found.p_above(one), found.p_below(one)) == pytest.approx(found.p_value(one) / 2)


@given(seeds_of, st.floats(-1, 1))
def test_p_of_one_seed_is_that_of_the_t_test(seed, null):
    column = table(seed, seeds=1)[:, 0]
    t = (column.mean() - null) / (column.std(ddof=1) / np.sqrt(30))
    assert two_level(column).p_value(null) == pytest.approx(2 * student.sf(abs(t), 29), abs=1e-12)
    assert two_level(column).p_above(null) == pytest.approx(student.sf(t, 29), abs=1e-12)


@pytest.mark.parametrize("seeds", [1, 3])
def test_p_values_where_nothing_varies(seeds):
    found = two_level(np.full((20, seeds), 0.5))
    assert (found.p_value(0.5), found.p_above(0.5), found.p_below(0.5)) == (1.0, 0.5, 0.5)
    assert (found.p_value(0.25), found.p_above(0.25), found.p_below(0.25)) == (0.0, 0.0, 1.0)
    assert (found.p_above(0.75), found.p_below(0.75)) == (1.0, 0.0)


def test_seeds_that_disagree_make_the_p_value_large():
    """Every item says that the arms differ; the three trainings say that they need not."""
    gaps = 0.1 * table(2, items=500) + np.array([0.3, 0.05, -0.05])
    assert two_level(gaps.mean(1)).p_value() < 1e-10
    assert two_level(gaps).p_value() > 0.3


@given(tables, st.floats(0.05, 1), st.sampled_from([0.01, 0.05, 0.1]))
def test_decision_and_interval_and_p_agree(values, margin, alpha):
    found = equivalence(values, margin, alpha=alpha)
    assert found.equivalent == (found.p_equivalent < alpha)
    assert found.non_inferior == (found.p_non_inferior < alpha)
    assert found.equivalent <= found.non_inferior


@given(seeds_of, st.floats(0.05, 1))
def test_equivalence_does_not_depend_on_who_is_first(seed, margin):
    there, back = equivalence(table(seed), margin), equivalence(-table(seed), margin)
    assert there.p_equivalent == pytest.approx(back.p_equivalent)


def test_equivalence_counts_seeds_unless_it_is_given_the_items_means():
    values = 0.3 * table(5, items=400) + np.array([0.0, 0.06, -0.06])
    assert not equivalence(values, 0.05).equivalent
    assert equivalence(values.mean(1), 0.05).equivalent
    assert equivalence(values, 0.05).interval == two_level(values, 0.9).interval
    assert equivalence(values.mean(1), 0.05).interval == two_level(values.mean(1), 0.9).interval


def test_means_over_seeds_of_right_and_wrong_are_no_counts():
    """Thirds are no outcomes: Student's over items, whatever Tango would make of their signs."""
    gaps = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], p=[0.1, 0.8, 0.1], size=(300, 3))
    found = equivalence(gaps.mean(1), 0.05)
    assert found.interval == two_level(gaps.mean(1), 0.9).interval
    one = equivalence(gaps[:, 0], 0.05).interval
    gained, lost = int((gaps[:, 0] > 0).sum()), int((gaps[:, 0] < 0).sum())
    assert one == paired_score_interval(gained, lost, 300, 0.9)


@pytest.mark.parametrize("n", [20, 100, 1000])
def test_none_seen_is_not_none_there(n):
    found = equivalence(np.zeros(n), 0.02)
    assert found.interval == paired_score_interval(0, 0, n, 0.9)
    assert found.equivalent == (found.p_equivalent < 0.05)
    assert found.equivalent == (n >= 1000)


@pytest.mark.parametrize(("margin", "alpha"), [(0, 0.05), (-1, 0.05), (0.1, 0.5), (0.1, 0)])
def test_wrong_margins(margin, alpha):
    with pytest.raises(ValueError, match="margin"):
        equivalence([0.0, 1.0], margin, alpha=alpha)
