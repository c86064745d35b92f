"""Clusters as arrays: a row's cluster, int32 (n,), -1 for none; the members of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.packages import package


def members(clusters: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """Return the rows of each cluster in rising order, int32 (clusters, size).

    Raises:
        ValueError: a cluster has another size.
    """
    order = np.argsort(clusters, kind="stable")
    rows = order[np.count_nonzero(clusters < 0) :]
    counts = np.bincount(clusters[rows])
    if (counts != size).any():
        raise ValueError(f"clusters of {sorted(set(counts.tolist()))} rows, not {size}")
    return rows.reshape(-1, size).astype(np.int32)


def one_hot(clusters: NDArray[np.int32], count: int) -> Any:
    """Return CSR (n, count), float32: 1 at each row's cluster, empty where it has none."""
    starts = np.concatenate([[0], np.cumsum(clusters >= 0)])
    to = clusters[clusters >= 0]
    data = np.ones(len(to), np.float32)
    return package("scipy.sparse").csr_matrix((data, to, starts), shape=(len(clusters), count))


def sources(graph: Any) -> NDArray[np.int32]:
    """Return the row of each stored entry of a CSR matrix, int32 (nnz,)."""
    return np.repeat(np.arange(graph.shape[0], dtype=np.int32), np.diff(graph.indptr))


def inside(graph: Any, clusters: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say which entries of a CSR matrix join two rows of one cluster, bool (nnz,)."""
    own = clusters[sources(graph)]
    same: NDArray[np.bool_] = (own == clusters[graph.indices]) & (own >= 0)
    return same


def kept(graph: Any, clusters: NDArray[np.int32]) -> float:
    """Return the weight of the edges inside clusters, each edge once."""
    return float(graph.data[inside(graph, clusters)].sum(dtype=np.float64)) / 2


def within(graph: Any, clusters: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the weight of each row's edges into its own cluster, float64 (n,)."""
    same = inside(graph, clusters)
    found = np.bincount(sources(graph)[same], graph.data[same], minlength=graph.shape[0])
    return found.astype(np.float64)


def position(groups: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many equal values stand before each value of a sorted array, int64."""
    starts = np.concatenate([[True], groups[1:] != groups[:-1]]) if len(groups) else groups
    first = np.flatnonzero(starts)
    counts = np.diff(np.append(first, len(groups)))
    return np.arange(len(groups)) - np.repeat(first, counts)
