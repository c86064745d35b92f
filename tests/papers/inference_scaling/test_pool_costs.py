"""Costs of methods on a pool: against runs that are counted token by token."""

from itertools import combinations

import drawn_pools as pools
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.papers.inference_scaling import costs
from llmx.papers.inference_scaling.costs import ATTENTION_FROM, ModelCost, flops
from llmx.papers.inference_scaling.estimators import early_stop, kept_of, majority
from llmx.papers.inference_scaling.points import COSTS

MODEL = ModelCost(1000, layers=2, width=8, price_in=3.0, price_out=5.0)


def counted(one, lengths, total):
    """Count a run whose draws end after so many tokens, side by side."""
    sent, cached, work = 0, 0, 0.0
    for place, length in enumerate(lengths):
        sent += one.prompt
        cached += one.prompt if place else 0
        first = one.prompt if place else 0  # the prompt is computed once
        for position in range(first, one.prompt + length):
            work += 2 * MODEL.parameters
            if position >= ATTENTION_FROM:
                work += 4 * MODEL.layers * MODEL.width * (position + 1)
    money = (sent * MODEL.price_in + sum(lengths) * MODEL.price_out) / 1e6
    return np.array([sent, cached, sum(lengths), len(lengths), total, work, money])


KINDS = ("prompt", "cached", "completion", "calls", "longest", "flops", "money")


def over_runs(one, size, of):
    runs = (of(sorted(subset)) for subset in combinations(one.tokens.tolist(), size))
    return np.mean([counted(one, *run) for run in runs], axis=0)


def found(point):
    return [float(point.costs[kind][0]) for kind in KINDS]


@given(pools.drawn(most=6), st.integers(0, 9))
def test_draws_side_by_side_cost_what_is_counted(one, prompt):
    given_pool = pools.pool(one.classes.tolist(), None, one.tokens, prompt=prompt)
    for point in majority([given_pool], range(1, one.draws + 1), model=MODEL):
        wanted = over_runs(given_pool, point.size, lambda run: (run, max(run)))
        assert found(point) == pytest.approx(wanted.tolist())


@given(pools.drawn(most=6), st.sampled_from([0.3, 0.5, 0.8]))
def test_draws_that_are_stopped_cost_what_is_counted(one, keep):
    for point in early_stop([one], range(1, one.draws + 1), keep=keep, model=MODEL):
        first = kept_of(point.size, keep)

        def of(run, first=first):
            return [min(length, run[first - 1]) for length in run], run[first - 1]

        wanted = over_runs(one, point.size, of)
        assert found(point) == pytest.approx(wanted.tolist())


@pytest.mark.parametrize("prompt", [0, ATTENTION_FROM - 3, ATTENTION_FROM, ATTENTION_FROM + 50])
def test_attention_counts_from_its_position_on(prompt):
    one = pools.pool([0, 1], tokens=[2, 9], prompt=prompt)
    for point in majority([one], [1, 2], model=MODEL):
        wanted = over_runs(one, point.size, lambda run: (run, max(run)))
        assert found(point) == pytest.approx(wanted.tolist())


def test_two_operations_a_parameter_and_token():
    assert flops(ModelCost(70), 5, [0, 1, 10]).tolist() == [0, 140, 1400]
    long = flops(ModelCost(70, layers=1, width=1), ATTENTION_FROM, 1)
    assert float(long) == 140 + 4 * (ATTENTION_FROM + 1)


def test_draws_in_turn_wait_for_each_other():
    one = pools.pool([0, 1], prompt=10)
    spent = costs.in_turn(one, 2.5, 60.0, 777.0, MODEL)
    assert spent["prompt"] == 25
    assert spent["cached"] == 15
    assert spent["longest"] == spent["completion"] == 60
    assert spent["flops"] == 777 + 2 * 1000 * 10
    assert spent["money"] == pytest.approx((25 * 3 + 60 * 5) / 1e6)


def test_what_nobody_counted_is_left_out():
    point = majority([pools.pool([0, 1])], [2])[0]
    assert set(point.costs) == {"prompt", "cached", "completion", "calls", "longest"}
    half = majority([pools.pool([0, 1])], [2], model=ModelCost(price_in=1.0))[0]
    assert "money" not in half.costs
    whole = majority([pools.pool([0, 1])], [2], model=MODEL)[0]
    assert set(whole.costs) == set(COSTS) - {"seconds"}
