"""Votes, and the best of k, over all subsets of a pool of draws: exactly, not by drawing subsets.

Of M draws of one problem, N are taken without replacement, each subset alike. Draws with equal
answers are a class; those that none could be read from belong to none, and never vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from llmx.stats.bootstrap import Floats

Ints = NDArray[np.int64]

MOST = 1000
"""Draws of a pool: the number of subsets of more may not fit into a float."""

_CHUNK = 2_000_000  # floats at once


class Counted(NamedTuple):
    """The draws of one problem.

    Attributes:
        counts: (C,) draws of each class.
        right: which class is right; None where none is.
        draws: M, all draws; those beyond the sum of `counts` could not be read.
    """

    counts: Sequence[int] | Ints
    right: int | None
    draws: int


def majority(
    counts: Sequence[int] | Ints, right: int | None, draws: int, sizes: Sequence[int]
) -> Floats:
    """Return how often the class with the most votes is the right one, shape ``[sizes]``.

    See :func:`majorities`, of which this is one pool.

    Raises:
        ValueError: for a size that is not in 1 … `draws`, and as :func:`majorities`.
    """
    check_sizes(sizes, draws)
    shares: Floats = majorities([Counted(counts, right, draws)], sizes)[0]
    return shares


def majorities(pools: Sequence[Counted], sizes: Sequence[int]) -> Floats:
    """Return how often a vote is right, over all subsets of each pool, ``[pools, sizes]``.

    A tie counts as its expected value, one over the number of tied classes; a subset in which
    nothing was read is wrong. With k votes for the right class of c, the other draws fill up the
    subset, and the ways to do so are a coefficient of the product of the other classes'
    polynomials, each cut after k votes. Ties: every class draws lots from [0, 1], and of equal
    ones the highest lot wins. Where the right one's lot is y, a rival of exactly k votes loses with
    chance y, so its last coefficient is multiplied by y; the integral over y is a polynomial's, and
    Gauss' rule gives it exactly. All terms are positive, so nothing cancels: the error is that of
    sums of M floats, about 1e-14.

    Args:
        pools: of each problem; equal ones, up to the order of wrong classes, cost nothing more.
        sizes: numbers of draws N, each at least 1. NaN where a pool has fewer.

    Raises:
        ValueError: for counts that are negative or more than the draws, a right class that is not
            there, a size below 1, or a pool of more than :data:`MOST` draws.
    """
    check_sizes(sizes)
    if not len(pools):
        return np.zeros((0, len(sizes)))
    rows, back = np.unique(_rows(pools), axis=0, return_inverse=True)
    wanted = np.asarray(sizes, dtype=np.int64)
    step = max(1, _CHUNK // ((max(sizes) + 1) * rows.shape[1]))
    parts = [_shares(rows[at : at + step], wanted) for at in range(0, len(rows), step)]
    shares: Floats = np.concatenate(parts)[back.reshape(-1)]
    return shares


def pass_at(correct: int, draws: int, sizes: Sequence[int]) -> Floats:
    """Return how often at least one of N draws is right, shape ``[sizes]``.

    ``1 − C(M − c, N) / C(M, N)`` (Chen et al. 2021, arXiv 2107.03374, eq. 1), from whole numbers.

    Args:
        correct: c, right draws of the pool.
        draws: M.
        sizes: numbers of draws N.

    Raises:
        ValueError: for a size that is not in 1 … `draws`, or `correct` not in 0 … `draws`.
    """
    shares: Floats = 1 - none_of(correct, draws, sizes)
    return shares


def none_of(marked: int, draws: int, sizes: Sequence[int]) -> Floats:
    """Return how often a subset holds none of the marked draws, shape ``[sizes]``.

    Raises:
        ValueError: for a size that is not in 1 … `draws`, or `marked` not in 0 … `draws`.
    """
    check_sizes(sizes, draws)
    if not 0 <= marked <= draws:
        raise ValueError(f"{marked} of {draws} draws cannot be")
    return np.array([comb(draws - marked, size) / comb(draws, size) for size in sizes])


def check_sizes(sizes: Sequence[int], draws: int | None = None) -> None:
    """Refuse sizes that no subset has.

    Raises:
        ValueError: if there is none, or one is below 1 or above `draws`.
    """
    if not len(sizes) or min(sizes) < 1 or (draws is not None and max(sizes) > draws):
        within = "1 or more" if draws is None else f"1 to {draws}"
        raise ValueError(f"sizes must be {within}, not {list(sizes)}")


def _rows(pools: Sequence[Counted]) -> Ints:
    """Return M, the right class's draws and the others' from the largest down, ``[pools, 2+C]``."""
    rows = np.zeros((len(pools), 2 + max(len(pool.counts) for pool in pools)), dtype=np.int64)
    for row, (given, right, draws) in zip(rows, pools, strict=True):
        counts = [int(count) for count in given]
        if draws > MOST or min(counts, default=0) < 0 or sum(counts) > draws:
            raise ValueError(f"classes of {counts} do not fit into {draws} draws (of {MOST})")
        if right is not None and not 0 <= right < len(counts):
            raise ValueError(f"class {right} of {len(counts)} cannot be right")
        votes = 0 if right is None else counts.pop(right)
        row[: 2 + len(counts)] = [draws, votes, *sorted(counts, reverse=True)]
    return rows


def _shares(rows: Ints, sizes: Ints) -> Floats:
    """Sum over the number of votes for the right class; rows as :func:`_rows` has them."""
    draws, right, others = rows[:, 0], rows[:, 1], rows[:, 2:]
    ways = _binomials(int(max(draws.max(), sizes.max())))
    won = np.zeros((len(rows), len(sizes)))
    for votes in range(1, int(min(right.max(), sizes.max())) + 1):
        at, fits = np.flatnonzero(right >= votes), np.flatnonzero(sizes >= votes)
        left = int(sizes.max()) - votes
        filled = _filled(ways, others[at], draws[at] - right[at], votes, left)
        mine = ways[right[at], votes]
        won[np.ix_(at, fits)] += mine[:, None] * filled[:, sizes[fits] - votes]
    subsets = ways[draws][:, sizes]
    shares: Floats = np.divide(won, subsets, out=np.full_like(won, np.nan), where=subsets > 0)
    return np.minimum(shares, 1.0)


def _filled(ways: Floats, others: Ints, left: Ints, votes: int, most: int) -> Floats:
    """Return in how many ways n other draws let `votes` votes win, n = 0 … most.

    Args:
        ways: binomial coefficients.
        others: ``[pools, classes]`` draws of the other classes, from the largest down.
        left: ``[pools]`` draws that are not of the right class.
        votes: for the right class.
        most: draws that are left to take.
    """
    rivals = others >= votes
    tied = min(int(rivals.sum(1).max(initial=0)), most // votes)
    lots, weights = _lots(tied)
    free = left - (others * rivals).sum(1)  # whatever these do, they get fewer votes
    found = np.repeat(ways[free, None, : most + 1], len(lots), axis=1)
    for rival, present in zip(others.T, rivals.T, strict=True):
        at = np.flatnonzero(present)
        if not len(at):
            break
        found[at] = _times(found[at], ways[rival[at], : votes + 1], lots)
    filled: Floats = weights @ found
    return filled


def _times(found: Floats, own: Floats, lots: Floats) -> Floats:
    """Multiply by a rival's polynomial, ``[pools, votes + 1]``: it may not exceed these votes."""
    votes, product = own.shape[1] - 1, np.zeros_like(found)
    for taken in range(min(votes, found.shape[2]) + 1):
        scale = own[:, taken, None, None] * (lots[:, None] if taken == votes else 1.0)
        product[:, :, taken:] += scale * found[:, :, : found.shape[2] - taken]
    return product


@lru_cache(maxsize=256)
def _lots(degree: int) -> tuple[Floats, Floats]:
    """Return points of [0, 1] and weights that integrate polynomials of a degree exactly."""
    points, weights = np.polynomial.legendre.leggauss(degree // 2 + 1)
    return (points + 1) / 2, weights / 2


@lru_cache(maxsize=16)
def _binomials(most: int) -> Floats:
    """Return C(n, k), shape ``[most + 1, most + 1]``: whole numbers, rounded once."""
    row, rows = [1], []
    for _ in range(most + 1):
        rows.append(row + [0] * (most + 1 - len(row)))
        row = [1, *(a + b for a, b in pairwise(row)), 1]
    return np.array(rows, dtype=np.float64)
