"""Votes by how probable a model found its own answers, where log-probabilities are kept.

Certainty is the mean log-probability of a draw's tokens. The published self-certainty (Kang et al.
2025, arXiv 2502.18581) is the divergence of the whole distribution from uniform at every token,
which a record does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llmx.core.record import Record
from llmx.papers.inference_scaling.costs import UNKNOWN, ModelCost
from llmx.papers.inference_scaling.estimators import best_of, weighted_vote
from llmx.papers.inference_scaling.features.votes import WEIGHTED, feature_vote
from llmx.papers.inference_scaling.points import Floats, MethodPoint, ProblemDraws

BEST, VOTE = "certainty", "certainty_vote"


def certainty_of(record: Record) -> float:
    """Return the mean log-probability of a record's tokens, in nats; NaN where none is kept."""
    return float(np.mean(record.logprobs)) if record.logprobs else float("nan")


def certainties(drawn: Sequence[ProblemDraws]) -> list[Floats] | None:
    """Return the certainty of each problem's draws, (M,) each; None where no draw has one."""
    if all(one.certainty is None for one in drawn):
        return None
    unknown = (np.full(one.draws, np.nan) for one in drawn)
    pairs = zip(drawn, unknown, strict=True)
    return [bare if one.certainty is None else one.certainty for one, bare in pairs]


def certainty_points(
    drawn: Sequence[ProblemDraws],
    sizes: Sequence[int],
    seed: int,
    *,
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return the most certain of N draws, and the vote weighted by certainty, at each size.

    Of the most certain, draws that tie are taken with equal chance, and one without a certainty
    after all others. The vote has weights ``exp(-λ z)``, z the certainty standardised within the
    problem (0 where a draw has none) and λ what does best on other problems, so that there is no
    such vote of a single problem. Nothing where no draw has a certainty.

    Args:
        drawn: the problems.
        sizes: numbers of draws N.
        seed: of folds and subsets.
        arm, model: of the points, whose methods are ``certainty`` and ``certainty_vote``.

    Raises:
        DataError: as :func:`~llmx.papers.inference_scaling.estimators.majority`.
    """
    found = certainties(drawn)
    if found is None:
        return []
    best = best_of(drawn, found, sizes, ties="expected", arm=arm, model=model)
    points = [replace(one, method=BEST) for one in best]
    if len(drawn) > 1:
        weights = feature_vote(drawn, np.concatenate(found), WEIGHTED, seed).weights
        points += weighted_vote(drawn, weights, sizes, seed, method=VOTE, arm=arm, model=model)
    return points
