import numpy as np
import pytest

from llmx.stats import ratio_of_means

RNG = np.random.default_rng(0)
LENGTHS = RNG.integers(20, 120, 200).astype(float)


def test_a_constant_factor_has_no_noise():
    found = ratio_of_means(1.5 * LENGTHS, LENGTHS)
    assert (found.low, found.estimate, found.high) == pytest.approx((1.5, 1.5, 1.5))


def test_swapping_inverts():
    other = LENGTHS + RNG.normal(0, 5, 200)
    there, back = ratio_of_means(LENGTHS, other), ratio_of_means(other, LENGTHS)
    assert there.estimate == pytest.approx(1 / back.estimate)
    assert there.low == pytest.approx(1 / back.high, rel=2e-3)


def test_pairing_narrows():
    other = LENGTHS + RNG.normal(0, 5, 200)
    paired = ratio_of_means(other, LENGTHS)
    loose = ratio_of_means(RNG.permutation(other), LENGTHS)
    assert paired.high - paired.low < 0.5 * (loose.high - loose.low)


def test_whole_clusters_are_drawn():
    other = LENGTHS + np.repeat(RNG.normal(0, 20, 10), 20)
    alone = ratio_of_means(other, LENGTHS)
    together = ratio_of_means(other, LENGTHS, clusters=list(np.repeat(range(10), 20)))
    assert together.high - together.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize(("one", "other"), [([1.0], [1.0, 2.0]), ([1.0], [0.0]), ([], [])])
def test_wrong_vectors(one, other):
    with pytest.raises(ValueError, match=r"length|above 0|non-empty"):
        ratio_of_means(one, other)
