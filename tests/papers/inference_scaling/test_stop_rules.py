"""Rules that stop a vote: what they promise, and that a replay is what a live run would do."""

from itertools import product

import drawn_pools as pools
import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from llmx.core.errors import ConfigError
from llmx.papers.inference_scaling.costs import ModelCost, flops
from llmx.papers.inference_scaling.estimators import generator, majority
from llmx.papers.inference_scaling.stop import (
    StopExact,
    StopPosterior,
    probability_ahead,
    replay,
    stopped,
)

votes = st.lists(st.integers(0, 4), min_size=0, max_size=3)


def winners(counts):
    return {at for at, times in enumerate(counts) if times == max(counts) > 0}


@given(votes, st.integers(0, 4))
def test_exact_stops_where_nothing_that_may_come_moves_the_winner(counts, left):
    """New classes may come, and draws that nothing is read from."""
    open_classes = [*counts, 0]
    ends = []
    for coming in product(range(-1, len(open_classes)), repeat=left):
        after = list(open_classes)
        for one in coming:
            if one >= 0:
                after[one] += 1
        ends.append(winners(after))
    settled = len(winners(open_classes)) == 1 and all(end == ends[0] for end in ends)
    assert StopExact().decide(counts, left) == (left == 0 or settled)


@given(st.integers(0, 80), st.integers(0, 80))
def test_the_probability_is_that_of_a_beta_law(first, second):
    wanted = beta(first + 1, second + 1).sf(0.5)
    assert probability_ahead(first, second) == pytest.approx(wanted, rel=1e-9)
    assert probability_ahead(first, second) + probability_ahead(second, first) == pytest.approx(1)


@given(votes, st.integers(0, 4), st.floats(0.5, 0.999))
def test_posterior_stops_where_the_leader_is_likely_ahead(counts, left, threshold):
    second, first = sorted([0, 0, *counts])[-2:]
    wanted = left == 0 or beta(first + 1, second + 1).sf(0.5) > threshold
    assert StopPosterior(threshold).decide(counts, left) == wanted
    assert StopPosterior(threshold).decide(counts[::-1], left) == wanted


@pytest.mark.parametrize(
    ("counts", "stops"), [((3,), False), ((4,), True), ((5, 1), False), ((6, 1), True), ((), False)]
)
def test_four_alike_are_enough_for_95_in_100(counts, stops):
    assert StopPosterior().decide(counts, 9) == stops


MODEL = ModelCost(10, price_in=1.0, price_out=2.0)


@given(pools.drawn(), st.data(), st.sampled_from([StopExact(), StopPosterior(0.8)]))
@settings(max_examples=count(30, 300))
def test_a_replay_is_what_a_live_run_would_do(one, data, rule):
    budget = data.draw(st.integers(1, one.draws))
    rng = generator(5, one)
    orders = rng.permuted(np.tile(np.arange(one.draws), (20, 1)), axis=1)
    rows = []
    for order in orders:
        used, winner = pools.lived(one, rule, order, budget)
        _, whole = pools.lived(one, StopExact(), order, budget)
        right = winner >= 0 and one.right[winner]
        last = whole >= 0 and one.right[whole]
        tokens = one.tokens[order[:used]]
        rows.append((used, tokens.sum(), winner == whole, right, last, winner < 0, tokens.sum()))
    found = replay([one], rule, budget, 5, orders=20, model=MODEL)
    wanted = np.mean(np.array(rows, dtype=float), axis=0)
    wanted[-1] *= 20  # operations of a token
    shown = (found.used, found.tokens, found.equal, found.accuracy, found.whole, found.unread)
    assert [float(of[0]) for of in (*shown, found.flops)] == pytest.approx(wanted.tolist())
    assert found.variance[0] == pytest.approx(np.var([row[3] for row in rows], ddof=1) / 20)


def test_exact_has_the_winner_of_all_draws_and_saves_some():
    drawn = pools.many(20, 16)
    found = replay(drawn, StopExact(), 16, 0)
    assert found.equal.tolist() == [1.0] * 20
    assert found.accuracy.tolist() == found.whole.tolist()
    assert 8 < found.used.mean() < 16  # nobody leads by more than what is left before half
    sooner = replay(drawn, StopPosterior(), 16, 0)
    assert sooner.used.mean() < found.used.mean()
    assert 0.8 < sooner.equal.mean() < 1


def test_the_vote_of_all_draws_is_the_exact_one_but_for_the_orders():
    """Ties go to the class that came first: over orders that is their expected value."""
    drawn = pools.many(40, 16)
    point = stopped(drawn, StopExact(), 8, 1, model=MODEL)
    plain = majority(drawn, [8])[0]
    assert abs(point.mean - plain.mean) < 4 * point.error
    assert 0 < point.error < 0.01
    assert abs(point.unparsed - plain.unparsed) < 0.01
    assert (point.method, point.size, point.cut) == ("stop_exact", 8, plain.cut)


def test_a_stopped_point_costs_what_it_used():
    drawn = pools.many(5, 16)
    found = replay(drawn, StopPosterior(0.9), 12, 2, model=MODEL)
    costs = stopped(drawn, StopPosterior(0.9), 12, 2, model=MODEL).costs
    assert costs["calls"].tolist() == found.used.tolist()
    assert costs["prompt"] == pytest.approx(47 * found.used)
    assert costs["cached"] == pytest.approx(47 * (found.used - 1))
    assert costs["longest"].tolist() == costs["completion"].tolist() == found.tokens.tolist()
    assert costs["flops"] == pytest.approx(found.flops + float(flops(MODEL, 0, 47)))
    assert costs["money"] == pytest.approx((47 * found.used + 2 * found.tokens) / 1e6)


def test_orders_are_a_problems_own_and_the_seeds():
    drawn = pools.many(4, 16)
    found = [replay(drawn, StopPosterior(), 16, seed).used.tolist() for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]
    assert replay(drawn[2:], StopPosterior(), 16, 0).used.tolist() == found[0][2:]


def test_nothing_read_is_no_winner():
    found = replay([pools.pool([-1, -1, -1])], StopPosterior(), 3, 0)
    assert [float(of[0]) for of in (found.used, found.unread, found.accuracy)] == [3, 1, 0]


ONE = pools.pool([0, 1, 0], name="one")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: StopPosterior(0.4), "probability 0.4"),
        (lambda: StopPosterior(1.0), "probability 1"),
        (lambda: replay([ONE], StopExact(), 4, 0), "a budget of 4 draws cannot be replayed: one"),
        (lambda: replay([ONE], StopExact(), 0, 0), "a budget of 0 draws"),
        (lambda: replay([ONE], StopExact(), 2, 0, orders=1), "1 orders have no spread"),
    ],
)
def test_what_cannot_be_replayed_is_said_in_a_line(call, message):
    with pytest.raises(ConfigError) as caught:
        call()
    assert message in caught.value.message
    assert caught.value.hint
