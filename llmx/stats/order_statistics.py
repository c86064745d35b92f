"""The best, the shortest, the m-th to finish of N draws: exactly, over all subsets of a pool.

Of M draws, N are taken without replacement, each subset alike. Draws with equal answers are a
class; -1 stands for a draw that no answer could be read from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats
from llmx.stats.subsets import Counted, Ints, check_sizes, majorities


@dataclass(frozen=True, eq=False)
class BestOf:
    """How often the best of N draws is right; each array has the shape ``[sizes]``.

    Attributes:
        expected: of draws that tie for the best score, any is taken, each with the same chance.
        voted: the draws that tie vote; ties of the vote count as their expected value.
        tied: how often two draws or more have the best score.
        unread: how often no answer can be read from any of the draws with the best score.
    """

    expected: Floats
    voted: Floats
    tied: Floats
    unread: Floats


def best_of(
    scores: ArrayLike, classes: Ints, right: int | None, sizes: Sequence[int], number: int
) -> BestOf:
    """Return how often the draw of N with the highest score is right.

    The best score of a subset is s where it holds t ≥ 1 of the n draws that score s, and N − t of
    the b that score less: in ``C(n, t) C(b, N − t)`` ways. Given that, the t draws are a subset of
    the n, each alike, so that their vote is a majority over subsets.

    Args:
        scores: ``[M]``; NaN = no score was given, which is below every score.
        classes: ``[M]``, of 0 … `number` − 1, or -1.
        right: the class that is right; None where none is.
        sizes: numbers of draws N.
        number: C, of classes.

    Raises:
        ValueError: for a size that is not in 1 … M, or lengths that differ.
    """
    levels = _levels(scores, classes)
    check_sizes(sizes, len(classes))
    found = BestOf(*(np.zeros(len(sizes)) for _ in range(4)))
    below = 0
    for members in levels:
        ways = _ways(len(members), below, len(classes), sizes)
        unread = int((members < 0).sum())
        counts = np.bincount(members[members >= 0], minlength=number)
        votes = _votes(Counted(counts, right, len(members)))
        found.expected[:] += ways.sum(1) * votes[0]
        found.voted[:] += ways @ votes
        found.tied[:] += ways[:, 1:].sum(1)
        found.unread[:] += ways @ [comb(unread, t) / comb(len(members), t) for t in _upto(members)]
        below += len(members)
    return found


def lowest_vote(
    values: ArrayLike,
    classes: Ints,
    right: int | None,
    pairs: Sequence[tuple[int, int]],
    number: int,
) -> tuple[Floats, Floats]:
    """Return how often the vote of the m lowest of N draws is right, and how often none is read.

    For m < N, let the (m + 1)-th lowest draw of the subset be the i-th of the pool. The m lowest
    are then a subset of the i − 1 before it, each alike: a majority over subsets of that part of
    the pool, weighted by the law of the order statistic. Equal values stand in the order of draws,
    which says nothing about them.

    Args:
        values: ``[M]``, finite; lengths, say.
        classes: ``[M]``, of 0 … `number` − 1, or -1.
        right: the class that is right; None where none is.
        pairs: (N, m), each with 1 ≤ m ≤ N ≤ M.
        number: C, of classes.

    Returns: shares of subsets, ``[pairs]`` each.

    Raises:
        ValueError: for a pair that no subset has, or lengths that differ.
    """
    draws, kept = len(classes), sorted({m for _, m in pairs})
    for size, low in pairs:
        check_sizes([low, size], draws)
        check_sizes([low], size)
    ordered = classes[_order(values, draws)]
    hot = ordered[:, None] == np.arange(number)
    before = np.cumsum(hot, axis=0)
    won = majorities([Counted(row, right, at) for at, row in enumerate(before, 1)], kept)
    unread = np.arange(1, draws + 1) - before.sum(1)
    nothing = _all_of(unread, kept)
    shares = np.zeros((2, len(pairs)))
    for at, (size, low) in enumerate(pairs):
        column, law = kept.index(low), _before(draws, size, low)
        reached = law > 0
        shares[0, at] = law[reached] @ won[reached, column]
        shares[1, at] = law[reached] @ nothing[reached, column]
    return shares[0], shares[1]


@lru_cache(maxsize=65536)
def rank_law(draws: int, size: int, rank: int) -> Floats:
    """Return where in the pool the rank-th lowest of N draws stands, shape ``[draws]``.

    ``C(i − 1, r − 1) C(M − i, N − r) / C(M, N)`` for the i-th lowest of the pool (David and
    Nagaraja 2003, Order Statistics, section 3.7), from whole numbers.
    The array is shared, and read-only.

    Raises:
        ValueError: unless 1 ≤ `rank` ≤ `size` ≤ `draws`.
    """
    check_sizes([size], draws)
    check_sizes([rank], size)
    ways = (comb(at, rank - 1) * comb(draws - at - 1, size - rank) for at in range(draws))
    subsets = comb(draws, size)
    law = np.array([way / subsets for way in ways])
    law.flags.writeable = False
    return law


def expected_rank(values: ArrayLike, size: int, rank: int) -> float:
    """Return the expected rank-th lowest of N values drawn without replacement from a pool.

    Rank N is the largest, as of what N draws that run at once take together.

    Raises:
        ValueError: as :func:`rank_law`.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    return float(rank_law(len(ordered), size, rank) @ ordered)


def expected_stopped(values: ArrayLike, size: int, first: int) -> float:
    """Return the expected sum over N draws, all stopped when the first m have ended.

    That is of ``min(x, m-th lowest)``: the m lowest as they are, and N − m times the m-th.

    Raises:
        ValueError: unless 1 ≤ `first` ≤ `size` ≤ the number of values.
    """
    check_sizes([first], size)
    ended = sum(expected_rank(values, size, rank) for rank in range(1, first + 1))
    return ended + (size - first) * expected_rank(values, size, first)


def _levels(scores: ArrayLike, classes: Ints) -> list[Ints]:
    """Return the classes of the draws of each score, from the lowest score up."""
    given = np.asarray(scores, dtype=np.float64)
    if given.shape != classes.shape or given.ndim != 1:
        raise ValueError(f"{given.shape} scores of {classes.shape} draws")
    _, level = np.unique(np.where(np.isnan(given), -np.inf, given), return_inverse=True)
    return [classes[level == at] for at in range(int(level.max(initial=-1)) + 1)]


def _ways(members: int, below: int, draws: int, sizes: Sequence[int]) -> Floats:
    """Return how often t of the members and none above them are drawn, ``[sizes, members]``."""
    table = np.zeros((len(sizes), members))
    for row, size in zip(table, sizes, strict=True):
        subsets = comb(draws, size)
        for taken in range(max(1, size - below), min(members, size) + 1):
            row[taken - 1] = comb(members, taken) * comb(below, size - taken) / subsets
    return table


def _votes(pool: Counted) -> Floats:
    """Return the majority of 1 … all draws of a level."""
    if pool.draws == 1:
        return np.array([0.0 if pool.right is None else float(pool.counts[pool.right])])
    shares: Floats = majorities([pool], range(1, pool.draws + 1))[0]
    return shares


def _upto(members: Ints) -> range:
    return range(1, len(members) + 1)


def _order(values: ArrayLike, draws: int) -> Ints:
    given = np.asarray(values, dtype=np.float64)
    if given.shape != (draws,) or not np.isfinite(given).all():
        raise ValueError(f"{draws} draws need as many finite values, not {given.shape}")
    return np.argsort(given, kind="stable")


def _all_of(unread: Ints, sizes: Sequence[int]) -> Floats:
    """Return how often nothing is read of a subset of the first i draws, ``[M, sizes]``."""
    pairs = enumerate(unread.tolist(), 1)
    return np.array([[comb(u, m) / max(comb(i, m), 1) for m in sizes] for i, u in pairs])


def _before(draws: int, size: int, low: int) -> Floats:
    """Return the law of how many draws the m lowest are a subset of, shape ``[draws]``."""
    if low == size:
        last: Floats = np.eye(draws)[-1]
        return last
    return np.append(rank_law(draws, size, low + 1)[1:], 0.0)
