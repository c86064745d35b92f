"""Cuts of a graph into clusters of exactly K rows: a module a kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import ConfigError, nearest
from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.grouped import kept
from llmx.papers.b3.repair import Isolated, repair, settled

CUTS = ("best", "kmeans", "leiden", "metis", "metis_recursive", "random", "random_task")
OF_A_GRAPH = ("best", "leiden", "metis", "metis_recursive")


@dataclass(frozen=True)
class Cut:
    """Clusters, and what they keep.

    Attributes:
        clusters: int32 (n,), -1 for rows without one.
        kept: weight of the edges inside clusters, each once.
        edges: weight of all edges.
        isolated: rows without an edge, and how they were placed; None of a cut without a graph.
        parts: int32 (n,), before their repair, -1 for rows in none; None of a cut without a graph.
        tried: kind to the weight that it keeps, the best first, where several were tried.
    """

    clusters: NDArray[np.int32]
    kept: float
    edges: float
    isolated: Isolated | None
    parts: NDArray[np.int32] | None = None
    tried: Mapping[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """Return the share of the edges' weight that is kept, 0 of no edges."""
        return self.kept / self.edges if self.edges else 0.0


def cut(kind: str, rows: CutRows, size: int, seed: int = 0) -> Cut:
    """Cut rows into clusters.

    Args:
        kind: one of `CUTS`.
        rows: what the cut may look at.
        size: the paper's K.
        seed: of the cut's own draws.

    Raises:
        ConfigError: no such kind, or a size that no cluster can have.
    """
    if kind not in CUTS:
        raise ConfigError(f"no cut is called {kind!r}", nearest(kind, CUTS, "cuts"))
    if not 1 <= size <= rows.count:
        raise ConfigError(
            f"clusters of {size} rows cannot be cut from {rows.count}", f"K from 1 to {rows.count}"
        )
    edges = float(rows.graph.data.sum(dtype=np.float64)) / 2
    if kind not in OF_A_GRAPH:
        found = _module(kind).cut(rows, size, seed)
        return Cut(found, kept(rows.graph, found), edges, None)
    parts, found, tried = _of_graph(kind, rows, size, seed)
    found, isolated = settled(found, rows.graph, rows.graph if rows.near is None else rows.near)
    return Cut(found, kept(rows.graph, found), edges, isolated, parts, tried)


def _module(kind: str) -> Any:
    return import_module(f"{__name__}.{kind}")


def _of_graph(kind: str, rows: CutRows, size: int, seed: int) -> tuple[Any, Any, dict[str, float]]:
    """Return parts, these repaired, and what each kind that was tried keeps."""
    if kind == "best":
        tried = _module(kind).tried(rows, size, seed)
        return tried[0].parts, tried[0].clusters, {one.kind: one.kept for one in tried}
    parts = _module(kind).parts(rows, size, seed)
    return parts, repair(parts, rows.graph, size), {}
