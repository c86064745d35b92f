"""The better of recursive METIS and, up to 200,000 rows, Leiden."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.cut import leiden, metis_recursive
from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.grouped import kept

MOST = 200_000
"""Rows of a dataset for which Leiden, some twenty times as slow, is tried."""


@dataclass(frozen=True)
class TriedCut:
    """A cut that was tried: weight of the edges that it keeps, and seconds that it took."""

    kind: str
    clusters: NDArray[np.int32] = field(repr=False)
    kept: float
    seconds: float = field(compare=False)


def tried(rows: CutRows, size: int, seed: int, most: int = MOST) -> list[TriedCut]:
    """Return the cuts by what they keep, the most first; of equal ones METIS."""
    kinds = {"metis_recursive": metis_recursive.cut}
    if rows.count <= most:
        kinds["leiden"] = leiden.cut
    found = []
    for kind, function in kinds.items():
        begun = perf_counter()
        clusters = function(rows, size, seed)
        found.append(TriedCut(kind, clusters, kept(rows.graph, clusters), perf_counter() - begun))
    return sorted(found, key=lambda one: -one.kept)


def cut(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return clusters of exactly `size`, int32 (n,), -1 for fewer than `size` rows."""
    return tried(rows, size, seed)[0].clusters
