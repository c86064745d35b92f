"""Costs of methods on a pool: against runs that are counted token by token."""

from itertools import combinations
from types import SimpleNamespace

import drawn_pools as pools
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.record import Record, Sample
from llmx.core.spec import EngineSpec
from llmx.papers.inference_scaling import costs
from llmx.papers.inference_scaling.costs import ModelCost, flops
from llmx.papers.inference_scaling.estimators import early_stop, kept_of, majority
from llmx.papers.inference_scaling.gathered import LiveOutcomes, outcomes_in
from llmx.papers.inference_scaling.points import COSTS
from llmx.stages.expense import ATTENTION_FROM, drawn, expense_of
from llmx.stages.live import row
from llmx.store.files import write_lines

PROBLEM = SimpleNamespace(sample=Sample(id="a", question="", answer=""))
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


# ---- calls


def call(name, prompt, tokens, cached=0):
    """One call; `cached` tokens of its prompt were found in a cache."""
    held = EngineSpec(keep_cost=True).cost(prompt, tokens, cached=cached)
    told = {"prompt_tokens": prompt, "completion_tokens": tokens, "cost": held}
    return Record(
        id=name,
        prompt_ids=(),
        completion_ids=(),
        prompt="",
        text="",
        finish="eos",
        rounds=0,
        **told,
    )


def priced(tmp_path, *expenses):
    """Return the FLOPs of one method on problems that took so much."""
    made = [row(PROBLEM, "way", 2, 1.0, one, unparsed=0.0, cut=0.0) for one in expenses]
    write_lines(tmp_path / "outcomes.jsonl", made)
    (only,) = outcomes_in(tmp_path / "outcomes.jsonl", "arm", MODEL)
    assert isinstance(only, LiveOutcomes)
    return only.point.costs["flops"].tolist(), made


@pytest.mark.parametrize("prompt", [10, ATTENTION_FROM - 3, ATTENTION_FROM, ATTENTION_FROM + 50])
def test_draws_cost_a_method_with_calls_what_they_cost_a_vote(tmp_path, prompt):
    one = pools.pool([0, 1], tokens=[2, 9], prompt=prompt)
    calls = [expense_of(call("a", prompt, tokens), EngineSpec()) for tokens in (2, 9)]
    found, _ = priced(tmp_path, drawn(calls, prompt))
    (vote,) = majority([one], [2], model=MODEL)
    assert found == pytest.approx(vote.costs["flops"].tolist())


def test_tokens_of_a_cache_look_at_nothing_again(tmp_path):
    """They are computed neither by the model nor by its attention, those behind them are."""
    near, far = (expense_of(call("a", 5000, 10, cached=held), EngineSpec()) for held in (4990, 0))
    seen = sum(position + 1 for position in range(4990, 5010))
    assert near.attended == seen
    (cheap, dear), made = priced(tmp_path, near, far)
    assert cheap == 2 * 1000 * 20 + 4 * 2 * 8 * seen
    assert dear == 2 * 1000 * 5010 + 4 * 2 * 8 * sum(p + 1 for p in range(ATTENTION_FROM, 5010))
    assert all("attended" in one for one in made)


def test_short_calls_are_written_as_before(tmp_path):
    """Where no token stands so far, nothing is said of it; one long problem is no other kind."""
    short, long = (expense_of(call("a", size, 10), EngineSpec()) for size in (100, 5000))
    found, made = priced(tmp_path, short, long)
    assert "attended" not in made[0] and made[1]["attended"] > 0
    assert found[0] == 2 * 1000 * 110


def test_where_tokens_of_several_calls_stood_is_not_known():
    several = call("a", 5000, 10)
    several = several.model_copy(update={"cost": several.cost + several.cost})
    assert expense_of(several, EngineSpec()).attended == 0
