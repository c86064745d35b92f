"""The authors' own clusters: what their code does where the paper says less, faults included.

Each mutual edge stands twice in the adjacency, METIS runs by direct k-way with its defaults, and
their repair fills parts from a pool of what was too much. Members of a pool that the sources leave
open are taken last in, first out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import ConfigError
from llmx.papers.b3.cut.metis import partition
from llmx.papers.b3.draws import words
from llmx.papers.b3.packages import package


def authors_clusters(
    graph: Any, size: int, seed: int = 0, doubled: bool = True, padding_fault: bool = False
) -> NDArray[np.int32]:
    """Return rows of each cluster, int32 (ceil(n / size), size); of the last some are repeated.

    Args:
        graph: CSR (n, n), symmetric; weights are not read.
        size: the paper's K.
        seed: of the padding; METIS keeps its default.
        doubled: as their miner of ordinary tasks; that of classification has each edge once.
        padding_fault: repeat rows 0 … size - 1 (their code appends a position inside a cluster,
            not the row that stands there) instead of rows of any cluster.
    """
    rows = graph.shape[0]
    if not 1 <= size <= rows:
        raise ConfigError(
            f"clusters of {size} rows cannot be cut from {rows}", f"K from 1 to {rows}"
        )
    return authors_repair(authors_parts(graph, size, doubled), size, seed, padding_fault)


def authors_repair(
    parts: NDArray[np.int32], size: int, seed: int = 0, padding_fault: bool = False
) -> NDArray[np.int32]:
    """Return clusters of parts, int32 (n,), as :func:`authors_clusters` does."""
    count = len(parts) // size
    order = np.argsort(parts, kind="stable")
    ends = np.cumsum(np.bincount(parts, minlength=count))[:-1]
    held = [part.tolist() for part in np.split(order, ends)]
    return padded(filled_from_pool(held, size), size, seed, padding_fault)


def authors_parts(graph: Any, size: int, doubled: bool = True) -> NDArray[np.int32]:
    """Return METIS's parts by direct k-way with its defaults, before their repair, int32 (n,)."""
    return partition(adjacency(graph, doubled), graph.shape[0] // size, None, recursive=False)


def adjacency(graph: Any, doubled: bool) -> Any:
    """Return the pattern of a graph, CSR, each entry once or twice, all weights 1."""
    times = 2 if doubled else 1
    indices = np.repeat(graph.indices, times)
    data = np.ones(len(indices), np.float32)
    starts = graph.indptr * times
    return package("scipy.sparse").csr_matrix((data, indices, starts), shape=graph.shape)


def filled_from_pool(parts: Sequence[Sequence[int]], size: int) -> list[list[int]]:
    """Return parts of `size` rows, then groups of what is left, of which the last may be short.

    Parts are visited from largest to smallest: first all that are too large give to the pool.
    """
    pool: list[int] = []
    found = []
    for part in sorted(parts, key=len, reverse=True):
        held = list(part)
        while len(held) > size:
            pool.append(held.pop())
        while len(held) < size and pool:
            held.append(pool.pop())
        found.append(held)
    return found + [pool[at : at + size] for at in range(0, len(pool), size)]


def padded(
    clusters: Sequence[Sequence[int]], size: int, seed: int, fault: bool = False
) -> NDArray[np.int32]:
    """Return int32 (clusters, size): a short last cluster is filled with rows that are repeated."""
    *whole, last = clusters
    missing = size - len(last)
    if not missing:
        return np.array(clusters, np.int32)
    drawn = words((missing, 2), seed, "padding") % np.array([len(whole), size], np.uint64)
    places = drawn.astype(np.int64).tolist()
    more = [at if fault else whole[cluster][at] for cluster, at in places]
    return np.array([*whole, [*last, *more]], np.int32)
