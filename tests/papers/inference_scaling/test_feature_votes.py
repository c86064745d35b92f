"""Votes by features: set on other problems, and no gain of a feature that says nothing."""

from functools import cache

import numpy as np
import pytest
from counts import count
from planted_pools import drawn, planted

from llmx.core.errors import DataError
from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.held_out import chosen_settings, folds
from llmx.papers.inference_scaling.features.rules import (
    LAMBDAS,
    RULES,
    SHARES,
    SIGNS,
    ballots_of,
    plain,
    vote_accuracy,
)
from llmx.papers.inference_scaling.features.votes import (
    VoteGain,
    claims_gain,
    feature_vote,
    gain_of,
    logit_vote,
    random_feature,
)
from llmx.stats.interval import Interval

FAST = 500
PROBLEMS = 200  # at which a feature with d = 0.7 is found


def votes(pool, value, rule, seed):
    if rule == "logit":
        return logit_vote(pool, [value], seed)
    return feature_vote(pool, value, rule, seed)


@cache
def pool_of(seed, problems, draws, shift):
    """A pool, its feature, a random one, and plain voting; for all rules the same."""
    pool, value = planted(np.random.default_rng(seed), problems, draws, shift, confound=1.0)
    return pool, value, random_feature(pool, seed), plain(ballots_of(pool))


def claim(rule, seed, *made):
    pool, value, noise, alone = pool_of(seed, *made)
    tried, control = (votes(pool, one, rule, seed).accuracy for one in (value, noise))
    return claims_gain(
        gain_of(tried, control, alone, Bootstrap(resamples=FAST, flips=FAST, seed=seed))
    )


RUNS = {"weighted": 200, "filter": 200, "best_of": 40, "tie_break": 100, "logit": 25}


@pytest.mark.parametrize("rule", [*RULES, "logit"])
def test_a_feature_that_says_nothing_gains_nothing(rule):
    runs = count(RUNS[rule], 2000)
    false = sum(claim(rule, seed, 60, 8, 0.0) == "gain" for seed in range(runs))
    print(f"{rule}: {false} false gains of {runs}")
    assert false <= 0.05 * runs


@pytest.mark.parametrize("rule", ["weighted", "filter", "logit"])
def test_a_planted_effect_is_found(rule):
    """Right draws lower by 0.7 standard deviations, 16 draws of a problem."""
    runs = count(10 if rule == "logit" else 25, 500)
    found = sum(claim(rule, seed, PROBLEMS, 16, 0.7) == "gain" for seed in range(runs))
    print(f"{rule}: {found} of {runs} at n = {PROBLEMS}")
    assert found >= 0.8 * runs


def test_a_vote_is_set_on_the_other_folds_alone():
    """Problems in which more is clearly better change what is set for others, and not their own."""
    pool, value = planted(np.random.default_rng(1), 40, 8)
    before, fold = feature_vote(pool, value, "weighted"), folds([""] * 40)
    for at in np.flatnonzero(fold == 0):
        pool[at] = drawn([0, 0, 0, 1, 1, 1, 1, 1], f"p{at}")
        value[8 * at : 8 * at + 8] = [5, 5, 5, 1, 1, 1, 1, 1]
    after = feature_vote(pool, value, "weighted")
    assert (before.settings[fold == 0] == after.settings[fold == 0]).all()
    assert (after.settings[fold != 0] < 0).all()
    assert not (before.settings < 0).all()


def test_a_logit_is_fitted_on_the_other_folds_alone():
    pool, value = planted(np.random.default_rng(2), 40, 8, 0.5)
    before = logit_vote(pool, [value]).settings
    fold = folds([""] * 40)
    pool[0] = drawn([0, 1] * 4, "p0")
    after = logit_vote(pool, [value]).settings
    assert (before[fold == fold[0]] == after[fold == fold[0]]).all()
    assert (before[fold != fold[0]] != after[fold != fold[0]]).all()


def test_weights_are_those_of_the_vote():
    """What a vote of fewer draws is made of gives, of all draws, the vote itself."""
    pool, value = planted(np.random.default_rng(3), 30, 8, 0.7)
    ballots = ballots_of(pool)
    for vote in (feature_vote(pool, value, "weighted"), logit_vote(pool, [value])):
        assert [len(one) for one in vote.weights] == [8] * 30
        table = ballots.laid_out(np.concatenate(vote.weights))
        assert vote_accuracy(ballots, table[:, None])[:, 0].tolist() == vote.accuracy.tolist()
    assert feature_vote(pool, value, "filter").weights == ()


def test_features_without_a_value_say_nothing():
    pool, value = planted(np.random.default_rng(4), 20, 8, 0.7)
    nothing = np.full(len(value), np.nan)
    assert (
        feature_vote(pool, nothing, "weighted").accuracy.tolist()
        == plain(ballots_of(pool)).tolist()
    )
    assert logit_vote(pool, [nothing]).accuracy.tolist() == plain(ballots_of(pool)).tolist()


def test_the_same_seed_gives_the_same_vote_and_a_random_feature_goes_by_name():
    pool, value = planted(np.random.default_rng(5), 20, 8, 0.7)
    first, second = (feature_vote(pool, value, "filter", seed=3) for _ in range(2))
    assert (first.settings == second.settings).all()
    noise = random_feature(pool, 1).reshape(20, 8)
    assert (noise[0] != noise[1]).all()
    assert (random_feature(pool[::-1], 1).reshape(20, 8) == noise[::-1]).all()
    assert (random_feature(pool, 2).reshape(20, 8) != noise).all()
    longer = [drawn([0] * 12, one.id) for one in pool]
    assert (random_feature(longer, 1).reshape(20, 12)[:, :8] == noise).all()


def test_folds_hold_clusters_together_and_are_about_as_large():
    labels = [f"t{at % 7}" for at in range(60)]
    fold = folds(labels, 5, seed=1)
    for label in set(labels):
        assert len({fold[at] for at in range(60) if labels[at] == label}) == 1
    assert np.bincount(fold).min() >= 8
    assert (fold != folds(labels, 5, seed=2)).any()
    assert (fold == folds(labels, 5, seed=1)).all()


@pytest.mark.parametrize("labels", [[""] * 23, ["same"] * 23, [str(at) for at in range(23)]])
def test_problems_without_clusters_are_alone(labels):
    assert sorted(np.bincount(folds(labels, 5)).tolist()) == [4, 4, 5, 5, 5]


def test_there_are_no_more_folds_than_clusters():
    assert folds(["a", "a", "b"], 5).max() == 1
    with pytest.raises(DataError, match="one problem cannot be held out"):
        folds(["a"])


def test_a_setting_is_the_best_of_the_other_folds():
    accuracy = np.array([[0.0, 0.5, 1.0]] * 6 + [[1.0, 0.0, 0.0]] * 6)
    assert chosen_settings(accuracy, np.repeat([0, 1], 6)).tolist() == [0] * 6 + [2] * 6


def test_of_settings_that_do_alike_the_first_is_taken():
    accuracy = np.array([[0.0, 1.0, 1.0]] * 4)
    assert chosen_settings(accuracy, np.arange(4)).tolist() == [1] * 4


def test_the_first_setting_stays_where_noise_may_be_all():
    """Two more right and one more wrong of nine is no more than their standard error."""
    gains = np.array([1.0, 1.0, -1.0, 0, 0, 0, 0, 0, 0, 0])
    accuracy = np.stack([np.zeros(10), gains], axis=1)
    fold = np.array([0] * 9 + [1])
    assert chosen_settings(accuracy, fold)[9] == 0
    accuracy[3, 1] = accuracy[4, 1] = 1.0
    assert chosen_settings(accuracy, fold)[9] == 1
    assert LAMBDAS[0] == SIGNS[0] == 0  # the first is plain voting
    assert SHARES[0] == 1


def interval(low, high):
    return Interval(low, (low + high) / 2, high, 0.95)


@pytest.mark.parametrize(
    ("gain", "control", "excess", "p", "word"),
    [
        ((0.01, 0.05), (-0.02, 0.01), (0.01, 0.06), 0.01, "gain"),
        ((0.01, 0.05), (0.01, 0.03), (-0.01, 0.03), 0.01, "control too"),
        ((0.01, 0.05), (0.01, 0.02), (0.005, 0.04), 0.01, "gain"),
        ((0.01, 0.05), (-0.02, 0.01), (0.01, 0.06), 0.06, "none"),
        ((-0.01, 0.05), (-0.05, 0.0), (0.01, 0.06), 0.01, "none"),
        ((0.0, 0.05), (0.0, 0.0), (0.0, 0.05), 0.04, "none"),
        ((-0.05, -0.01), (-0.05, -0.02), (-0.01, 0.02), 0.01, "loss"),
    ],
)
def test_what_is_said_of_a_gain(gain, control, excess, p, word):
    assert (
        claims_gain(VoteGain(*map(lambda one: interval(*one), (gain, control, excess)), p)) == word
    )


def test_a_gain_is_claimed_at_the_level_of_all_that_was_tried():
    found = VoteGain(interval(0.01, 0.05), interval(-0.01, 0.01), interval(0.01, 0.05), 0.01)
    assert claims_gain(found) == "gain"
    assert claims_gain(found, p=0.2) == "none"


def test_gains_are_paired_by_problem():
    vote, control, alone = np.array([1.0, 0.5, 0.0]), np.array([0.0, 0.5, 0.0]), np.zeros(3)
    found = gain_of(vote, control, alone, Bootstrap(resamples=FAST))
    estimates = [one.estimate for one in (found.gain, found.control, found.excess)]
    assert estimates == pytest.approx([0.5, 1 / 6, 1 / 3])
    assert found.p == 1.0  # of the excess, in one problem alone
