"""Every vote by features that is tried on a pool, beside its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES
from llmx.papers.inference_scaling.features.logit import together
from llmx.papers.inference_scaling.features.measured import CERTAINTY, TOKENS, Feature
from llmx.papers.inference_scaling.features.problems import standardised
from llmx.papers.inference_scaling.features.rows import VoteRow, span_of
from llmx.papers.inference_scaling.features.rules import RULES, ballots_of, plain
from llmx.papers.inference_scaling.features.votes import (
    LOGIT,
    FeatureVote,
    VoteGain,
    claims_gain,
    feature_vote,
    gain_of,
    logit_vote,
    random_feature,
)
from llmx.papers.inference_scaling.points import Floats, ProblemDraws
from llmx.stats.multiple import holm


def vote_rows(
    drawn: Sequence[ProblemDraws], values: Mapping[Feature, Floats], by: Bootstrap, seed: int
) -> list[VoteRow]:
    """Return every rule with length, certainty and each density that differs, and the logit of all.

    A gain is claimed at the level of all of them together.

    Args:
        drawn: the problems.
        values: (n,) of each feature, problem by problem.
        by: how intervals are made.
        seed: of folds and random features.

    Raises:
        DataError: for fewer than two problems.
    """
    tried = _tried(drawn, values, seed)
    alone = plain(ballots_of(drawn))
    gains = [gain_of(one.vote.accuracy, one.control.accuracy, alone, by) for one in tried]
    adjusted = holm([found.p for found in gains])
    return [
        _vote_row(one, found, p, alone, by)
        for one, found, p in zip(tried, gains, adjusted, strict=True)
    ]


class _Tried(NamedTuple):
    name: Feature
    vote: FeatureVote
    control: FeatureVote
    length: FeatureVote | None


def _tried(
    drawn: Sequence[ProblemDraws], values: Mapping[Feature, Floats], seed: int
) -> list[_Tried]:
    """Return every rule with each feature, and the logit of all, beside controls."""
    noise = [random_feature(drawn, seed + at) for at in range(1 + len(CATEGORIES))]
    found: list[_Tried] = []
    for rule in RULES:
        control = feature_vote(drawn, noise[0], rule, seed)
        length = feature_vote(drawn, values[TOKENS], rule, seed)
        found.append(_Tried(TOKENS, length, control, None))
        for name in _different(drawn, values):
            vote = feature_vote(drawn, values[name], rule, seed)
            found.append(_Tried(name, vote, control, length))
    control = logit_vote(drawn, noise, seed)
    length = logit_vote(drawn, [values[TOKENS]], seed)
    for names in together(values).values():
        vote = logit_vote(drawn, [values[name] for name in names], seed)
        found.append(_Tried(names[-1]._replace(category="all"), vote, control, length))
    return found


def _different(drawn: Sequence[ProblemDraws], values: Mapping[Feature, Floats]) -> list[Feature]:
    """Return certainty, where it is kept, and the densities of all of the text that say something.

    One that never differs within a problem is plain voting, and would only make the other claims
    harder; filings that agree on one have it once.
    """
    problem = ballots_of(drawn).problem
    names = [CERTAINTY] if CERTAINTY in values else []
    names += [name for names in together(values).values() for name in names[1:]]
    told = [name for name in names if standardised(problem, values[name]).any()]
    return [
        name
        for at, name in enumerate(told)
        if not any(
            one.category == name.category and np.array_equal(values[one], values[name])
            for one in told[:at]
        )
    ]


def _vote_row(one: _Tried, found: VoteGain, p: float, alone: Floats, by: Bootstrap) -> VoteRow:
    vote = one.vote
    over = None if one.length is None else by.of_mean(vote.accuracy - one.length.accuracy)
    settings = [] if vote.rule == LOGIT else dict.fromkeys(vote.settings.tolist())
    return VoteRow(
        rule=vote.rule,
        feature=one.name.category,
        filing=one.name.filing,
        problems=len(alone),
        accuracy=float(vote.accuracy.mean()),
        plain=float(alone.mean()),
        gain=span_of(found.gain),
        control=span_of(found.control),
        excess=span_of(found.excess),
        p=p,
        over_length=None if over is None else span_of(over),
        settings=tuple(sorted(settings)),
        claim=claims_gain(found, p),
    )
