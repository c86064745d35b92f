"""The conditional logit against enumeration of all sets, scipy's optimum and its own law."""

from functools import partial
from itertools import combinations

import numpy as np
import pytest
from counts import THOROUGH, count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from llmx.stats.bootstrap import bootstrap
from llmx.stats.conditional_logit import conditional_logit


def drawn(seed, sizes, features=2, beta=(0.0, 0.0)):
    rng = np.random.default_rng(seed)
    problem = np.repeat(np.arange(len(sizes)), sizes)
    x = rng.normal(size=(len(problem), features))
    odds = rng.normal(size=len(sizes))[problem] * 2 + x @ np.asarray(beta)
    return problem, rng.random(len(problem)) < 1 / (1 + np.exp(-odds)), x


def weight(found, place, sums):
    return found.one_step(sums)[..., place]


def by_enumeration(problem, correct, x, beta, ridge=0.0):
    """The log-likelihood as it is defined: over all sets of as many draws as are right."""
    total = -ridge * beta @ beta / 2
    for one in np.unique(problem):
        at = np.flatnonzero(problem == one)
        odds, right = x[at] @ beta, correct[at]
        sets = combinations(range(len(at)), int(right.sum()))
        total += odds[right].sum() - np.log(sum(np.exp(odds[list(s)].sum()) for s in sets))
    return float(total)


@settings(max_examples=count(25, 500), deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 7), min_size=3, max_size=8),
    st.sampled_from([0.1, 1.0]),
)
def test_the_fit_is_the_optimum_of_the_enumerated_likelihood(seed, sizes, ridge):
    problem, correct, x = drawn(seed, sizes)
    found = conditional_logit(problem, correct, x, ridge=ridge)
    best = minimize(
        lambda beta: -by_enumeration(problem, correct, x, beta, ridge), np.zeros(2), tol=1e-12
    )
    assert found.converged
    assert found.weights == pytest.approx(best.x, abs=1e-4)


def test_gradient_and_information_are_the_derivatives_of_the_likelihood():
    problem, correct, x = drawn(3, [5, 6, 7, 3, 6])
    found = conditional_logit(problem, correct, x, ridge=0.5)
    step = 1e-4 * np.eye(2)

    def at(*moves):
        return by_enumeration(problem, correct, x, found.weights + sum(moves))

    gradient = [(at(one) - at(-one)) / 2e-4 for one in step]
    second = [[(at(a, b) - at(a, -b) - at(-a, b) + at(-a, -b)) / 4e-8 for b in step] for a in step]
    assert found.gradient.sum(axis=0) == pytest.approx(np.array(gradient), abs=1e-5)
    assert found.information.sum(axis=0) == pytest.approx(-np.array(second), abs=1e-3)


def test_what_is_alike_in_a_problem_changes_nothing():
    problem, correct, x = drawn(5, [6] * 12)
    shifted = x + np.random.default_rng(1).normal(size=(12, 2))[problem] * 50
    first, second = (conditional_logit(problem, correct, one) for one in (x, shifted))
    assert first.weights == pytest.approx(second.weights, abs=1e-8)


def test_the_order_of_draws_and_problems_changes_nothing():
    problem, correct, x = drawn(6, [6, 3, 8, 5, 7, 2])
    order = np.random.default_rng(2).permutation(len(problem))
    first = conditional_logit(problem, correct, x)
    second = conditional_logit(problem[order], correct[order], x[order])
    assert first.weights == pytest.approx(second.weights, abs=1e-9)


def test_intervals_hold_planted_weights_as_often_as_they_say():
    truth, held, runs = (0.6, 0.0), [0, 0], count(60, 1000)
    for seed in range(runs):
        found = conditional_logit(*drawn(seed, [8] * 60, beta=truth))
        for place in range(2):
            interval = bootstrap(found.columns, partial(weight, found, place), resamples=500)
            held[place] += interval.low < truth[place] < interval.high
            assert interval.estimate == pytest.approx(found.weights[place], abs=1e-4)
    print(f"held {held} of {runs}")
    assert min(held) / runs >= (0.94 if THOROUGH else 0.9)


def test_one_step_is_close_to_a_fit_of_the_resample():
    problem, correct, x = drawn(8, [8] * 60, beta=(0.5, -0.5))
    found = conditional_logit(problem, correct, x)
    kept = problem < 40
    again = conditional_logit(problem[kept], correct[kept], x[kept]).weights
    one = found.one_step(found.columns[found.problems < 40].sum(axis=0))
    assert one == pytest.approx(again, abs=0.05)
    assert np.abs(again - found.weights).max() > 0.05


def test_features_that_tell_all_leave_no_best_weight():
    problem, correct, x = drawn(9, [6] * 10)
    told = np.stack([correct.astype(float), x[:, 0]], axis=1)
    assert not conditional_logit(problem, correct, told).converged
    assert conditional_logit(problem, correct, told, ridge=1.0).converged


def test_what_never_differs_within_a_problem_is_not_known():
    problem, correct, x = drawn(10, [6] * 10)
    found = conditional_logit(problem, correct, np.stack([x[:, 0], problem * 1.0], axis=1))
    assert found.converged
    assert found.known.tolist() == [True, False]
    assert found.weights[1] == 0
    alone = conditional_logit(problem, correct, x[:, :1])
    assert found.weights[0] == pytest.approx(alone.weights[0])


def test_without_mixed_problems_nothing_is_known():
    problem, x = np.repeat([0, 1], 3), np.ones((6, 2))
    found = conditional_logit(problem, problem > 0, x)
    assert (len(found.problems), found.weights.tolist()) == (0, [0.0, 0.0])
    assert not found.known.any()
    empty = conditional_logit(problem[:0], problem[:0] > 0, x[:0])
    assert empty.weights.tolist() == [0.0, 0.0]


def test_large_odds_do_not_run_over():
    problem, correct, x = drawn(11, [64] * 5)
    found = conditional_logit(problem, correct, 300 * x)
    assert np.isfinite(found.weights).all()
    assert 300 * found.weights == pytest.approx(
        conditional_logit(problem, correct, x).weights, abs=1e-6
    )


def test_numbers_that_are_not_finite_are_refused():
    with pytest.raises(ValueError, match="finite"):
        conditional_logit(np.zeros(2, dtype=int), np.array([True, False]), np.full((2, 1), np.nan))
