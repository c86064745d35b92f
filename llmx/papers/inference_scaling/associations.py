"""Figures of what right and wrong answers look like, and of votes by it.

Intervals are those of the table of markers. P values are Student's, over problems or clusters of
them: pooled by what each problem adds to the difference of the means (its linear part), within
problems by the differences of the mixed ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from llmx.core.figure import Figure, Span
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.contrast import mean_gap
from llmx.papers.inference_scaling.features.association import gaps_within
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES
from llmx.papers.inference_scaling.features.measured import CERTAIN, LENGTH, Feature, Measured
from llmx.papers.inference_scaling.features.rows import MarkerRow, MarkerTable, VoteRow
from llmx.papers.inference_scaling.points import Bools, Floats, Ints, ProblemDraws

_MARKERS = "a thousand words"
_UNITS = {LENGTH: "tokens", CERTAIN: "nats"}


def of_markers(
    table: MarkerTable, measured: Measured, drawn: Sequence[ProblemDraws], trained: bool
) -> Iterator[Figure]:
    """Yield what whole answers are like, right minus wrong, pooled and within problems.

    Their length, certainty where it is kept, and densities of markers.

    Args:
        trained: whether the arm's model was trained for it, so that this is one seed of several.
    """
    problem = np.repeat(np.arange(len(drawn)), [one.draws for one in drawn])
    correct = np.concatenate([one.correct for one in drawn])
    clusters = [one.cluster for one in drawn]
    for row in table.rows:
        if row.part != "all" or row.measure not in ("tokens", "logprob", "density"):
            continue
        value = measured.values[Feature(row.category, row.filing, row.part, row.measure)]
        if row.category in CATEGORIES:
            yield _found(table.arm, row, measured)
        for within, span in ((False, row.pooled), (True, row.within)):
            if span is not None:
                p = _p(problem, correct, value, clusters, within)
                yield _figure(table.arm, row, span, within, p, trained)


def _figure(
    arm: str, row: MarkerRow, span: Span, within: bool, p: float | None, trained: bool
) -> Figure:
    if row.category == LENGTH:
        quantity = figure_names.SHORTER_WITHIN if within else figure_names.SHORTER
    elif row.category == CERTAIN:
        quantity = figure_names.SURER_WITHIN if within else figure_names.SURER
    else:
        quantity = figure_names.density(row.category, row.filing, within)
    return Figure(
        quantity=quantity,
        arm=arm,
        span=span,
        unit=_UNITS.get(row.category, _MARKERS),
        n=row.mixed if within else row.problems,
        seeds=1,
        p=p,
        lone=trained,
    )


def _found(arm: str, row: MarkerRow, measured: Measured) -> Figure:
    """Return how many markers of a category all answers hold together."""
    counts = measured.values[Feature(row.category, row.filing, row.part, "count")]
    return Figure(
        quantity=figure_names.seen(row.category, row.filing),
        arm=arm,
        span=Span(estimate=float(np.nansum(counts))),
        unit="markers",
        n=row.problems,
    )


def _p(
    problem: Ints, correct: Bools, value: Floats, clusters: Sequence[str], within: bool
) -> float | None:
    values = gaps_within(problem, correct, value) if within else added(problem, correct, value)
    there = np.isfinite(values)
    if not there.any():
        return None
    labels = [label for label, one in zip(clusters, there, strict=False) if one]
    return mean_gap(values[there], labels, bounds=None).p


def added(problem: Ints, correct: Bools, value: Floats) -> Floats:
    """Return what each problem adds to the pooled difference, (P,), with the difference as mean.

    The influence of a problem on a difference of ratios of sums (Cochran 1977, Sampling Techniques,
    section 6.3): ``d + P (Σ (x − m₁) / N₁ − Σ (x − m₀) / N₀)``, the sums over its right and its
    wrong draws. NaN without right or wrong draws.

    Args:
        problem: (n,) index of each draw's problem.
        correct: (n,) whether it is right.
        value: (n,); NaN does not count.
    """
    there = np.isfinite(value)
    right, wrong = correct & there, ~correct & there
    size = int(problem.max()) + 1
    if not right.any() or not wrong.any():
        return np.full(size, np.nan)
    means = value[right].mean(), value[wrong].mean()
    parts = [
        np.bincount(problem[which], value[which] - mean, size) / which.sum()
        for which, mean in zip((right, wrong), means, strict=True)
    ]
    found: Floats = means[0] - means[1] + size * (parts[0] - parts[1])
    return found


def of_votes(table: MarkerTable, trained: bool) -> Iterator[Figure]:
    """Yield what votes by features gain over the plain vote, and over a random feature's."""
    for row in table.votes:
        pairs = ((figure_names.OVER_PLAIN, row.gain), (figure_names.OVER_RANDOM, row.excess))
        for over, span in pairs:
            yield Figure(
                quantity=figure_names.vote_gain(named(row), over),
                arm=table.arm,
                span=span,
                unit="points",
                n=row.problems,
                seeds=1,
                p=row.p,
                lone=trained,
            )


def named(row: VoteRow) -> str:
    """Return a vote as figures name it."""
    filing = f", filing {row.filing}" if row.filing else ""
    return f"{row.feature}{filing} ({row.rule.replace('_', ' ')})"
