"""Makes the table of markers of an arm: its draws' features, what they tell, what they gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

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
from llmx.papers.inference_scaling.features.logit import logit_rows
from llmx.papers.inference_scaling.features.measured import (
    CERTAIN,
    LENGTH,
    PARTS,
    RANK,
    TOKENS,
    Feature,
    Measured,
)
from llmx.papers.inference_scaling.features.problems import known, mixed, ranks
from llmx.papers.inference_scaling.features.rows import MarkerRow, MarkerTable, span_of
from llmx.papers.inference_scaling.features.vote_table import vote_rows
from llmx.papers.inference_scaling.points import Bools, Floats, Ints, ProblemDraws
from llmx.stats.interval import Interval


def marker_table(
    measured: Measured,
    drawn: Sequence[ProblemDraws],
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
    shown = [name for name in values if not name.filing or name.measure in measures]
    rows = [_row(name, problem, correct, values[name], measured.thirds, by) for name in shown]
    return MarkerTable(
        arm=arm,
        problems=len(drawn),
        draws=len(problem),
        hashes=dict(measured.hashes),
        rows=tuple(sorted(rows, key=_order)),
        logit=tuple(logit_rows(problem, correct, values, by)),
        votes=tuple(vote_rows(drawn, values, by, seed)),
    )


def _order(row: MarkerRow) -> tuple[int, int, str, str]:
    """Lengths come first, then certainty, then markers by category, part and filing."""
    category = (LENGTH, CERTAIN, *CATEGORIES).index(row.category)
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
    return span_of(interval) if interval is not None and isfinite(interval.estimate) else None
