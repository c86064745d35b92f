"""The better of recursive METIS and, where it takes no hours, Leiden."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.cut import leiden, metis_recursive
from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.grouped import kept
from llmx.papers.b3.repair import repair

MOST = 200_000
"""Rows of a dataset for which Leiden, some twenty times as slow, is tried."""
EDGES = 8_000_000
"""Edges, likewise: a rule on labels makes thousands a row."""


@dataclass(frozen=True)
class TriedCut:
    """A cut that was tried: its parts before and after their repair, and what it keeps.

    Attributes:
        kept: weight of the edges inside clusters.
        seconds: that it took.
    """

    kind: str
    parts: NDArray[np.int32] = field(repr=False)
    clusters: NDArray[np.int32] = field(repr=False)
    kept: float
    seconds: float = field(compare=False)


def tried(rows: CutRows, size: int, seed: int, most: int = MOST) -> list[TriedCut]:
    """Return the cuts by what they keep, the most first; of equal ones METIS."""
    kinds = {"metis_recursive": metis_recursive.parts}
    if rows.count <= most and rows.graph.nnz // 2 <= EDGES:
        kinds["leiden"] = leiden.parts
    found = []
    for kind, function in kinds.items():
        begun = perf_counter()
        parts = function(rows, size, seed)
        clusters = repair(parts, rows.graph, size)
        held = kept(rows.graph, clusters)
        found.append(TriedCut(kind, parts, clusters, held, perf_counter() - begun))
    return sorted(found, key=lambda one: -one.kept)


def cut(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return clusters of exactly `size`, int32 (n,), -1 for fewer than `size` rows."""
    return tried(rows, size, seed)[0].clusters
