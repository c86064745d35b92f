"""McNemar's test: laws, scipy, the true level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from llmx.stats import mcnemar_exact, mcnemar_midp

count = st.integers(0, 300)


@given(count, count)
def test_exact_agrees_with_scipy(b, c):
    oracle = stats.binomtest(b, b + c, 0.5).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c) == pytest.approx(oracle, rel=1e-9)


@given(count, count)
def test_both_are_symmetric_probabilities(b, c):
    for test in (mcnemar_exact, mcnemar_midp):
        assert 0 <= test(b, c) <= 1
        assert test(b, c) == test(c, b)


@given(count, count)
def test_midp_is_never_above_exact(b, c):
    assert mcnemar_midp(b, c) <= mcnemar_exact(b, c)


@given(st.integers(1, 200), st.integers(0, 100))
def test_a_more_uneven_split_is_less_likely(b, c):
    assert mcnemar_exact(b + c + 1, c) <= mcnemar_exact(b + c, c)


@pytest.mark.parametrize(
    ("b", "c", "exact", "midp"),
    [
        (0, 0, 1.0, 0.5),
        (1, 1, 1.0, 0.75),
        (0, 5, 2 / 32, 1 / 32),
        (0, 6, 2 / 64, 1 / 64),
        (1, 7, 18 / 256, 10 / 256),  # Fagerland 2013, table 1: 0.0703 and 0.0391
    ],
)
def test_known_values(b, c, exact, midp):
    assert (mcnemar_exact(b, c), mcnemar_midp(b, c)) == pytest.approx((exact, midp))


@pytest.mark.parametrize("pairs", [5, 6, 20, 75, 200])
def test_exact_keeps_its_level(pairs):
    """Exact: the probability under H0 of p <= 0.05, over all splits."""
    level = sum(
        stats.binom.pmf(b, pairs, 0.5)
        for b in range(pairs + 1)
        if mcnemar_exact(b, pairs - b) <= 0.05
    )
    assert level <= 0.05


def test_thousands_of_pairs_stay_finite():
    assert 0 < mcnemar_exact(4_800, 5_200) < 0.001


@pytest.mark.parametrize("test", [mcnemar_exact, mcnemar_midp])
@pytest.mark.parametrize(("b", "c"), [(-1, 3), (3, -1)])
def test_negative_counts_are_refused(test, b, c):
    with pytest.raises(ValueError, match="negative"):
        test(b, c)
