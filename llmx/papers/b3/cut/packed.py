"""Pieces of at most K rows are packed into parts of at most K, and big ones are never torn."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.grouped import one_hot, sources
from llmx.papers.b3.matching import matched


def packed(pieces: NDArray[np.int32], graph: Any, size: int) -> NDArray[np.int32]:
    """Return n // size parts of at most `size` rows, int32 (n,), -1 for rows without one.

    Pieces with edges between them are joined while both fit; then each, the largest first, goes
    into the fullest part that has room for it whole. What fits nowhere, and single rows, are left
    to be placed row by row: the smallest are what is torn.

    Args:
        pieces: int32 (n,), -1 for none; at most `size` rows each.
        graph: CSR (n, n), symmetric.
        size: the paper's K.
    """
    found = joined(pieces, graph, size)
    sizes = np.bincount(found[found >= 0]).astype(np.int64)
    number = np.append(_best_fit(sizes, len(pieces) // size, size), -1)
    return number[found].astype(np.int32)


def joined(pieces: NDArray[np.int32], graph: Any, size: int) -> NDArray[np.int32]:
    """Return pieces of which no two that share an edge fit together, but for very long chains."""
    found = pieces.astype(np.int32)
    while True:
        count = int(found.max(initial=-1)) + 1
        sizes = np.bincount(found[found >= 0], minlength=count)
        hot = one_hot(found, count)
        between = (hot.T @ graph @ hot).tocsr()
        one, other = sources(between).astype(np.int64), between.indices.astype(np.int64)
        fit = (one < other) & (sizes[one] + sizes[other] <= size)
        one, other, gain = one[fit], other[fit], between.data[fit].astype(np.float64)
        taken = matched(one, other, gain / (sizes[one] * sizes[other]), count)
        if not len(taken):
            return found
        number = np.arange(count)
        number[other[taken]] = one[taken]
        number = np.unique(number, return_inverse=True)[1]
        found = np.append(number, -1)[found].astype(np.int32)


def _best_fit(sizes: NDArray[np.int64], count: int, size: int) -> NDArray[np.int64]:
    """Return the part of each piece, or -1: the fullest with room, the largest piece first."""
    found = np.full(len(sizes), -1, np.int64)
    by_room: list[list[int]] = [[] for _ in range(size + 1)]
    by_room[size] = list(range(count))[::-1]
    for piece in np.argsort(-sizes, kind="stable").tolist():
        need = int(sizes[piece])
        if need < 2:
            break
        room = next((free for free in range(need, size + 1) if by_room[free]), None)
        if room is not None:
            found[piece] = part = by_room[room].pop()
            by_room[room - need].append(part)
    return found
