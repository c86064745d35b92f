import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from llmx.stats import equivalence, paired_score_interval, paired_two_level, two_level

seeds_of = st.integers(0, 2**16)


def table(seed, items=30, seeds=3):
    return np.random.default_rng(seed).normal(size=(items, seeds))


@given(seeds_of)
def test_one_seed_is_the_ordinary_t_interval(seed):
    column = table(seed, seeds=1)[:, 0]
    found = two_level(column)
    low, high = student.interval(0.95, 29, column.mean(), column.std(ddof=1) / np.sqrt(30))
    assert (found.interval.low, found.interval.high) == pytest.approx((low, high))
    assert found.seed_sd is None


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


@given(seeds_of)
def test_equal_columns_hold_no_more_than_one(seed):
    column = table(seed, seeds=1)
    once, thrice = two_level(column), two_level(np.repeat(column, 3, axis=1))
    assert thrice.standard_error == pytest.approx(once.standard_error)
    assert thrice.seed_sd == 0


def test_a_shift_between_seeds_is_seen_and_widens():
    values = table(1, items=400)
    shifted = values - values.mean(0) + np.array([-1.0, 0.0, 1.0])
    assert two_level(shifted).seed_sd == pytest.approx(1.0, rel=0.01)
    assert two_level(shifted).standard_error > 5 * two_level(values).standard_error
    assert two_level(shifted).freedom == 2


def test_mean_squares_against_the_textbook():
    values = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 9.0]])
    found = two_level(values)
    # rows 1.5 4 6.5, columns 8/3 16/3, mean 4: mean squares 12.5, 32/3, 13/6 (by hand); Student's
    # over two seeds (one degree of freedom) is wider than Satterthwaite's
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


@given(seeds_of, st.floats(0.05, 1), st.sampled_from([0.01, 0.05, 0.1]))
def test_decision_and_interval_and_p_agree(seed, margin, alpha):
    found = equivalence(table(seed), margin, alpha=alpha)
    assert found.equivalent == (found.p_equivalent < alpha)
    assert found.non_inferior == (found.p_non_inferior < alpha)
    assert found.equivalent <= found.non_inferior


@given(seeds_of, st.floats(0.05, 1))
def test_equivalence_does_not_depend_on_who_is_first(seed, margin):
    there, back = equivalence(table(seed), margin), equivalence(-table(seed), margin)
    assert there.p_equivalent == pytest.approx(back.p_equivalent)


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
