"""Cuts of a graph into clusters of exactly K rows: a module a kind."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import ConfigError, nearest
from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.grouped import kept
from llmx.papers.b3.repair import Isolated, settled

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
    """

    clusters: NDArray[np.int32]
    kept: float
    edges: float
    isolated: Isolated | None

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
    found = import_module(f"{__name__}.{kind}").cut(rows, size, seed)
    isolated = None
    if kind in OF_A_GRAPH:
        found, isolated = settled(found, rows.graph, _near(rows))
    edges = float(rows.graph.data.sum(dtype=np.float64)) / 2
    return Cut(found, kept(rows.graph, found), edges, isolated)


def _near(rows: CutRows) -> Any:
    return rows.graph if rows.near is None else rows.near
