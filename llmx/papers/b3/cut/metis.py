"""METIS by direct k-way partition, the authors' cut.

Karypis and Kumar, "Multilevel k-way partitioning scheme for irregular graphs", JPDC 1998.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.packages import package
from llmx.papers.b3.repair import repair

WEIGHT = 1000
"""METIS takes whole weights from 1: the largest weight of a graph becomes this."""


def cut(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return clusters of exactly `size`, int32 (n,), -1 for fewer than `size` rows."""
    return repair(parts(rows, size, seed), rows.graph, size)


def parts(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return METIS's parts before their repair, int32 (n,)."""
    return partition(rows.graph, rows.count // size, seed, recursive=False)


def partition(graph: Any, count: int, seed: int | None, recursive: bool) -> NDArray[np.int32]:
    """Return METIS's parts, int32 (n,), nearly equal in size; some may be empty.

    Args:
        graph: CSR (n, n), both directions stored; entries of a pair may be there twice.
        count: how many parts.
        seed: 0 or more; None leaves METIS's default.
        recursive: bisect again and again, which keeps more edges of sparse graphs.
    """
    rows = graph.shape[0]
    if not graph.nnz:
        return (np.arange(rows) % count).astype(np.int32)
    metis = package("pymetis")
    options = metis.Options() if seed is None else metis.Options(seed=seed % 2**31)
    adjacency = metis.CSRAdjacency(graph.indptr, graph.indices)
    weights = _whole(graph.data)
    found = metis.part_graph(
        count, adjacency=adjacency, eweights=weights, recursive=recursive, options=options
    )
    return np.asarray(found.vertex_part, np.int32)


def _whole(weights: NDArray[np.float32]) -> NDArray[np.int64] | None:
    if (weights == weights[0]).all():
        return None
    scaled = np.rint(weights * (WEIGHT / float(weights.max())))
    found: NDArray[np.int64] = np.maximum(scaled.astype(np.int64), 1)
    return found
