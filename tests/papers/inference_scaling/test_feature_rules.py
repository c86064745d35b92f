"""Rules that choose by a feature, against what each says in words."""

from itertools import combinations

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from planted_pools import drawn

from llmx.papers.inference_scaling.features.rules import (
    LAMBDAS,
    RULES,
    SHARES,
    ballots_of,
    best_one,
    break_ties,
    keep_least,
    plain,
    vote_accuracy,
    weigh,
)

FEATURE = st.integers(-2, 2).map(float)


@st.composite
def problems(draw, least=1):
    """Problems of unlike numbers of draws, and a feature in which many tie."""
    answers = draw(
        st.lists(st.lists(st.integers(-1, 3), min_size=least, max_size=6), min_size=1, max_size=4)
    )
    values = [draw(st.lists(FEATURE, min_size=len(one), max_size=len(one))) for one in answers]
    return [drawn(one, f"p{at}") for at, one in enumerate(answers)], values


def apply(rule, pool, values):
    ballots = ballots_of(pool)
    return rule(ballots, ballots.laid_out(np.concatenate(values)))


def share(pool, chosen):
    """The share of right answers among classes that are chosen alike."""
    return sum(bool(pool.right[one]) for one in chosen) / len(chosen) if chosen else 0.0


def voted(pool, weights):
    totals = {}
    for answer, weight in zip(pool.classes.tolist(), weights, strict=True):
        if answer >= 0:
            totals[answer] = totals.get(answer, 0.0) + weight
    most = max(totals.values(), default=0.0)
    return share(pool, [one for one, total in totals.items() if total > most - 1e-9])


@settings(max_examples=count(60, 500), deadline=None)
@given(problems())
def test_a_weighted_vote_counts_weights(case):
    pool, values = case
    found = apply(weigh, pool, values)
    for row, one, value in zip(found, pool, values, strict=True):
        expected = [voted(one, np.exp(-lam * np.array(value))) for lam in LAMBDAS]
        assert row == pytest.approx(expected)


@settings(max_examples=count(60, 500), deadline=None)
@given(problems())
def test_lambda_0_all_of_the_draws_and_a_feature_that_is_alike_are_plain_voting(case):
    pool, values = case
    alone = plain(ballots_of(pool))
    assert alone == pytest.approx([voted(one, [1.0] * one.draws) for one in pool])
    assert apply(weigh, pool, values)[:, LAMBDAS.index(0.0)].tolist() == alone.tolist()
    assert apply(keep_least, pool, values)[:, SHARES.index(1.0)].tolist() == alone.tolist()
    alike = [[1.0] * one.draws for one in pool]
    for rule in (weigh, keep_least, break_ties):
        assert (apply(rule, pool, alike) == alone[:, None]).all()


@settings(max_examples=count(60, 500), deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_draws_changes_no_rule(case, random):
    pool, values = case
    moved, told = [], []
    for one, value in zip(pool, values, strict=True):
        order = list(range(one.draws))
        random.shuffle(order)
        # Answers keep their classes under other numbers; 0 stays the right one.
        names = {c: 0 if one.right[c] else 10 + c for c in range(len(one.right))}
        answers = [names.get(int(one.classes[at]), -1) for at in order]
        moved.append(drawn(answers, one.id))
        told.append([value[at] for at in order])
    for rule in RULES.values():
        first, second = apply(rule.accuracy, pool, values), apply(rule.accuracy, moved, told)
        assert first == pytest.approx(second)


@settings(max_examples=count(60, 500), deadline=None)
@given(problems())
def test_the_best_one_is_any_of_the_least_alike(case):
    pool, values = case
    found = apply(best_one, pool, values)
    for row, one, value in zip(found, pool, values, strict=True):
        read = [at for at in range(one.draws) if one.classes[at] >= 0]
        for sign, got in zip((1, -1), row, strict=True):
            least = min((sign * value[at] for at in read), default=None)
            ties = [at for at in read if sign * value[at] == least]
            assert got == pytest.approx(share(one, [one.classes[at] for at in ties]))


@settings(max_examples=count(60, 500), deadline=None)
@given(problems())
def test_ties_are_broken_by_the_mean_feature_and_nothing_else_is(case):
    pool, values = case
    found = apply(break_ties, pool, values)
    for row, one, value in zip(found, pool, values, strict=True):
        counts = one.counts
        tied = [c for c in range(len(counts)) if counts[c] == counts.max()]
        means = {
            c: np.mean([v for v, k in zip(value, one.classes, strict=True) if k == c]) for c in tied
        }
        for sign, got in zip((0, 1, -1), row, strict=True):
            least = min((sign * mean for mean in means.values()), default=0)
            chosen = [c for c in tied if abs(sign * means[c] - least) < 1e-9]
            assert got == pytest.approx(share(one, chosen))


@settings(max_examples=count(60, 500), deadline=None)
@given(problems(), st.permutations(range(-3, 3)))
def test_a_filter_keeps_the_least_where_nothing_ties(case, order):
    pool, _ = case
    values = [list(map(float, order[: one.draws])) for one in pool]
    found = apply(keep_least, pool, values)
    for row, one, value in zip(found, pool, values, strict=True):
        read = [at for at in range(one.draws) if one.classes[at] >= 0]
        for kept, got in zip(SHARES, row, strict=True):
            room = max(1, int(np.ceil(abs(kept) * len(read))))
            least = sorted(read, key=lambda at: np.sign(kept) * value[at])[:room]
            assert got == pytest.approx(voted(one, [float(at in least) for at in range(one.draws)]))


def test_of_draws_that_tie_for_a_place_each_has_its_part():
    """Of four, half is kept: one is below, and three share the place that is left."""
    pool, values = [drawn([1, 0, 0, 2])], [[0.0, 1.0, 1.0, 1.0]]
    half = SHARES.index(0.5)
    assert apply(keep_least, pool, values)[0, half] == 0  # 1 against 2/3 for the right one
    sets = [{0, one} for one in (1, 2, 3)]
    weights = np.mean([[float(at in one) for at in range(4)] for one in sets], axis=0)
    assert vote_accuracy(ballots_of(pool), weights[None, None])[0, 0] == 0


def test_a_problem_without_an_answer_is_wrong_under_every_rule():
    pool = [drawn([-1, -1]), drawn([0, 0])]
    for rule in RULES.values():
        found = apply(rule.accuracy, pool, [[0.0, 1.0], [0.0, 1.0]])
        assert (found == [[0.0], [1.0]]).all()
    assert plain(ballots_of([drawn([-1, -1])])).tolist() == [0.0]


def test_draws_without_an_answer_are_not_kept_in_the_place_of_others():
    pool, values = [drawn([-1, -1, 0, 1])], [[0.0, 0.0, 1.0, 2.0]]
    assert apply(best_one, pool, values)[0].tolist() == [1.0, 0.0]
    assert apply(keep_least, pool, values)[0, SHARES.index(0.5)] == 1.0


def test_no_subset_of_two_is_forgotten_by_the_reference():
    """The helper that other tests trust: votes of two draws, by hand."""
    one = drawn([0, 1, -1])
    for pair in combinations(range(3), 2):
        weights = [float(at in pair) for at in range(3)]
        assert voted(one, weights) == {(0, 1): 0.5, (0, 2): 1.0, (1, 2): 0.0}[pair]
