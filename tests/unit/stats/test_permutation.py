import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test as oracle

from llmx.stats import mcnemar_exact, permutation_test

signs = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=40)


@given(signs)
def test_right_or_wrong_data_give_the_exact_mcnemar_test(gaps):
    better, worse = gaps.count(1.0), gaps.count(-1.0)
    wanted = mcnemar_exact(better, worse)
    assert permutation_test(gaps) == wanted


@pytest.mark.parametrize(("better", "worse"), [(8, 6), (4, 11), (20, 12), (40, 60)])
def test_enumerated_or_drawn_it_is_near_the_exact_test(better, worse):
    """One unit differs a little more than the others: the law is all but the binomial."""
    gaps = [1.0] * better + [-1.0] * (worse - 1) + [-1.0 - 1e-12]
    assert permutation_test(gaps) == pytest.approx(mcnemar_exact(better, worse), abs=0.02)


# Sixty-fourths add up without rounding: a sum that is zero is zero for the oracle too.
@given(st.lists(st.integers(-320, 320).map(lambda x: x / 64), min_size=2, max_size=10))
def test_few_units_agree_with_scipy(gaps):
    wanted = oracle(
        (np.array(gaps), np.zeros(len(gaps))),
        lambda a, b, axis: np.mean(a - b, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    ).pvalue
    found = permutation_test(gaps)
    # A unit that does not differ changes nothing, and scipy enumerates it twice.
    assert found == pytest.approx(wanted, abs=1e-9)


@given(signs, st.integers(0, 3))
def test_neither_sign_nor_order_matter(gaps, seed):
    value = permutation_test(gaps[:16])
    shuffled = np.random.default_rng(seed).permutation(gaps[:16])
    assert permutation_test(-np.array(gaps[:16])) == pytest.approx(value)
    assert permutation_test(shuffled) == pytest.approx(value)


def test_items_of_one_cluster_flip_together():
    gaps = [1.0] * 10
    assert permutation_test(gaps) == pytest.approx(2 / 2**10)
    assert permutation_test(gaps, clusters=["a"] * 5 + ["b"] * 5) == pytest.approx(2 / 2**2)


def test_a_drawn_p_value_is_never_zero():
    assert permutation_test([1.0] * 60 + [0.5], resamples=999) == pytest.approx(1 / 1000)


def test_no_difference_at_all():
    assert permutation_test([0.0, 0.0]) == 1.0
