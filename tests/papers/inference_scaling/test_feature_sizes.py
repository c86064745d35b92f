"""Votes by features at smaller sizes: all draws are the vote itself, one draw is the mean."""

import numpy as np
import pytest
from planted_pools import planted

from llmx.core.errors import ConfigError
from llmx.papers.inference_scaling.estimators import majority, weighted_vote
from llmx.papers.inference_scaling.features.sizes import feature_points
from llmx.papers.inference_scaling.features.votes import feature_vote, logit_vote

POOL, VALUE = planted(np.random.default_rng(0), 25, 8, 0.7)


@pytest.mark.parametrize("vote", [feature_vote(POOL, VALUE, "weighted"), logit_vote(POOL, [VALUE])])
def test_all_draws_are_the_vote_itself_and_one_draw_is_the_mean(vote):
    one, all_ = feature_points(POOL, vote, (1, 8), seed=0, arm="worked")
    assert all_.accuracy == pytest.approx(vote.accuracy)
    assert one.accuracy == pytest.approx([pool.correct.mean() for pool in POOL])
    assert {all_.method, one.method} == {f"feature_{vote.rule}"}
    assert (all_.arm, all_.size) == ("worked", 8)


def test_lambda_0_is_majority_at_every_size():
    even = [np.ones(8)] * len(POOL)
    points, exact = weighted_vote(POOL, even, (4,), 0), majority(POOL, (4,))
    assert points[0].accuracy == pytest.approx(exact[0].accuracy, abs=1e-9)  # 70 subsets are all


def test_a_rule_without_weights_is_refused():
    with pytest.raises(ConfigError, match="rule 'filter' has no weights"):
        feature_points(POOL, feature_vote(POOL, VALUE, "filter"), (4,), 0)
