"""Is a feature other in right answers than in wrong ones? Over all draws, and within problems.

Every function is of n draws: `problem` (n,) int, the index of a draw's problem from 0; `correct`
(n,) bool; `value` (n,) float in the feature's unit, NaN where a draw has none (it does not count).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.problems import known, mixed, sums, tallies
from llmx.papers.inference_scaling.points import Bools, Floats, Ints
from llmx.stats import Interval, mcnemar_exact

USUAL = Bootstrap()


@dataclass(frozen=True)
class PooledDifference:
    """Right answers less wrong ones, over all draws.

    Attributes:
        difference: of the means, in the unit of the feature.
        effect: Cohen's d: the difference over the pooled standard deviation (Cohen 1988, p. 67).
        right: the mean of right answers; `wrong` that of wrong ones.
    """

    difference: Interval
    effect: Interval
    right: float
    wrong: float


@dataclass(frozen=True)
class WithinDifference:
    """Right answers less wrong ones of the same problem, so that difficulty drops out.

    Attributes:
        difference: mean over the mixed problems, each of which counts alike.
        mixed: problems with right and wrong answers; no others say anything.
        above: of them those where right answers have more; `below`, where they have less.
        p_sign: of the exact two-sided sign test of `above` against `below`.
    """

    difference: Interval
    mixed: int
    above: int
    below: int
    p_sign: float


def pooled_difference(
    problem: Ints, correct: Bools, value: Floats, by: Bootstrap = USUAL
) -> PooledDifference | None:
    """Return the difference over all draws; None where right or wrong answers are missing.

    A difference that the difficulty of problems alone makes is seen here as well.
    """
    problem, correct, value = _known(problem, correct, value)
    if not correct.any() or correct.all():
        return None
    moments = _moments(problem, correct, value)
    difference, effect = (
        by.interval(moments, moments[:, 0] + moments[:, 3] > 0, statistic)
        for statistic in (_difference, _cohens_d)
    )
    right, wrong = float(value[correct].mean()), float(value[~correct].mean())
    return PooledDifference(difference, effect, right, wrong)


def within_difference(
    problem: Ints, correct: Bools, value: Floats, by: Bootstrap = USUAL
) -> WithinDifference | None:
    """Return the difference within mixed problems; None where there is no such problem."""
    gaps = gaps_within(problem, correct, value)
    there = gaps[np.isfinite(gaps)]
    if not len(there):
        return None
    # A sign that rounding makes of nothing is no sign.
    least = 1e-12 * float(np.nanmax(np.abs(value)))
    above, below = int((there > least).sum()), int((there < -least).sum())
    p_sign = mcnemar_exact(above, below)
    return WithinDifference(by.of_mean(gaps), len(there), above, below, p_sign)


def gaps_within(problem: Ints, correct: Bools, value: Floats) -> Floats:
    """Return mean of right less mean of wrong answers, shape ``[P]``; NaN where one is missing."""
    moments = _moments(*_known(problem, correct, value))
    with np.errstate(invalid="ignore", divide="ignore"):
        return _difference(moments)


def auc_pooled(
    problem: Ints, correct: Bools, value: Floats, by: Bootstrap = USUAL
) -> Interval | None:
    """Return P(a right answer has more than a wrong one), ties half, over all pairs of draws.

    The bootstrap is of its linear part, as a problem's draws enter it (Obuchowski 1997, Biometrics
    53, p. 567): the mean place of right answers among wrong ones, and of wrong ones among right.
    None where right or wrong answers are missing.
    """
    problem, correct, value = _known(problem, correct, value)
    if not correct.any() or correct.all():
        return None
    places = _places(correct, value)
    area = float(places[correct].mean())
    columns = [
        column
        for which in (correct, ~correct)
        for column in (sums(problem, np.where(which, places, 0.0)), tallies(problem, which))
    ]

    def linear(totals: Floats) -> Floats:
        found: Floats = totals[..., 0] / totals[..., 1] + totals[..., 2] / totals[..., 3] - area
        return found

    found = by.interval(np.stack(columns, axis=1), columns[1] + columns[3] > 0, linear)
    return Interval(max(found.low, 0.0), area, min(found.high, 1.0), found.level)


def auc_within(
    problem: Ints, correct: Bools, value: Floats, by: Bootstrap = USUAL
) -> Interval | None:
    """Return the mean of the mixed problems' own AUC; None where there is no such problem."""
    problem, correct, value = _known(problem, correct, value)
    both = mixed(problem, correct)
    if not both.any():
        return None
    areas = np.full(int(problem.max()) + 1, np.nan)
    order = np.flatnonzero(both)[np.argsort(problem[both], kind="stable")]
    for draws in np.split(order, np.flatnonzero(np.diff(problem[order])) + 1):
        right = correct[draws]
        areas[problem[draws[0]]] = _places(right, value[draws])[right].mean()
    return by.of_mean(areas)


def _known(problem: Ints, correct: Bools, value: Floats) -> tuple[Ints, Bools, Floats]:
    there = known(value)
    return problem[there], correct[there], value[there]


def _moments(problem: Ints, correct: Bools, value: Floats) -> Floats:
    """Return number, sum and sum of squares of right, then of wrong answers, shape ``[P, 6]``.

    Values are taken from the mean of all, which keeps their digits.
    """
    gaps = value - value.mean() if len(value) else value
    columns = [
        sums(problem, np.where(which, power, 0.0))
        for which in (correct, ~correct)
        for power in (np.ones_like(gaps), gaps, gaps**2)
    ]
    return np.stack(columns, axis=1)


def _difference(moments: Floats) -> Floats:
    """Return the difference of the means, of moments of shape ``[..., 6]``."""
    found: Floats = moments[..., 1] / moments[..., 0] - moments[..., 4] / moments[..., 3]
    return found


def _cohens_d(moments: Floats) -> Floats:
    """Return the difference over the pooled standard deviation; NaN where nothing varies."""
    right, wrong = moments[..., :3], moments[..., 3:]
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = sum(one[..., 2] - one[..., 1] ** 2 / one[..., 0] for one in (right, wrong))
        variance = np.maximum(squares / (right[..., 0] + wrong[..., 0] - 2), 0.0)
        found: Floats = _difference(moments) / np.sqrt(variance)
    return found


def _places(correct: Bools, value: Floats) -> Floats:
    """Return for a right answer the share of wrong ones below it, for a wrong one that of right
    ones above it, ties half; shape ``[n]``. The mean of either kind is the AUC.
    """
    found = np.empty(len(value))
    for which, sign in ((correct, 1.0), (~correct, -1.0)):
        others, own = np.sort(sign * value[~which]), sign * value[which]
        ends = [np.searchsorted(others, own, side) for side in ("left", "right")]
        found[which] = (ends[0] + ends[1]) / (2 * len(others))
    return found
