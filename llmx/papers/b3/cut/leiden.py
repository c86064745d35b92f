"""Leiden communities of at most K rows, packed into clusters of K.

Traag, Waltman and van Eck, "From Louvain to Leiden", Sci. Rep. 2019. Of leidenalg 0.12.0:
`max_comm_size` alone is not held, since `community_constraint_enforcement` is 0 by default (1 with
modularity holds it, with CPM it does not); `refine_partition = False` ends the process.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.cut.packed import packed
from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.grouped import sources
from llmx.papers.b3.packages import package
from llmx.papers.b3.repair import repair


def cut(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return clusters of exactly `size`, int32 (n,), -1 for fewer than `size` rows."""
    return repair(parts(rows, size, seed), rows.graph, size)


def parts(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return communities, packed, before their repair, int32 (n,), -1 for rows without one."""
    return packed(communities(rows.graph, size, seed), rows.graph, size)


def communities(graph: Any, most: int, seed: int) -> NDArray[np.int32]:
    """Return communities of at most `most` rows, int32 (n,); -1 for rows without an edge.

    Args:
        graph: CSR (n, n), symmetric, weights above 0.
        most: rows of a community.
        seed: of leidenalg's own generator.
    """
    rows = graph.shape[0]
    linked = np.flatnonzero(np.diff(graph.indptr))
    found = np.full(rows, -1, np.int32)
    if not len(linked):
        return found
    leiden = package("leidenalg")
    partition = leiden.ModularityVertexPartition(*_linked(graph[linked][:, linked].tocsr()))
    optimiser = leiden.Optimiser()
    optimiser.max_comm_size = most
    optimiser.community_constraint_enforcement = 1
    optimiser.set_rng_seed(seed % 2**31)
    optimiser.optimise_partition(partition)
    found[linked] = partition.membership
    return found


def _linked(graph: Any) -> tuple[Any, Any, list[float]]:
    """Return igraph's graph, no membership to begin with, and a weight for each edge."""
    rows = sources(graph)
    once = rows < graph.indices
    ends = np.stack([rows[once], graph.indices[once]], axis=1).astype(np.int32)
    made = package("igraph").Graph(n=graph.shape[0], edges=ends)
    return made, None, graph.data[once].astype(np.float64).tolist()
