"""A feature of draws that belong to problems: what stays of it within a problem."""

from __future__ import annotations

import numpy as np

from llmx.papers.inference_scaling.points import Bools, Floats, Ints


def known(*columns: Floats) -> Bools:
    """Return which draws have a value of every feature, shape ``[n]``."""
    there: Bools = np.logical_and.reduce([np.isfinite(column) for column in columns])
    return there


def mixed(problem: Ints, correct: Bools) -> Bools:
    """Return which draws are of a problem that has right and wrong ones, shape ``[n]``."""
    right, wrong = tallies(problem, correct), tallies(problem, ~correct)
    both: Bools = ((right > 0) & (wrong > 0))[problem]
    return both


def tallies(problem: Ints, counted: Bools) -> Floats:
    """Return how many draws of each problem are counted, shape ``[P]``."""
    return sums(problem, counted.astype(np.float64))


def sums(problem: Ints, values: Floats) -> Floats:
    """Return the sum of each problem's values, shape ``[P]`` with P the largest index plus one."""
    return np.bincount(problem, values).astype(np.float64)


def standardised(problem: Ints, values: Floats) -> Floats:
    """Return ``(x - mean) / sd`` of each problem's draws, shape ``[n]``.

    The sd is that of the draws themselves (divided by their number). 0 where all draws of a
    problem are alike, and where a draw has no value (NaN): it then tells nothing.
    """
    there = known(values)
    found = np.zeros(len(values))
    where = problem[there]
    gaps = centred(where, values[there])
    spread = np.sqrt(_means(where, gaps**2))[where]
    # What rounding leaves of equal values is no spread.
    told = spread > 1e-12 * np.abs(values[there])
    found[there] = np.where(told, gaps / np.where(told, spread, 1.0), 0.0)
    return found


def centred(problem: Ints, values: Floats) -> Floats:
    """Return the values less the mean of their problem, shape ``[n]``."""
    centre: Floats = values - _means(problem, values)[problem]
    return centre


def ranks(problem: Ints, values: Floats) -> Floats:
    """Return the rank of each draw among those of its problem, from 0 (least) to 1, shape ``[n]``.

    Equal values share the mean of their ranks; a lone draw has 0.5; NaN stays.
    """
    found = np.full(len(values), np.nan)
    there = np.flatnonzero(known(values))
    order = there[np.lexsort((values[there], problem[there]))]
    for draws in np.split(order, np.flatnonzero(np.diff(problem[order])) + 1):
        _, where, often = np.unique(values[draws], return_inverse=True, return_counts=True)
        middle = np.cumsum(often) - (often + 1) / 2  # of 0 … M - 1
        found[draws] = (middle / (len(draws) - 1))[where] if len(draws) > 1 else 0.5
    return found


def _means(problem: Ints, values: Floats) -> Floats:
    """Return the mean of each problem's values, shape ``[P]``; 0 where a problem has none."""
    often = np.bincount(problem)
    found: Floats = np.bincount(problem, values) / np.maximum(often, 1)
    return found
