"""From nearly equal parts to clusters of exactly K, and places for rows without an edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.grouped import one_hot, position, within
from llmx.papers.b3.placement import filled, placed


def repair(parts: NDArray[np.int32], graph: Any, size: int) -> NDArray[np.int32]:
    """Return clusters of exactly `size` rows; fewer than `size` rows are left at -1.

    Of a part that is too large, those rows move that have the least inside it. Rows to be placed
    go where most of their edges are, as far as there is room. Rows of a part that is not too
    large stay. Of more than n // size parts the largest are kept.

    Args:
        parts: int32 (n,), -1 for a row that has none yet.
        graph: CSR (n, n), symmetric.
        size: the paper's K.
    """
    count = len(parts) // size
    found = _no_surplus(_largest(parts, count), graph, size)
    room = size - np.bincount(found[found >= 0], minlength=count)
    free = np.flatnonzero(found < 0)
    near = (graph[free] @ one_hot(found, count)).tocsr()
    found[free] = filled(placed(near, room), room)
    return found


def _largest(parts: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    """Number the largest parts 0 … count - 1 as they come; rows of the others have none."""
    sizes = np.bincount(parts[parts >= 0], minlength=count)
    if len(sizes) == count:
        return parts.astype(np.int32)
    kept = np.sort(np.argsort(-sizes, kind="stable")[:count])
    number = np.full(len(sizes) + 1, -1, np.int32)  # the last one is that of -1
    number[kept] = np.arange(count)
    return number[parts]


def _no_surplus(parts: NDArray[np.int32], graph: Any, size: int) -> NDArray[np.int32]:
    order = np.lexsort((-within(graph, parts), parts))
    order = order[parts[order] >= 0]
    found = parts.copy()
    found[order[position(parts[order]) >= size]] = -1
    return found


@dataclass(frozen=True)
class Isolated:
    """How many rows have no edge, and how they were given a cluster.

    Attributes:
        rows: rows of degree 0.
        by_similarity: placed where rows of their own band are.
        in_order: placed where there was room.
        left: without a cluster: the tail.
    """

    rows: int
    by_similarity: int
    in_order: int
    left: int


def settled(
    clusters: NDArray[np.int32], graph: Any, near: Any
) -> tuple[NDArray[np.int32], Isolated]:
    """Place rows without an edge again, by similarity; no edge is lost, no size changes.

    Args:
        clusters: int32 (n,), -1 for none.
        graph: CSR (n, n): the edges that were cut.
        near: CSR (n, n), above 0: weaker ties, as `Directed.edges`; read are rows without an edge.
    """
    alone = np.flatnonzero(np.diff(graph.indptr) == 0)
    count = int(clusters.max(initial=-1)) + 1
    held = clusters[alone]
    room = np.bincount(held[held >= 0], minlength=count)
    found = clusters.copy()
    found[alone] = -1
    chosen = placed((near[alone] @ one_hot(found, count)).tocsr(), room)
    found[alone] = filled(chosen, room)
    by_similarity = int((chosen >= 0).sum())
    left = int((found[alone] < 0).sum())
    return found, Isolated(len(alone), by_similarity, len(alone) - by_similarity - left, left)
