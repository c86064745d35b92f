"""What each rule on released aggregates stops, and what goes round it."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.papers.indata.disclosure.attacks import (
    ATTACKS,
    PERSONS,
    Released,
    blocked,
    counting,
    differencing,
    salaries,
    solved,
    tracker,
)
from llmx.papers.indata.disclosure.policies import (
    POLICIES,
    AggregateQuery,
    DisclosureSpec,
    RowSpace,
    policy_of,
)

HELD = salaries()


def against(policy, **settings):
    return Released(HELD, policy_of(DisclosureSpec(policy=policy, **settings)))


def wins(policy, attack, times=60):
    return sum(attack(against(policy), np.random.default_rng(at)) for at in range(times))


@pytest.mark.parametrize(
    ("policy", "by_difference", "by_tracker"),
    [("off", 60, 60), ("minimum", 60, 60), ("complement", 60, 60), ("overlap", 0, 60),
     ("audit", 0, 0)],
)  # fmt: skip
def test_differencing_recovers_until_overlap_and_a_tracker_until_the_audit(
    policy, by_difference, by_tracker
):
    assert wins(policy, differencing) == by_difference
    assert wins(policy, tracker) == by_tracker


def test_random_sums_recover_everybody_at_as_many_queries_and_nobody_before():
    sums = [solved(against("complement"), np.random.default_rng(1), n) for n in (300, PERSONS)]
    assert sums == [0, PERSONS]
    assert solved(against("audit"), np.random.default_rng(1), PERSONS) == 0


def test_counts_find_a_salary_to_the_unit():
    released = against("minimum")
    assert counting(released, np.random.default_rng(0))
    assert released.policy.released + released.policy.suppressed < 38


def test_thirty_attacks_and_how_many_each_policy_stops():
    assert len(ATTACKS) == 30
    stopped = {name: sum(blocked(DisclosureSpec(policy=name)).values()) for name in POLICIES}
    assert stopped["off"] == 0 and stopped["audit"] == 30
    assert stopped["off"] < stopped["minimum"] < stopped["complement"] < stopped["overlap"] < 30


def test_the_audit_still_answers_most_harmless_queries():
    """Sums over groups of two made-up categories, over all, and over each one's others."""
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 8, PERSONS), rng.integers(0, 10, PERSONS)
    sets = [np.arange(PERSONS)]
    for labels in (one, other):
        sets += [np.flatnonzero(labels == at) for at in range(labels.max() + 1)]
        sets += [np.flatnonzero(labels != at) for at in range(labels.max() + 1)]
    sets += [np.flatnonzero((one < 4) & (other == at)) for at in range(3)]
    released = against("audit")
    told = [released.ask("sum", rows) for rows in sets]
    assert len(sets) == 40 and sum(one is not None for one in told) >= 39


def test_what_is_no_sum_is_refused_by_the_audit_alone():
    query = AggregateQuery("max", np.arange(50), PERSONS)
    told = {n: policy_of(DisclosureSpec(policy=n)).release(query) for n in POLICIES}
    assert told == {n: n != "audit" for n in POLICIES}


def test_budget_and_rounding():
    released = against("queries", queries=2)
    rows = np.arange(50)
    assert [released.ask("count", rows) for _ in range(3)] == [50, 50, None]
    assert against("rounding", base=1000).ask("sum", rows) % 1000 == 0
    assert (released.policy.released, released.policy.suppressed) == (2, 1)


@pytest.mark.parametrize(("count", "told"), [(4, False), (5, True), (394, True), (397, False)])
def test_the_complement_is_as_large_as_the_minimum(count, told):
    query = AggregateQuery("sum", np.arange(count), PERSONS)
    assert policy_of(DisclosureSpec(policy="complement")).release(query) is told


def test_a_row_that_is_there_several_times_is_one():
    query = AggregateQuery("sum", np.zeros(9, int), PERSONS)
    assert not policy_of(DisclosureSpec(policy="minimum")).release(query)


@given(st.lists(st.lists(st.integers(0, 2), min_size=7, max_size=7), min_size=1, max_size=9))
def test_the_space_determines_exactly_what_elimination_does(vectors):
    """Against the rank: a unit vector is in the span if it adds nothing to it."""
    space = RowSpace(7)
    kept = np.empty((0, 7))
    for vector in np.array(vectors, float):
        tried = np.vstack([kept, vector])
        rank = np.linalg.matrix_rank(tried)
        known = any(np.linalg.matrix_rank(np.vstack([tried, unit])) == rank for unit in np.eye(7))
        grows = rank > np.linalg.matrix_rank(kept) if len(kept) else rank > 0
        assert space.determines(vector) == (known and grows)
        if not space.determines(vector):
            space.add(vector)
            kept = tried


def test_an_audit_takes_milliseconds_at_five_thousand_rows():
    rng = np.random.default_rng(0)
    policy = policy_of(DisclosureSpec(policy="audit"))
    queries = [AggregateQuery("sum", np.flatnonzero(rng.random(5000) < 0.5), 5000)
               for _ in range(60)]  # fmt: skip
    start = time.process_time()
    assert all(policy.release(query) for query in queries)
    assert (time.process_time() - start) / len(queries) < 0.02  # measured 0.001; machines are busy
