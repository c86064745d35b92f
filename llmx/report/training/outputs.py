"""An arm's outputs at one time, and the difference between two times or two arms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from llmx.core.figure import Span
from llmx.core.record import Score
from llmx.report.gather import ArmFiles
from llmx.report.measure import accuracy
from llmx.report.paired_table import paired_table
from llmx.report.timing import as_span
from llmx.report.training.evidence import Half, SeedRun
from llmx.report.training.model import Outputs
from llmx.report.verdict.gap import gap_p, gap_span
from llmx.stats.crossed import two_level
from llmx.stats.proportion import wilson

Table = np.ndarray
"""float64 (problems, seeds)."""


def pooled(halves: Sequence[Half]) -> ArmFiles | None:
    """Return the scored files of all seeds as one arm; None where one has no scores."""
    files = [half.files for half in halves]
    if not files or not all(one.scores for one in files):
        return None
    if len(files) == 1:
        return files[0]
    return replace(files[0], seeds=tuple(files), trained=any(one.trained for one in files))


def outputs(halves: Sequence[Half]) -> Outputs | None:
    """Return what the outputs are like; None where nothing is scored."""
    files = pooled(halves)
    if files is None:
        return None
    ids = _common([set(half.files.scores) for half in halves])
    if not ids:
        return None

    def table(value: Callable[[Score], float]) -> Table:
        return np.array([[value(half.files.scores[name]) for half in halves] for name in ids])

    return Outputs(
        problems=len(ids),
        accuracy=accuracy(files),
        form=_share(table(lambda score: float(not score.unparsed))),
        cut=_share(table(lambda score: float(score.finish == "length"))),
        tokens=_mean(table(lambda score: float(score.tokens))),
        backtracks=_traced(halves, lambda half, name: float(half.traced[name].returns), _mean),
        whole=_traced(halves, lambda half, name: float(half.traced[name].whole), _share),
    )


def accuracy_gap(first: Sequence[Half], second: Sequence[Half]) -> Span | None:
    """Return the accuracy of `first` minus that of `second`, paired by problem and seed."""
    one, other = pooled(first), pooled(second)
    if one is None or other is None:
        return None
    table = paired_table(one, other)
    return None if table is None or len(table.ids) < 2 else gap_span(table)


def accuracy_p(first: Sequence[Half], second: Sequence[Half]) -> float | None:
    """Return the two-sided p value of "no difference" of those; see :func:`gap_p`."""
    one, other = pooled(first), pooled(second)
    table = None if one is None or other is None else paired_table(one, other)
    if table is None or len(table.ids) < 2:
        return None
    return gap_p(table)


def backtracks_gap(runs: Sequence[SeedRun]) -> Span | None:
    """Return backtracks after minus before, an output, paired by problem and seed."""
    halves = [half for run in runs for half in (run.before, run.after)]
    ids = _common([set(half.traced) for half in halves])
    if len(ids) < 2:
        return None
    gaps = [
        [run.after.traced[name].returns - run.before.traced[name].returns for run in runs]
        for name in ids
    ]
    return as_span(two_level(gaps).interval)


def _common(sets: Sequence[set[str]]) -> list[str]:
    return sorted(set.intersection(*sets)) if sets else []


def _traced(
    halves: Sequence[Half],
    value: Callable[[Half, str], float],
    span: Callable[[Table], Span],
) -> Span | None:
    ids = _common([set(half.traced) for half in halves])
    if not ids:
        return None
    return span(np.array([[value(half, name) for half in halves] for name in ids]))


def _mean(table: Table) -> Span:
    """Return the mean of counts with a t interval over problems, and seeds if there are several."""
    if len(table) < 2:
        return Span(estimate=float(table.mean()))
    span = as_span(two_level(table).interval)
    assert span.low is not None
    return span.model_copy(update={"low": max(span.low, 0.0)})


def _share(table: Table) -> Span:
    """Return a share: Wilson's interval for one seed, else a t interval that stays a share.

    Where all are alike the t interval is empty, and Wilson's of one seed is not.
    """
    if table.shape[1] == 1 or len(table) < 2 or (table == table[0, 0]).all():
        return as_span(wilson(int(table[:, 0].sum()), len(table)))
    span = as_span(two_level(table).interval)
    assert span.low is not None and span.high is not None
    return span.model_copy(update={"low": max(span.low, 0.0), "high": min(span.high, 1.0)})
