"""Intervals and margins of graded values, above all where nothing varies."""

from math import isinf

import numpy as np
import pytest

from llmx.stats.crossed import two_level
from llmx.stats.graded import graded_equivalence, graded_interval, varied
from llmx.stats.proportion import wilson

SIZES = (1, 2, 5, 40, 1000)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_of_ones_and_noughts_alone_it_is_wilsons_interval(n, level):
    for right in (0, n):
        found = graded_interval(np.full(n, right / n), 0.0, 1.0, level)
        wanted = wilson(right, n, level)
        assert found is not None
        assert (found.low, found.estimate, found.high) == pytest.approx(
            (wanted.low, wanted.estimate, wanted.high), abs=1e-12
        )


def test_what_varies_gets_students_interval_within_its_bounds():
    values = np.random.default_rng(0).beta(0.3, 0.3, (30, 3))
    plain = two_level(values).interval
    assert graded_interval(values) == plain
    low, high = plain.estimate - 0.01, plain.estimate + 0.02
    found = graded_interval(values, low, high)
    assert found is not None
    assert (found.low, found.estimate, found.high) == (low, plain.estimate, high)


@pytest.mark.parametrize("bounds", [(None, None), (0.0, None), (None, 9.0)])
def test_values_that_are_all_alike_say_nothing_without_bounds(bounds):
    assert graded_interval(np.full(50, 3.0), *bounds) is None
    one = graded_equivalence(np.full(50, 0.0), 0.1, None)
    assert isinf(one.interval.low) and isinf(one.interval.high)
    assert not one.equivalent and one.p_equivalent == 1.0


def test_the_unit_does_not_matter():
    dice = np.random.default_rng(1)
    for table in (dice.random(20), dice.random((9, 2)), np.full(7, 0.25)):
        one, other = graded_interval(table, 0.0, 1.0), graded_interval(50 * table + 3, 3.0, 53.0)
        assert one is not None and other is not None
        ends = [50 * end + 3 for end in (one.low, one.estimate, one.high)]
        assert [other.low, other.estimate, other.high] == pytest.approx(ends)
        near = graded_equivalence(table - 0.5, 0.6, 1.0)
        far = graded_equivalence(50 * (table - 0.5), 30.0, 50.0)
        assert far.p_equivalent == pytest.approx(near.p_equivalent)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("gap", [-0.3, -0.05, 0.0, 0.04, 0.5])
def test_the_p_value_says_what_the_interval_says(n, gap):
    """At 5 %: of differences that are all alike too."""
    for margin in np.linspace(0.01, 0.9, 23):
        found = graded_equivalence(np.full(n, gap), margin, 1.0)
        assert (found.p_equivalent < 0.05) == found.equivalent
        assert (found.p_non_inferior < 0.05) == found.non_inferior
        assert found.p_non_inferior <= found.p_equivalent


def test_equal_arms_are_known_to_be_so_only_with_enough_problems():
    """Nobody disagreed on two problems: that says next to nothing."""
    assert not graded_equivalence(np.zeros(2), 0.1, 1.0).equivalent
    assert graded_equivalence(np.zeros(200), 0.1, 1.0).equivalent


def test_the_interval_holds_the_mean_as_often_as_it_says():
    """Skewed values in [0, 1], most of them near 0, in small tables too."""
    dice, level, runs = np.random.default_rng(2), 0.9, 600
    for n in (30, 100):
        held = 0
        for _ in range(runs):
            found = graded_interval(dice.beta(0.6, 1.8, n), 0.0, 1.0, level)
            assert found is not None
            held += found.low <= 0.25 <= found.high
        assert held / runs >= level - 3 * (level * (1 - level) / runs) ** 0.5


@pytest.mark.parametrize(("margin", "alpha"), [(0.0, 0.05), (-1.0, 0.05), (0.1, 0.0), (0.1, 0.5)])
def test_a_margin_or_a_level_that_is_none_is_refused(margin, alpha):
    with pytest.raises(ValueError, match="margin"):
        graded_equivalence(np.zeros(3), margin, 1.0, alpha=alpha)


def test_rounding_is_no_variation():
    assert not varied(np.array([0.1 + 0.2, 0.3, 0.3]))
    assert not varied(np.array([[0.5, 0.7]]))  # one item says nothing of others
    assert varied(np.array([0.3, 0.31]))
