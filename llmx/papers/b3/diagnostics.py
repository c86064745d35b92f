"""What a clustering is like, before anybody trains on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.grouped import kept
from llmx.papers.b3.packages import package


@dataclass(frozen=True)
class Diagnostics:
    """Counts of rows, edges and pairs; means are over rows that have a cluster.

    Attributes:
        rows: all of them.
        clustered: rows with a cluster.
        sizes: (rows of a cluster, how many clusters), by size.
        edges: of the graph, each once.
        kept: of these, inside clusters.
        degree_mean: edges a row.
        degree_median: edges of a middling row.
        degree_max: edges of the largest hub.
        isolated: rows without an edge.
        mates: rows of its own band that a row meets in its cluster.
        leaked: rows of its own first p ranks that a row meets, itself not counted.
        equal_targets: other rows with its own target that a row meets.
    """

    rows: int
    clustered: int
    sizes: tuple[tuple[int, int], ...]
    edges: int
    kept: int
    degree_mean: float
    degree_median: float
    degree_max: int
    isolated: int
    mates: float
    leaked: float
    equal_targets: float


def diagnosed(
    clusters: NDArray[np.int32],
    graph: Any,
    ranks: NDArray[np.int32],
    skip: int,
    width: int,
    target_id: NDArray[np.int64],
) -> Diagnostics:
    """Return the diagnostics of clusters, or of batches (:func:`of_batches`).

    Args:
        clusters: int32 (n,), -1 for none.
        graph: CSR (n, n), symmetric.
        ranks: int32 (n, depth), rows, -1 for none.
        skip: the paper's p.
        width: the paper's m.
        target_id: int64 (n,).
    """
    degree = np.diff(graph.indptr)
    held = clusters >= 0
    met = meets(clusters, ranks)
    pattern = graph.astype(bool).astype(np.float32)
    size, times = np.unique(np.bincount(clusters[held]), return_counts=True)
    return Diagnostics(
        rows=len(clusters),
        clustered=int(held.sum()),
        sizes=tuple(zip(size.tolist(), times.tolist(), strict=True)),
        edges=graph.nnz // 2,
        kept=round(kept(pattern, clusters)),
        degree_mean=_mean(degree),
        degree_median=float(np.median(degree)) if len(degree) else 0.0,
        degree_max=int(degree.max(initial=0)),
        isolated=int((degree == 0).sum()),
        mates=_mean(met[held, skip : skip + width].sum(1)),
        leaked=_mean(met[held, :skip].sum(1)),
        equal_targets=_mean(equal(clusters, target_id)[held]),
    )


def meets(clusters: NDArray[np.int32], ranks: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say which ranks are in the row's own cluster, bool (n, depth); never the row itself."""
    found: NDArray[np.bool_] = clusters[ranks] == clusters[:, None]
    found &= (ranks >= 0) & (clusters[:, None] >= 0)
    found &= ranks != np.arange(len(ranks))[:, None]
    return found


def leaks(ranks: NDArray[np.int32], skip: int) -> Any:
    """Return what a row should not meet, CSR (n, n), directed: 1 for its first `skip` ranks."""
    near = ranks[:, :skip]
    there = (near >= 0) & (near != np.arange(len(ranks))[:, None])
    starts = np.concatenate([[0], np.cumsum(there.sum(1))])
    data = np.ones(int(there.sum()), np.float32)
    shape = (len(ranks), len(ranks))
    return package("scipy.sparse").csr_matrix((data, near[there], starts), shape=shape)


def equal(clusters: NDArray[np.int32], target_id: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many others of its cluster have a row's target, int64 (n,); 0 without one."""
    pairs = np.stack([clusters.astype(np.int64), target_id])
    _, at, counts = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
    return np.where(clusters >= 0, counts[at.ravel()] - 1, 0)


def of_batches(batches: NDArray[np.int32], rows: int) -> NDArray[np.int32]:
    """Return each row's batch as a cluster, int32 (rows,), -1 for the tail.

    A row that fills a last batch too counts where it stands last.
    """
    found = np.full(rows, -1, np.int32)
    found[batches.ravel()] = np.repeat(np.arange(len(batches)), batches.shape[1])
    return found


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else 0.0
