"""Rates (tokens a second) and their ratios, from rounds that interleave the arms.

The unit is a round: every arm does the same work in it, one after the other, so that what the
machine does meanwhile hits all arms alike. The intervals cover what differs between rounds: the
noise of the machine, and the problems where each round has its own.
"""

from __future__ import annotations

from functools import partial
from math import exp, log, sqrt
from sys import float_info

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats, finite_vector, resampled
from llmx.stats.interval import At, Interval
from llmx.stats.student import two_sided_t

FEW_ROUNDS = 8
"""Below this a bootstrap is too narrow (three rounds: ten distinct resamples, about 75 %)."""


def rate_interval(
    amounts: ArrayLike,
    seconds: ArrayLike,
    level: float = 0.95,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Return total amount over total time, in units a second, with an interval over rounds.

    Args:
        amounts: shape ``[rounds]``, work done in each round (tokens, problems).
        seconds: shape ``[rounds]``, time it took.
        level: nominal coverage.
        resamples: of the bootstrap, used from ``FEW_ROUNDS`` rounds on.
        seed: of the bootstrap.

    Raises:
        ValueError: for fewer than two rounds, or a number that is not positive.
    """
    columns = _columns([("amounts", amounts), ("seconds", seconds)])
    return _at(columns, resamples, seed)(level)


def ratio_interval(
    amounts: ArrayLike,
    seconds: ArrayLike,
    base_amounts: ArrayLike,
    base_seconds: ArrayLike,
    level: float = 0.95,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Return the ratio of two rates (a speed-up, no unit), paired by round.

    All arguments have shape ``[rounds]`` and one order of rounds. The estimate is the quotient of
    the two totals of :func:`rate_interval`, so that columns of a table agree with each other.

    With fewer than ``FEW_ROUNDS`` rounds: Student's t on the logarithm, its standard error from
    the linearised ratio (delta method; Cochran 1977, Sampling Techniques, section 6.4). From there
    on: bootstrap with expanded percentiles.

    Raises:
        ValueError: for fewer than two rounds, unequal lengths, or a number that is not positive.
    """
    at = ratio_interval_at(
        amounts, seconds, base_amounts, base_seconds, resamples=resamples, seed=seed
    )
    return at(level)


def ratio_interval_at(
    amounts: ArrayLike,
    seconds: ArrayLike,
    base_amounts: ArrayLike,
    base_seconds: ArrayLike,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> At:
    """Return :func:`ratio_interval` at every level, from one set of resamples.

    Its p value against a speed-up (1 for "as fast") is :func:`~llmx.stats.inversion.p_beyond`.
    """
    columns = _columns(
        [
            ("amounts", amounts),
            ("seconds", seconds),
            ("base_amounts", base_amounts),
            ("base_seconds", base_seconds),
        ]
    )
    return _at(columns, resamples, seed)


def _columns(named: list[tuple[str, ArrayLike]]) -> Floats:
    vectors = [finite_vector(values, name) for name, values in named]
    if len({len(vector) for vector in vectors}) > 1 or len(vectors[0]) < 2:
        raise ValueError("an interval over rounds needs two or more rounds, the same for all arms")
    if min(float(vector.min()) for vector in vectors) <= 0:
        raise ValueError("amounts and seconds must be positive")
    return np.stack(vectors, axis=1)


def _at(columns: Floats, resamples: int, seed: int) -> At:
    if len(columns) < FEW_ROUNDS:
        return partial(_student, columns)
    return resampled(columns, _quotient, resamples=resamples, seed=seed, method="expanded").at


def _signs(columns: int) -> Floats:
    """+1 for what multiplies, -1 for what divides: amount/second / (amount/second)."""
    return np.array([1.0, -1.0, -1.0, 1.0])[:columns]


def _quotient(sums: Floats) -> Floats:
    values: Floats = np.exp(np.log(sums) @ _signs(sums.shape[-1]))
    return values


def _student(columns: Floats, level: float) -> Interval:
    """log of the quotient ± t · s/√rounds, s the spread of each round's first-order effect."""
    rounds = len(columns)
    estimate = float(_quotient(columns.sum(axis=0)))
    effects = (columns / columns.mean(axis=0)) @ _signs(columns.shape[1])
    error = float(effects.std(ddof=1)) / sqrt(rounds)
    half = two_sided_t(level, rounds - 1) * error
    # Of two rounds apart, Student's t at a level near 1 goes beyond what a float holds.
    high = exp(min(log(estimate) + half, _MOST))
    return Interval(exp(log(estimate) - half), estimate, high, level)


_MOST = log(float_info.max)
