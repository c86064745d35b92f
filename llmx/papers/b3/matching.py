"""Pairs of which no two share an end, the best first: greedy matching in parallel rounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROUNDS = 50  # a chain of ever smaller gains would take one round a pair


def matched(
    one: NDArray[np.int64], other: NDArray[np.int64], gain: NDArray[np.float64], ends: int
) -> NDArray[np.int64]:
    """Return indices of pairs, int64, best first, that have all their ends for themselves.

    A pair is taken once it is the best that is left of both its ends, as the greedy matching
    would (Preis, STACS 1999). Ties go to the pair that comes first.

    Args:
        one: int64 (pairs,), 0 … ends - 1.
        other: int64 (pairs,).
        gain: float64 (pairs,).
        ends: how many ends there are.
    """
    order = np.argsort(-gain, kind="stable")
    taken: list[NDArray[np.int64]] = []
    free = np.ones(ends, bool)
    for _ in range(ROUNDS):
        order = order[free[one[order]] & free[other[order]]]
        if not len(order):
            break
        at = np.arange(len(order))
        best = np.full(ends, len(order))
        np.minimum.at(best, one[order], at)
        np.minimum.at(best, other[order], at)
        now = order[(best[one[order]] == at) & (best[other[order]] == at)]
        free[one[now]] = free[other[now]] = False
        taken.append(now)
    found = np.concatenate([*taken, np.empty(0, np.int64)]).astype(np.int64)
    return found[np.argsort(-gain[found], kind="stable")]
