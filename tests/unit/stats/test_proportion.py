"""Score intervals: laws, oracles, exact coverage."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from llmx.stats import paired_score_interval, wilson

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts)
def test_wilson_holds_the_estimate_and_stays_in_range(pair):
    successes, n = pair
    interval = wilson(successes, n)
    assert 0 <= interval.low <= interval.estimate <= interval.high <= 1
    assert interval.low < interval.high


@given(counts)
def test_wilson_mirrors_successes_and_failures(pair):
    successes, n = pair
    one, other = wilson(successes, n), wilson(n - successes, n)
    assert one.low == pytest.approx(1 - other.high, abs=1e-12)


@given(counts, st.floats(0.5, 0.9))
def test_wilson_widens_with_the_level(pair, level):
    assert wilson(*pair, level=level).high <= wilson(*pair, level=level + 0.09).high


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(("successes", "n"), [(0, 7), (7, 7), (81, 263), (1, 1), (499, 1000)])
def test_wilson_agrees_with_scipy(successes, n, level):
    oracle = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    found = wilson(successes, n, level)
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high), abs=1e-9)


@pytest.mark.parametrize("n", [40, 100, 400])
def test_wilson_covers_95_percent_averaged_over_p(n):
    """Exact: coverage is a sum over outcomes; Wilson promises it on average, not at every p."""
    intervals = [wilson(k, n) for k in range(n + 1)]
    grid = np.linspace(0.02, 0.98, 481)
    coverage = [
        sum(
            weight
            for weight, i in zip(stats.binom.pmf(range(n + 1), n, p), intervals, strict=True)
            if i.low <= p <= i.high
        )
        for p in grid
    ]
    assert 0.94 < np.mean(coverage) < 0.96


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, 0), (1, -1)])
def test_wilson_refuses_what_is_no_proportion(successes, n):
    with pytest.raises(ValueError, match="not a proportion"):
        wilson(successes, n)


@pytest.mark.parametrize("level", [0, 1, -0.5, 95])
def test_wilson_refuses_a_level_that_is_no_probability(level):
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level)


discordant = st.integers(1, 400).flatmap(
    lambda n: st.integers(0, n).flatmap(
        lambda b: st.tuples(st.just(b), st.integers(0, n - b), st.just(n))
    )
)


@given(discordant)
def test_paired_interval_holds_the_estimate_and_stays_in_range(counts):
    found = paired_score_interval(*counts)
    assert -1 <= found.low <= found.estimate + 1e-12
    assert found.estimate - 1e-12 <= found.high <= 1
    assert found.low < found.high


@given(discordant)
def test_paired_interval_is_antisymmetric(counts):
    b, c, n = counts
    one, other = paired_score_interval(b, c, n), paired_score_interval(c, b, n)
    assert (one.low, one.high) == pytest.approx((-other.high, -other.low), abs=1e-12)


@pytest.mark.parametrize("n", [1, 20, 500])
def test_paired_interval_without_discordance_has_its_closed_form(n):
    z = stats.norm.ppf(0.975)
    found = paired_score_interval(0, 0, n)
    assert (found.low, found.high) == pytest.approx((-z * z / (n + z * z), z * z / (n + z * z)))


@pytest.mark.parametrize(
    ("gained", "lost", "n"), [(10, 3, 100), (1, 14, 60), (5, 5, 30), (0, 9, 50), (30, 20, 50)]
)
def test_paired_interval_ends_where_the_score_test_turns(gained, lost, n):
    """Oracle: the restricted maximum likelihood found by search, not by Tango's formula."""

    def score(difference):
        def loss(q):  # q = P(wrong here, right there)
            same = 1 - 2 * q - difference
            parts = [(gained, q + difference), (lost, q), (n - gained - lost, same)]
            return -sum(k * np.log(max(p, 1e-300)) for k, p in parts if k)

        low, high = max(0.0, -difference), (1 - difference) / 2
        q = optimize.minimize_scalar(
            loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12}
        ).x
        variance = n * (2 * q + difference * (1 - difference))
        return (gained - lost - n * difference) / np.sqrt(variance)

    found = paired_score_interval(gained, lost, n)
    z = stats.norm.ppf(0.975)
    if found.high < 1 - 1e-6:
        assert score(found.high) == pytest.approx(-z, abs=1e-3)
    if found.low > -1 + 1e-6:
        assert score(found.low) == pytest.approx(z, abs=1e-3)


@pytest.mark.parametrize(
    ("b_rate", "c_rate", "n"), [(0.1, 0.1, 80), (0.12, 0.06, 100), (0.3, 0.1, 50)]
)
def test_paired_interval_covers_95_percent(b_rate, c_rate, n):
    """Exact, by enumeration of all discordant counts."""
    covered = total = 0.0
    for b in range(n + 1):
        for c in range(n + 1 - b):
            ways = comb(n, b) * comb(n - b, c)
            weight = ways * b_rate**b * c_rate**c * (1 - b_rate - c_rate) ** (n - b - c)
            if weight < 1e-9:
                continue
            total += weight
            found = paired_score_interval(b, c, n)
            covered += weight * (found.low <= b_rate - c_rate <= found.high)
    assert total == pytest.approx(1, abs=1e-5)
    assert 0.94 < covered / total < 0.96


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)], ids=str)
def test_paired_interval_refuses_impossible_counts(counts):
    with pytest.raises(ValueError, match="do not fit"):
        paired_score_interval(*counts)
