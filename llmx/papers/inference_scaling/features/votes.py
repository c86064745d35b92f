"""Votes by features, beside plain voting: what they gain, and what a random feature gains too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

import numpy as np

from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.held_out import chosen_settings, folds
from llmx.papers.inference_scaling.features.problems import standardised
from llmx.papers.inference_scaling.features.rules import (
    RULES,
    ballots_of,
    vote_accuracy,
)
from llmx.papers.inference_scaling.points import Bools, Floats, Ints, ProblemDraws
from llmx.stats.conditional_logit import conditional_logit
from llmx.stats.interval import Interval

RIDGE = 1.0  # of the logit that weighs votes: weights of log odds about 1 a standard deviation
WEIGHTED, LOGIT = "weighted", "logit"


@dataclass(frozen=True, eq=False)
class FeatureVote:
    """A rule with a feature, each problem with what was best on the others.

    Attributes:
        rule: a name of :data:`~.rules.RULES`, or ``logit``.
        accuracy: (P,) expected share of right answers, from all draws.
        settings: (P,) or (P, K) what was set for each problem: λ, a share, a sign; of the logit its
            weights.
        weights: (M,) of each problem's draws, for a vote of fewer of them
            (``estimators.weighted_vote``); empty where the rule is no weighted vote.
    """

    rule: str
    accuracy: Floats
    settings: Floats
    weights: tuple[Floats, ...] = ()


@dataclass(frozen=True)
class VoteGain:
    """What a vote gains over plain voting; shares of 1, each with its interval over problems.

    Attributes:
        gain: of the feature.
        control: of the same rule with a random feature.
        excess: of the first over the second.
        p: the larger p value of "no gain" and "no excess", by sign flips of problems.
    """

    gain: Interval
    control: Interval
    excess: Interval
    p: float


GainWord = Literal["gain", "control too", "none", "loss"]


def random_feature(drawn: Sequence[ProblemDraws], seed: int = 0) -> Floats:
    """Return a standard normal number a draw, shape ``[n]``, by the names of the problems.

    A pool that grows keeps the numbers of the draws that it had.
    """
    return np.concatenate([_normals(one, seed) for one in drawn])


def feature_vote(
    drawn: Sequence[ProblemDraws], value: Floats, rule: str, seed: int = 0
) -> FeatureVote:
    """Return a vote by one feature.

    Args:
        drawn: the problems.
        value: (n,) the feature of every draw, problem by problem; NaN = it has none, and counts as
            the mean of its problem.
        rule: a name of :data:`~.rules.RULES`.
        seed: of the folds.

    Raises:
        DataError: for fewer than two problems.
    """
    found, ballots = RULES[rule], ballots_of(drawn)
    fold = folds([one.cluster for one in drawn], seed=seed)
    z = standardised(ballots.problem, value)
    each = found.accuracy(ballots, ballots.laid_out(z))
    chosen = chosen_settings(each, fold)
    settings = np.asarray(found.settings)[chosen]
    accuracy = each[np.arange(len(drawn)), chosen]
    weights = np.exp(-settings[ballots.problem] * z)
    told = _by_problem(drawn, weights) if rule == WEIGHTED else ()
    return FeatureVote(rule, accuracy, settings, told)


def logit_vote(
    drawn: Sequence[ProblemDraws], values: Sequence[Floats], seed: int = 0
) -> FeatureVote:
    """Return the vote with weights ``exp(x β)``, β of the logit of the other folds.

    Args:
        drawn: the problems.
        values: (n,) each, as of :func:`feature_vote`; K of them.
        seed: of the folds.

    Raises:
        DataError: for fewer than two problems.
    """
    ballots = ballots_of(drawn)
    problem, correct = ballots.problem, np.concatenate([one.correct for one in drawn])
    features = np.stack([standardised(problem, value) for value in values], axis=1)
    fold = folds([one.cluster for one in drawn], seed=seed)
    betas = [_beta(problem, correct, features, fold != at) for at in range(fold.max() + 1)]
    settings = np.array(betas)[fold]
    weights = np.exp((features * settings[problem]).sum(axis=1))
    accuracy = vote_accuracy(ballots, ballots.laid_out(weights)[:, None])[:, 0]
    return FeatureVote(LOGIT, accuracy, settings, _by_problem(drawn, weights))


def gain_of(vote: Floats, control: Floats, alone: Floats, by: Bootstrap) -> VoteGain:
    """Return what a vote gains, paired by problem.

    Args:
        vote: (P,) accuracy of a vote by a feature.
        control: (P,) of the same rule with a random feature.
        alone: (P,) of plain voting.
        by: how intervals are made.
    """
    gain, excess = vote - alone, vote - control
    p = max(by.p_of_mean(gain), by.p_of_mean(excess))
    return VoteGain(by.of_mean(gain), by.of_mean(control - alone), by.of_mean(excess), p)


def claims_gain(found: VoteGain, p: float | None = None, alpha: float = 0.05) -> GainWord:
    """Return what may be said of a vote.

    ``gain`` only where it is above plain voting and above the same rule with a random feature, both
    with their whole intervals and by sign flips; ``control too`` where it is not clear of the
    random feature; ``loss`` where it is below plain voting; else ``none``.

    Args:
        found: the vote.
        p: of the vote, adjusted for all votes that were tried; None = the vote's own.
        alpha: level of the sign flips.
    """
    if found.gain.below(0.0):
        return "loss"
    if not found.gain.above(0.0):
        return "none"
    if not found.excess.above(0.0):
        return "control too"
    return "gain" if (found.p if p is None else p) <= alpha else "none"


def _by_problem(drawn: Sequence[ProblemDraws], values: Floats) -> tuple[Floats, ...]:
    return tuple(np.split(values, np.cumsum([one.draws for one in drawn])[:-1]))


def _beta(problem: Ints, correct: Bools, features: Floats, used: Bools) -> Floats:
    there = used[problem]
    return conditional_logit(problem[there], correct[there], features[there], ridge=RIDGE).weights


def _normals(one: ProblemDraws, seed: int) -> Floats:
    name = int.from_bytes(blake2b(one.id.encode(), digest_size=8).digest())
    return np.random.default_rng([seed, name]).standard_normal(one.draws)
