"""Methods on a pool: against enumeration, against each other, and what they refuse."""

import time
from dataclasses import replace
from itertools import combinations

import drawn_pools as pools
import numpy as np
import pytest
from counts import THOROUGH, count
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from llmx.core.errors import DataError
from llmx.papers.inference_scaling import stop
from llmx.papers.inference_scaling.costs import ModelCost
from llmx.papers.inference_scaling.estimators import (
    best_of,
    early_stop,
    filter_vote,
    kept_of,
    majority,
    oracle,
    shortest_first,
    single,
    sizes_of,
    tie_rates,
    weighted_vote,
)

EXACT = 1e-12


def accuracies(points):
    return [float(point.accuracy[0]) for point in points]


def unread(points):
    return [point.unparsed for point in points]


def vote(one, subset):
    """Return the right class's part in a vote of these draws, and whether none is read."""
    votes = np.bincount(one.classes[subset][one.classes[subset] >= 0], minlength=len(one.right))
    if not votes.any():
        return 0.0, 1.0
    first = votes == votes.max()
    return float((first & one.right).sum() / first.sum()), 0.0


def over_subsets(one, size, of):
    return np.mean([of(list(subset)) for subset in combinations(range(one.draws), size)], axis=0)


@given(pools.drawn())
@settings(max_examples=count(40, 500))
def test_votes_and_the_oracle_are_those_of_every_subset(one):
    sizes = range(1, one.draws + 1)
    voted = [over_subsets(one, size, lambda chosen: vote(one, chosen)) for size in sizes]
    found = majority([one], sizes)
    assert accuracies(found) == pytest.approx([row[0] for row in voted], abs=EXACT)
    assert unread(found) == pytest.approx([row[1] for row in voted], abs=EXACT)
    passed = [over_subsets(one, n, lambda chosen: one.correct[chosen].any()) for n in sizes]
    assert accuracies(oracle([one], sizes)) == pytest.approx(passed, abs=EXACT)


@given(pools.drawn(), st.sampled_from([0.25, 0.5, 1.0]))
@settings(max_examples=count(40, 500))
def test_the_vote_of_the_shortest_is_that_of_every_subset(one, keep):
    sizes = range(1, one.draws + 1)
    order = np.argsort(one.tokens, kind="stable")

    def of(chosen):
        ranked = [at for at in order if at in chosen]
        return vote(one, ranked[: kept_of(len(chosen), keep)])

    wanted = [over_subsets(one, size, of) for size in sizes]
    for method in (filter_vote, early_stop):
        found = method([one], sizes, keep=keep)
        assert accuracies(found) == pytest.approx([row[0] for row in wanted], abs=EXACT)
        assert unread(found) == pytest.approx([row[1] for row in wanted], abs=EXACT)


@given(pools.drawn())
def test_the_shortest_is_that_of_every_subset(one):
    sizes = range(1, one.draws + 1)

    def of(chosen):
        short = [at for at in chosen if one.tokens[at] == one.tokens[chosen].min()]
        return one.correct[short].mean(), (one.classes[short] < 0).all()

    wanted = [over_subsets(one, size, of) for size in sizes]
    found = shortest_first([one], sizes)
    assert [point.method for point in found] == ["shortest_first"] * len(found)
    assert accuracies(found) == pytest.approx([row[0] for row in wanted], abs=EXACT)
    assert unread(found) == pytest.approx([row[1] for row in wanted], abs=EXACT)


@given(pools.drawn())
def test_a_vote_of_one_is_one_answer(one):
    alone = single([one])
    first = [alone, *(method([one], [1])[0] for method in (majority, oracle, filter_vote))]
    assert accuracies(first) == pytest.approx([one.correct.mean()] * 4, abs=EXACT)
    assert unread(first) == pytest.approx([(one.classes < 0).mean()] * 4, abs=EXACT)
    assert alone.cut == pytest.approx(one.cut.mean())
    costs = [{kind: list(of) for kind, of in point.costs.items()} for point in first]
    assert costs[1:] == costs[:-1]


@given(pools.drawn(unread=False))
def test_a_second_vote_changes_nothing_where_everything_is_read(one):
    assume(one.draws > 1)
    assert len(set(np.round(accuracies(majority([one], [1, 2])), 12))) == 1


@given(pools.drawn())
def test_keeping_all_is_the_plain_vote(one):
    sizes = range(1, one.draws + 1)
    plain = majority([one], sizes)
    for method in (filter_vote, early_stop):
        found = method([one], sizes, keep=1.0)
        assert accuracies(found) == pytest.approx(accuracies(plain), abs=EXACT)
        for point, other in zip(found, plain, strict=True):
            assert list(point.costs) == list(other.costs)
            spent = [float(point.costs[kind][0]) for kind in point.costs]
            assert spent == pytest.approx([float(other.costs[kind][0]) for kind in other.costs])


@given(pools.drawn())
def test_a_judge_who_says_nothing_is_the_mean_or_the_vote(one):
    sizes, scores = range(1, one.draws + 1), [np.zeros(one.draws)]
    wanted = [one.correct.mean()] * one.draws
    assert accuracies(best_of([one], scores, sizes, ties="expected")) == pytest.approx(wanted)
    found = best_of([one], scores, sizes)
    assert accuracies(found) == pytest.approx(accuracies(majority([one], sizes)), abs=EXACT)
    assert tie_rates([one], scores, sizes).tolist() == pytest.approx([0, *[1] * (one.draws - 1)])


@given(pools.drawn())
def test_a_judge_who_knows_is_the_oracle(one):
    sizes = range(1, one.draws + 1)
    found = best_of([one], [one.correct.astype(float)], sizes)
    assert accuracies(found) == pytest.approx(accuracies(oracle([one], sizes)), abs=EXACT)


def test_draws_without_a_score_are_taken_last():
    one = pools.pool([0, 1, 1], right=0)
    scores = [np.array([np.nan, -5.0, -5.0])]
    assert accuracies(best_of([one], scores, [1, 2, 3])) == pytest.approx([1 / 3, 0, 0])


@pytest.mark.parametrize(
    ("size", "keep", "kept"),
    [(1, 0.5, 1), (2, 0.5, 1), (3, 0.5, 2), (7, 1.0, 7), (2, 0.25, 1), (10, 0.3, 3), (30, 0.1, 3)],
)
def test_a_part_of_a_draw_is_kept_whole(size, keep, kept):
    assert kept_of(size, keep) == kept


def test_equal_weights_are_a_plain_vote():
    drawn = pools.many(30, 16)
    sizes, equal = sizes_of(drawn), [np.full(16, 0.7)] * 30
    plain, found = majority(drawn, sizes), weighted_vote(drawn, equal, sizes, 3)
    for one, other in zip(found, plain, strict=True):
        assert abs(one.mean - other.mean) <= 4 * one.error + EXACT
        assert one.unparsed == other.unparsed
    assert [one.error > 0 for one in found] == [False, False, True, True, False]


def test_a_weight_above_all_others_decides():
    drawn = [pools.pool([0, 1, 1, 1], right=0)]
    found = weighted_vote(drawn, [np.array([9.0, 1, 1, 1])], [1, 2, 4], 0, method="by_length")
    assert accuracies(found) == pytest.approx([0.25, 0.5, 1.0])
    assert {point.method for point in found} == {"by_length"}


def test_subsets_of_a_problem_are_its_own():
    """Neither the other problems nor their order change them; another seed or name does."""
    drawn = pools.many(8, 16)
    weights = [np.linspace(1, 2, 16) ** (place % 3) for place in range(8)]
    whole = weighted_vote(drawn, weights, [5], 1)[0].accuracy
    turned = weighted_vote(drawn[::-1], weights[::-1], [5], 1)[0].accuracy
    alone = weighted_vote(drawn[3:4], weights[3:4], [5], 1)[0].accuracy
    assert whole.tolist() == turned[::-1].tolist()
    assert whole[3] == alone[0]
    assert weighted_vote(drawn, weights, [5], 2)[0].accuracy.tolist() != whole.tolist()
    near = int(np.abs(whole - 0.5).argmin())
    renamed = [replace(drawn[near], id=name) for name in "abcd"]
    again = weighted_vote(renamed, [weights[near]] * 4, [5], 1)[0].accuracy
    assert len(set(again.tolist())) > 1


def test_errors_are_those_of_other_seeds():
    drawn = pools.many(6, 16)
    weights = [np.exp(-one.tokens / 20) for one in drawn]
    found = [weighted_vote(drawn, weights, [5], seed)[0] for seed in range(60)]
    spread = np.std([point.mean for point in found], ddof=1)
    assert np.mean([point.error for point in found]) == pytest.approx(spread, rel=0.35)


def test_sizes_double_up_to_what_every_problem_has():
    assert sizes_of(pools.many(2, 16)) == (1, 2, 4, 8, 16)
    uneven = [pools.pool([0] * 9), pools.pool([0] * 7)]
    assert sizes_of(uneven) == (1, 2, 4)
    assert sizes_of(uneven, 3) == (1, 2)


def test_pools_of_several_sizes_stand_beside_each_other():
    uneven = [pools.pool([0, 1, 0, 0], name="a"), pools.pool([0, 1, 0], name="b")]
    for method in (majority, oracle, shortest_first, filter_vote, early_stop):
        found = method(uneven, [1, 3])
        for place, one in enumerate(uneven):
            alone = method([one], [1, 3])
            assert [point.accuracy[place] for point in found] == accuracies(alone)


def test_all_curves_take_a_moment():
    """200 problems of 16 draws two seconds, 1,000 of 64 a minute; half more on a busy machine."""
    problems, draws, most = (1000, 64, 60) if THOROUGH else (200, 16, 2)
    drawn, model = pools.many(problems, draws), ModelCost(3_420_000, price_in=1, price_out=2)
    sizes, weights = sizes_of(drawn), [1.0 / one.tokens for one in drawn]
    began = time.process_time()
    for method in (majority, oracle, shortest_first, filter_vote, early_stop):
        method(drawn, sizes, model=model)
    best_of(drawn, [np.round(8 * one) for one in weights], sizes, model=model)
    weighted_vote(drawn, weights, sizes, 0, model=model)
    for rule in (stop.StopExact(), stop.StopPosterior()):
        stop.stopped(drawn, rule, draws, 0, model=model)
    assert time.process_time() - began <= 1.5 * most


ONE, TWO = pools.pool([0, 1, 0], name="one"), pools.pool([0, 1], name="two")
DOUBLE = pools.pool([0, 1, 0], name="double")
DOUBLE.right[:] = True


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (lambda: majority([ONE, TWO], [3]), "3 draws cannot be taken: two has 2", "pool.draws=3"),
        (lambda: oracle([ONE], [4]), "4 draws cannot be taken: one has 3", "pool.draws=4"),
        (lambda: early_stop([ONE], [0, 1]), "sizes must be 1 or more", "sizes="),
        (lambda: majority([ONE], []), "sizes must be 1 or more", "sizes="),
        (lambda: single([]), "a pool without problems", "scale.problems"),
        (lambda: majority([DOUBLE], [1]), "double has 2 right classes", "one class"),
        (lambda: filter_vote([ONE], [2], keep=0), "a share of 0 of the draws", "keep="),
        (lambda: early_stop([ONE], [2], keep=1.1), "a share of 1.1 of the draws", "keep="),
        (lambda: best_of([ONE], [], [1]), "scores of 0 problems, where 1", ""),
        (lambda: best_of([ONE], [np.ones(2)], [1]), "(2,) for the 3 draws of one", "again"),
        (lambda: weighted_vote([ONE], [np.ones(4)], [1], 0), "(4,) for the 3 draws of one", ""),
        (lambda: weighted_vote([ONE], [-np.ones(3)], [1], 0), "weights of one are negative", ""),
        (lambda: weighted_vote([ONE], [np.ones(3) * np.inf], [1], 0), "weights of one", "scale"),
    ],
)
def test_what_no_pool_can_give_is_said_in_a_line(call, message, hint):
    with pytest.raises(DataError) as caught:
        call()
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert "\n" not in str(caught.value)
