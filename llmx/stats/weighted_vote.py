"""A vote whose draws weigh differently: over all subsets where they are few, else over drawn ones.

Unlike plain votes, weighted ones have no generating function: sums of weights are no counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats
from llmx.stats.subsets import Ints, check_sizes

SUBSETS = 200
_ALIKE = 1e-9  # of the heaviest class: sums of the same weights in another order


def weighted_shares(
    classes: Ints,
    right: int | None,
    weights: ArrayLike,
    sizes: Sequence[int],
    rng: np.random.Generator,
    *,
    subsets: int = SUBSETS,
) -> tuple[Floats, Floats]:
    """Return how often the heaviest class of N draws is right, and the variance of that estimate.

    A tie counts as its expected value. A class of no weight never wins.

    Args:
        classes: ``[M]``, of 0 …, or -1 for a draw that no answer could be read from.
        right: the class that is right; None where none is.
        weights: ``[M]``, finite, not negative.
        sizes: numbers of draws N. Where a pool has no more than `subsets` subsets, all are taken
            and the variance is 0: so for N = 1 and N = M.
        rng: draws the subsets; those of a size hold those of each smaller drawn one.
        subsets: how many are drawn; at least 2.

    Returns: shares and variances, ``[sizes]`` each.

    Raises:
        ValueError: for a size that is not in 1 … M, or weights that are negative or not finite.
    """
    draws, given = len(classes), np.asarray(weights, dtype=np.float64)
    check_sizes(sizes, draws)
    if given.shape != (draws,) or not np.isfinite(given).all() or given.min() < 0:
        raise ValueError(f"{draws} draws need as many finite weights, none below 0")
    if subsets < 2:
        raise ValueError(f"{subsets} subsets have no spread")
    orders = rng.permuted(np.tile(np.arange(draws), (subsets, 1)), axis=1)
    hot = (classes[:, None] == np.arange(classes.max(initial=0) + 1)) * given[:, None]
    shares, variances = np.zeros(len(sizes)), np.zeros(len(sizes))
    for at, size in enumerate(sizes):
        few = comb(draws, size) <= subsets
        chosen = np.array(list(combinations(range(draws), size))) if few else orders[:, :size]
        won = _won(hot[chosen].sum(1), right)
        shares[at] = won.mean()
        variances[at] = 0.0 if few else won.var(ddof=1) / subsets
    return shares, variances


def _won(votes: Floats, right: int | None) -> Floats:
    """Return the right class's part of every victory; `votes` is ``[subsets, classes]``."""
    if right is None or right >= votes.shape[1]:
        return np.zeros(len(votes))
    most = votes.max(1, keepdims=True)
    ahead = (votes >= most * (1 - _ALIKE)) & (most > 0)
    part: Floats = ahead[:, right] / np.maximum(ahead.sum(1), 1)
    return part
