"""A mean over problems with its interval and p value: problems, clusters of them and seeds count.

Problems are drawn, and those of one cluster (a template) together; where arms were trained, a seed
is a model and drawn too. Of these errors the widest counts, at every level.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from llmx.core.figure import MeanErrors, Span
from llmx.papers.inference_scaling.points import Floats
from llmx.report.timing import as_span
from llmx.stats.crossed import two_level
from llmx.stats.graded import graded_interval, varied
from llmx.stats.interval import Interval
from llmx.stats.inversion import p_beyond
from llmx.stats.student import StudentError

LEVEL = 0.95


@dataclass(frozen=True)
class MeanGap:
    """A mean over problems.

    Attributes:
        p: two-sided, of a mean of 0; None of a single problem, which says nothing of others.
        basis: what the p value of another mean follows from; None where no value differs.
        n, seeds: that it was measured on.
        lone: whether it is of one seed of a training.
    """

    span: Span
    p: float | None
    basis: MeanErrors | None
    n: int
    seeds: int
    lone: bool


def mean_gap(
    values: Floats,
    clusters: Sequence[str],
    *,
    trained: bool = False,
    bounds: tuple[float, float] | None = (-1.0, 1.0),
    error: float = 0.0,
) -> MeanGap:
    """Return the mean of values, one a problem, or a problem and seed.

    Args:
        values: (P,) or (P, S), at least one problem.
        clusters: one label a problem; empty ones are each a cluster of its own.
        trained: whether a seed is a training of its own; else the mean over seeds is one value.
        bounds: of one value; None = there are none.
        error: standard error that Monte Carlo adds to the mean.
    """
    table = values if values.ndim == 2 else values[:, None]
    seeds, counted = table.shape[1], trained and table.shape[1] > 1
    known = {"n": len(table), "seeds": seeds, "lone": trained and seeds == 1}
    used = table if counted else table.mean(1)
    if not varied(used):
        return MeanGap(*_alike(used, bounds), basis=None, **known)
    found = two_level(used, LEVEL, clusters)
    widened = [StudentError(hypot(one.standard_error, error), one.freedom) for one in found.errors]
    mean = float(used.mean())
    reach = max(one.reach(LEVEL) for one in widened)
    low, high = bounds or (-np.inf, np.inf)
    span = as_span(Interval(max(low, mean - reach), mean, min(high, mean + reach), LEVEL))
    basis = MeanErrors(errors=tuple((one.standard_error, one.freedom) for one in widened))
    return MeanGap(span, max(one.p_value(mean) for one in widened), basis, **known)


def _alike(values: Floats, bounds: tuple[float, float] | None) -> tuple[Span, float | None]:
    """Return the interval of values that are all alike, and p of 0: what was not seen may differ.

    See :func:`llmx.stats.graded.graded_interval`.
    """
    mean = float(values.mean())
    if bounds is None or len(values) < 2:
        return Span(estimate=mean), None

    def at(level: float) -> Interval:
        found = graded_interval(values, *bounds, level)
        assert found is not None
        return found

    return as_span(at(LEVEL)), p_beyond(at, 0.0)
