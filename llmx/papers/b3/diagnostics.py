"""What a clustering is like, before anybody trains on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.grouped import inside
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


@dataclass(frozen=True)
class EdgeCounts:
    """Edges of a graph, and how many of them a clustering keeps; of several graphs, joined.

    Attributes:
        degree: int64 (n,).
        edges: each once.
        kept: of these, inside clusters.
        weight: of all edges.
        weight_kept: of those inside clusters.
    """

    degree: NDArray[np.int64]
    edges: int
    kept: int
    weight: float
    weight_kept: float

    @property
    def share(self) -> float:
        """Return the share of the edges' weight that is kept, 0 of no edges."""
        return self.weight_kept / self.weight if self.weight else 0.0


def edge_counts(graph: Any, clusters: NDArray[np.int32]) -> EdgeCounts:
    """Return the counts of one graph.

    Args:
        graph: CSR (n, n), symmetric.
        clusters: int32 (n,), -1 for none.
    """
    same = inside(graph, clusters)
    held = float(graph.data[same].sum(dtype=np.float64)) / 2
    total = float(graph.data.sum(dtype=np.float64)) / 2
    degree = np.diff(graph.indptr).astype(np.int64)
    return EdgeCounts(degree, graph.nnz // 2, int(same.sum()) // 2, total, held)


def diagnosed(
    clusters: NDArray[np.int32],
    counts: EdgeCounts,
    ranks: NDArray[np.int32],
    skip: int,
    width: int,
    target_id: NDArray[np.int64],
) -> Diagnostics:
    """Return the diagnostics of clusters, or of batches (:func:`of_batches`).

    Args:
        clusters: int32 (n,), -1 for none.
        counts: of the edges, for these clusters.
        ranks: int32 (n, depth), rows, -1 for none.
        skip: the paper's p.
        width: the paper's m.
        target_id: int64 (n,).
    """
    degree = counts.degree
    held = clusters >= 0
    met = meets(clusters, ranks)
    return Diagnostics(
        rows=len(clusters),
        clustered=int(held.sum()),
        sizes=sizes(clusters),
        edges=counts.edges,
        kept=counts.kept,
        degree_mean=_mean(degree),
        degree_median=float(np.median(degree)) if len(degree) else 0.0,
        degree_max=int(degree.max(initial=0)),
        isolated=int((degree == 0).sum()),
        mates=_mean(met[held, skip : skip + width].sum(1)),
        leaked=_mean(met[held, :skip].sum(1)),
        equal_targets=_mean(equal(clusters, target_id)[held]),
    )


def sizes(clusters: NDArray[np.int32]) -> tuple[tuple[int, int], ...]:
    """Return (rows of a cluster, how many clusters have so many), by size; rows at -1 are none."""
    found, times = np.unique(np.bincount(clusters[clusters >= 0]), return_counts=True)
    return tuple(zip(found.tolist(), times.tolist(), strict=True))


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
