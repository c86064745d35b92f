"""The ratio of two means over items and seeds: its inversion, its oracle, what it refuses."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from llmx.stats import paired_two_level, ratio_two_level, two_level

seeds_of = st.integers(0, 2**16)


def lengths(seed, seeds=3, seed_sd=2.0, ratio=1.0):
    """Tokens of two arms, (items, seeds), whose seeds shift all lengths of an arm."""
    rng = np.random.default_rng(seed)
    base = rng.gamma(2, 10, (40, 1)) + 30
    first, second = base + rng.gamma(2, 5, (2, 40, seeds)) + rng.normal(0, seed_sd, (2, 1, seeds))
    return ratio * first, second


@given(seeds_of, st.integers(1, 4), st.floats(0.5, 2))
@settings(max_examples=count(20, 200), deadline=None)
def test_it_ends_where_the_p_value_falls_below_one_minus_the_level(seed, seeds, ratio):
    first, second = lengths(seed, seeds, ratio=ratio)
    found = ratio_two_level(first, second, 0.8)

    def p(ratio):
        return paired_two_level(first, ratio * second).p_value()

    assert found.low < found.estimate < found.high
    assert p(found.low + 1e-6) > 0.2 > p(found.low - 1e-6)
    assert p(found.high - 1e-6) > 0.2 > p(found.high + 1e-6)


@given(seeds_of)
@settings(max_examples=count(20, 200), deadline=None)
def test_one_seed_is_fiellers_interval(seed):
    """Oracle: the roots of (m1 - r m2)² = t² (v11 - 2 r v12 + r² v22) / n."""
    first, second = (table[:, 0] for table in lengths(seed, 1))
    found = ratio_two_level(first, second)
    c = np.cov(first, second) * student.ppf(0.975, 39) ** 2 / 40
    one, other = first.mean(), second.mean()
    roots = np.roots([other**2 - c[1, 1], -2 * (one * other - c[0, 1]), one**2 - c[0, 0]])
    assert [found.low, found.high] == pytest.approx(sorted(roots))


@given(seeds_of)
@settings(max_examples=count(20, 200), deadline=None)
def test_swapping_inverts_and_a_factor_multiplies(seed):
    first, second = lengths(seed)
    there, back = ratio_two_level(first, second), ratio_two_level(second, first)
    assert there.low == pytest.approx(1 / back.high, rel=1e-6)
    assert ratio_two_level(3 * first, second).high == pytest.approx(3 * there.high, rel=1e-9)


def test_it_decides_at_one_as_the_difference_does():
    first, second = lengths(4, ratio=1.1)
    for level in (0.5, 0.9, 0.99):
        gap = paired_two_level(first, second, level).interval
        assert ratio_two_level(first, second, level).above(1) == gap.above(0)


def test_seeds_that_disagree_widen_it():
    calm = ratio_two_level(*lengths(1, seed_sd=0.0))
    apart = ratio_two_level(*lengths(1, seed_sd=8.0))
    assert apart.high - apart.low > 2 * (calm.high - calm.low)


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_constant_factor_has_no_noise(seeds):
    _, second = lengths(2, seeds)
    found = ratio_two_level(1.5 * second, second)
    assert (found.low, found.estimate, found.high) == pytest.approx((1.5, 1.5, 1.5))


def test_a_wide_ratio_is_followed_as_far_as_it_goes():
    """A denominator that is hardly above 0: the upper edge lies many steps away."""
    first = np.full((30, 2), 10.0) + np.random.default_rng(0).normal(size=(30, 2))
    noise = np.random.default_rng(1).normal(size=(30, 1)).repeat(2, axis=1)
    reach = two_level(noise - noise.mean()).reach
    found = ratio_two_level(first, noise - noise.mean() + 1.001 * reach)
    assert found.high > 100 * found.estimate
    assert np.isfinite(found.high)


def test_what_may_be_zero_divides_nothing():
    first, second = lengths(3)
    with pytest.raises(ValueError, match="may be 0"):
        ratio_two_level(first, second - second.mean())
    with pytest.raises(ValueError, match="may be 0"):  # the seeds say so, the items do not
        ratio_two_level(first, second - second.mean() + np.array([0.0, 1.0, 20.0]))
    with pytest.raises(ValueError, match="shape"):
        ratio_two_level(first, second[:, :2])


@pytest.mark.parametrize("seed", range(3))
def test_the_signs_of_both_means_turn_the_interval_round_and_widen_nothing(seed):
    """A loss over a loss; the ends stay on their sides of the estimate."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(3, 1, (60, 3)), rng.normal(2, 1, (60, 3))
    there, back = ratio_two_level(first, second), ratio_two_level(-first, -second)
    assert (back.low, back.estimate, back.high) == pytest.approx(
        (there.low, there.estimate, there.high)
    )
    turned = ratio_two_level(first, -second)
    assert turned.low < turned.estimate < turned.high
    assert (turned.low, turned.high) == pytest.approx((-there.high, -there.low))
