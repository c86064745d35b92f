"""A vote by features with fewer draws: a point for each size, beside the other methods."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.core.errors import ConfigError
from llmx.papers.inference_scaling.costs import UNKNOWN, ModelCost
from llmx.papers.inference_scaling.estimators import weighted_vote
from llmx.papers.inference_scaling.features.votes import LOGIT, WEIGHTED, FeatureVote
from llmx.papers.inference_scaling.points import MethodPoint, ProblemDraws


def feature_points(
    drawn: Sequence[ProblemDraws],
    vote: FeatureVote,
    sizes: Sequence[int],
    seed: int,
    *,
    arm: str = "",
    model: ModelCost = UNKNOWN,
) -> list[MethodPoint]:
    """Return the points of a weighted vote at each size, over subsets of the draws.

    The feature is standardised over all draws of a problem, and the weights were set on all draws
    of the other folds: a size below all draws says what that weighting does with fewer votes.

    Args:
        drawn: the problems.
        vote: of the rule ``weighted`` or ``logit``.
        sizes: numbers of draws N.
        seed: of the subsets.
        arm, model: of the points, whose method is ``feature_weighted`` or ``feature_logit``.

    Raises:
        ConfigError: for a rule that is no weighted vote.
        DataError: as :func:`~llmx.papers.inference_scaling.estimators.weighted_vote`.
    """
    if not vote.weights:
        text = f"rule '{vote.rule}' has no weights, so it is a vote of all draws alone"
        raise ConfigError(text, f"rules with weights: {WEIGHTED}, {LOGIT}")
    method = f"feature_{vote.rule}"
    return weighted_vote(drawn, vote.weights, sizes, seed, method=method, arm=arm, model=model)
