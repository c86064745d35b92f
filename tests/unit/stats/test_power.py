"""What n problems can see."""

import subprocess
import sys
from math import comb

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from llmx.stats import mcnemar_exact, mcnemar_power, minimum_detectable_effect


@pytest.mark.parametrize(
    ("n", "rate", "difference"), [(12, 0.5, 0.3), (15, 0.9, 0.0), (10, 0.4, 0.4), (14, 1.0, 0.6)]
)
def test_power_is_the_sum_over_all_outcomes(n, rate, difference):
    gain, loss = (rate + difference) / 2, (rate - difference) / 2
    expected = sum(
        comb(n, b) * comb(n - b, c) * gain**b * loss**c * (1 - rate) ** (n - b - c)
        for b in range(n + 1)
        for c in range(n + 1 - b)
        if mcnemar_exact(b, c) <= 0.05
    )
    assert mcnemar_power(n, rate, difference) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("n", "rate", "difference"), [(200, 0.2, 0.09), (2000, 1.0, 0.8)])
def test_power_agrees_with_scipy_at_sizes_where_terms_underflow(n, rate, difference):
    pairs = np.arange(n + 1)
    favour = (1 + difference / rate) / 2
    limits = stats.binom.ppf(0.025, pairs, 0.5).astype(int)
    limits -= 2 * stats.binom.cdf(limits, pairs, 0.5) > 0.05
    hits = stats.binom.cdf(limits, pairs, favour) + stats.binom.cdf(limits, pairs, 1 - favour)
    expected = float((stats.binom.pmf(pairs, n, rate) * hits).sum())
    assert mcnemar_power(n, rate, difference) == pytest.approx(expected, abs=1e-7)


@given(st.integers(20, 800), st.floats(0.02, 0.6))
@settings(max_examples=count(30, 500))
def test_the_effect_is_the_smallest_with_the_asked_power(n, rate):
    effect = minimum_detectable_effect(n, rate)
    assert mcnemar_power(n, max(rate, effect), effect) >= 0.8
    smaller = effect - 2e-4
    assert mcnemar_power(n, max(rate, smaller), smaller) < 0.8


@given(st.integers(10, 500), st.floats(0.05, 0.6))
@settings(max_examples=count(30, 500))
def test_more_problems_see_smaller_effects(n, rate):
    assert minimum_detectable_effect(2 * n, rate) < minimum_detectable_effect(n, rate)


@pytest.mark.parametrize("n", [150, 1000])
def test_it_is_near_connors_approximation_and_never_below_it(n):
    """Connor 1987: n = (1.96 √ψ + 0.84 √(ψ - δ²))² / δ²; the exact test needs a little more."""
    found = minimum_detectable_effect(n, 0.2)
    need = (1.959964 * 0.2**0.5 + 0.841621 * (0.2 - found**2) ** 0.5) ** 2 / found**2
    assert 0.85 * n < need <= n


def test_accuracy_stands_for_independent_errors():
    assert minimum_detectable_effect(300, p=0.3) == minimum_detectable_effect(300, 0.42)


@pytest.mark.parametrize("n", [1, 5])
def test_too_few_problems_see_nothing(n):
    assert minimum_detectable_effect(n, 0.5) == 1.0


@pytest.mark.parametrize(
    "arguments",
    [
        {"n": 100},
        {"n": 100, "discordant_rate": 0.1, "p": 0.5},
        {"n": 0, "discordant_rate": 0.1},
        {"n": 100, "discordant_rate": 1.1},
        {"n": 100, "discordant_rate": 0.1, "power": 1.0},
        {"n": 100, "discordant_rate": 0.1, "level": 0.0},
    ],
    ids=str,
)
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=r"exactly one|out of range"):
        minimum_detectable_effect(**arguments)


@pytest.mark.parametrize(("rate", "difference"), [(1.5, 0.1), (0.0, 0.0), (0.2, 0.3), (0.2, -0.3)])
def test_a_difference_beyond_its_discordant_pairs_is_refused(rate, difference):
    with pytest.raises(ValueError, match="needs a discordant rate"):
        mcnemar_power(50, rate, difference)
    assert 0 <= mcnemar_power(50, 1.0, 1.0) <= 1


def test_the_plan_gets_it_without_numpy():
    code = (
        "import sys; from llmx.stats import minimum_detectable_effect as m; m(99, 0.2);"
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
