"""Makes the table of markers of an arm: its draws' features, what they tell, what they gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from llmx.core.figure import Span
from llmx.papers.inference_scaling.features.association import (
    auc_pooled,
    auc_within,
    pooled_difference,
    within_difference,
)
from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES
from llmx.papers.inference_scaling.features.logit import fit, weight_intervals
from llmx.papers.inference_scaling.features.measured import LENGTH, PARTS, Feature, Measured
from llmx.papers.inference_scaling.features.problems import known, mixed, ranks, standardised
from llmx.papers.inference_scaling.features.rows import (
    LogitRow,
    MarkerRow,
    MarkerTable,
    VoteRow,
)
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
from llmx.papers.inference_scaling.points import Bools, Drawn, Floats, Ints
from llmx.stats.interval import Interval
from llmx.stats.multiple import holm

TOKENS = Feature(LENGTH, "", "all", "tokens")
RANK = Feature(LENGTH, "", "all", "rank")


def marker_table(
    measured: Measured,
    drawn: Sequence[Drawn],
    *,
    arm: str = "",
    by: Bootstrap | None = None,
    measures: Sequence[str] = ("density",),
    seed: int = 0,
) -> MarkerTable:
    """Return the table of an arm.

    Args:
        measured: features of all draws, problem by problem, in the order of `drawn`.
        drawn: the problems.
        arm: its name.
        by: how intervals are made; None = by problems.
        measures: of markers: ``density``, ``count``, ``diversity``.
        seed: of folds and random features.

    Raises:
        ValueError: if the features are of another number of draws.
        DataError: for fewer than two problems.
    """
    problem = np.repeat(np.arange(len(drawn)), [one.draws for one in drawn])
    correct = np.concatenate([one.correct for one in drawn])
    if len(measured.values[TOKENS]) != len(problem):
        raise ValueError(f"features of {len(measured.values[TOKENS])} draws for {len(problem)}")
    by = by or Bootstrap()
    values = {RANK: ranks(problem, measured.values[TOKENS]), **measured.values}
    shown = [name for name in values if name.category == LENGTH or name.measure in measures]
    rows = [_row(name, problem, correct, values[name], measured.thirds, by) for name in shown]
    return MarkerTable(
        arm=arm,
        problems=len(drawn),
        draws=len(problem),
        hashes=dict(measured.hashes),
        rows=tuple(sorted(rows, key=_order)),
        logit=tuple(_logit_rows(problem, correct, values, by)),
        votes=tuple(_vote_rows(drawn, values, by, seed)),
    )


def _order(row: MarkerRow) -> tuple[int, int, str, str]:
    """Lengths come first, then markers by category, part and filing."""
    category = (LENGTH, *CATEGORIES).index(row.category)
    return category, PARTS.index(row.part), row.filing, row.measure


def _row(
    name: Feature,
    problem: Ints,
    correct: Bools,
    value: Floats,
    thirds: Mapping[Feature, Ints],
    by: Bootstrap,
) -> MarkerRow:
    there = known(value)
    pooled = pooled_difference(problem, correct, value, by)
    within = within_difference(problem, correct, value, by)
    both = mixed(problem[there], correct[there]) if there.any() else there
    parts = thirds.get(name)
    return MarkerRow(
        **name._asdict(),
        draws=int(there.sum()),
        problems=len(np.unique(problem[there])),
        mixed=len(np.unique(problem[there][both])) if there.any() else 0,
        right=_mean(value[there & correct]),
        wrong=_mean(value[there & ~correct]),
        pooled=_span(pooled.difference if pooled else None),
        effect=_span(pooled.effect if pooled else None),
        within=_span(within.difference if within else None),
        above=within.above if within else 0,
        below=within.below if within else 0,
        p_sign=within.p_sign if within else None,
        auc=_span(auc_pooled(problem, correct, value, by)),
        auc_within=_span(auc_within(problem, correct, value, by)),
        thirds_right=None if parts is None else _shares(parts[there & correct]),
        thirds_wrong=None if parts is None else _shares(parts[there & ~correct]),
    )


def _logit_rows(
    problem: Ints, correct: Bools, values: Mapping[Feature, Floats], by: Bootstrap
) -> list[LogitRow]:
    """Return the weights of length and the three densities together, for each filing."""
    rows: list[LogitRow] = []
    for names in _together(values):
        columns = [standardised(problem, values[name]) for name in names]
        found = fit(problem, correct, np.stack(columns, axis=1))
        for name, weight in zip(names, weight_intervals(found, by), strict=True):
            span = _span(weight) if isfinite(weight.low) else None
            rows.append(
                LogitRow(
                    **{**name._asdict(), "filing": names[-1].filing},
                    problems=len(found.problems),
                    converged=found.converged,
                    weight=span,
                )
            )
    return rows


def _together(values: Mapping[Feature, Floats]) -> list[tuple[Feature, ...]]:
    """Return length and the densities of all of the text, by filing."""
    filings = dict.fromkeys(name.filing for name in values if name.filing)
    return [
        (TOKENS, *(Feature(category, filing, "all", "density") for category in CATEGORIES))
        for filing in filings
    ]


def _vote_rows(
    drawn: Sequence[Drawn], values: Mapping[Feature, Floats], by: Bootstrap, seed: int
) -> list[VoteRow]:
    """Return every vote that was tried; a gain is claimed at the level of all of them."""
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


def _tried(drawn: Sequence[Drawn], values: Mapping[Feature, Floats], seed: int) -> list[_Tried]:
    """Return every rule with length and each density, and the logit of all, beside controls."""
    noise = [random_feature(drawn, seed + at) for at in range(1 + len(CATEGORIES))]
    found: list[_Tried] = []
    for rule in RULES:
        control = feature_vote(drawn, noise[0], rule, seed)
        length = feature_vote(drawn, values[TOKENS], rule, seed)
        found.append(_Tried(TOKENS, length, control, None))
        for name in _different(values):
            vote = feature_vote(drawn, values[name], rule, seed)
            found.append(_Tried(name, vote, control, length))
    control = logit_vote(drawn, noise, seed)
    length = logit_vote(drawn, [values[TOKENS]], seed)
    for names in _together(values):
        vote = logit_vote(drawn, [values[name] for name in names], seed)
        found.append(_Tried(names[-1]._replace(category="all"), vote, control, length))
    return found


def _different(values: Mapping[Feature, Floats]) -> list[Feature]:
    """Return the densities of all of the text; filings that agree on one have it once."""
    names = [name for names in _together(values) for name in names[1:]]
    return [
        name
        for at, name in enumerate(names)
        if not any(
            one.category == name.category and np.array_equal(values[one], values[name])
            for one in names[:at]
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
        gain=_sure(found.gain),
        control=_sure(found.control),
        excess=_sure(found.excess),
        p=p,
        over_length=_span(over),
        settings=tuple(sorted(settings)),
        claim=claims_gain(found, p),
    )


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _shares(thirds: Ints) -> tuple[float, float, float] | None:
    """Return the share of the markers of each third; None where there are none."""
    totals = thirds.sum(axis=0)
    if not totals.any():
        return None
    first, middle, last = (totals / totals.sum()).tolist()
    return first, middle, last


def _span(interval: Interval | None) -> Span | None:
    return _sure(interval) if interval is not None and isfinite(interval.estimate) else None


def _sure(interval: Interval) -> Span:
    """Return the interval as it is written; an end that is not finite is none."""
    ends = [end if isfinite(end) else None for end in (interval.low, interval.high)]
    return Span(estimate=interval.estimate, low=ends[0], high=ends[1], level=interval.level)
