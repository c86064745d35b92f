"""The band of ranks that becomes edges: hard, but below what may be a false negative.

``ranks[i, c]`` is the row whose target is the c-th most similar one to query i, from 0; -1 where
a search found none. Ties are the ranking's: by index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.packages import package

BLOCK = 1 << 16
LEAST = 1e-4
"""The least weight of an edge: similarities at or below zero would take it out of the matrix."""


@dataclass(frozen=True)
class Directed:
    """Edges from a row to those in its band, and what was left out.

    Attributes:
        edges: CSR (n, n), float32: 1, or the similarity, at least `LEAST`.
        dropped: entries of the band by reason: `itself`, `same_target`, `absent`.
    """

    edges: Any
    dropped: dict[str, int]


def band(
    ranks: NDArray[np.int32],
    skip: int,
    width: int,
    target_id: NDArray[np.int64] | None = None,
    scores: NDArray[np.floating[Any]] | None = None,
) -> Directed:
    """Return the edges to ranks `skip` … `skip + width - 1`.

    Args:
        ranks: int32 (n, depth), rows.
        skip: the paper's p: first ranks that may be false negatives.
        width: the paper's m.
        target_id: int64 (n,); rows with an equal target get no edge. None keeps them.
        scores: (n, depth), similarities of `ranks`: the weights. None: all are 1.

    Raises:
        DataError: the ranking ends before the band does, or names a row twice or out of range.
    """
    rows, depth = ranks.shape
    _check_depth(rows, depth, skip, width)
    if int(ranks.max(initial=-1)) >= rows:
        raise DataError(f"a rank names row {int(ranks.max())}, and there are {rows}")
    dropped = dict.fromkeys(("itself", "same_target", "absent"), 0)
    parts = []
    for start in range(0, rows, BLOCK):
        at = slice(start, min(start + BLOCK, rows))
        found = ranks[at, skip : skip + width]
        keep = _kept(found, start, target_id, dropped)
        held = None if scores is None else scores[at, skip : skip + width][keep]
        parts.append((keep.sum(1), found[keep], held))
    return Directed(_matrix(parts, rows), dropped)


def _check_depth(rows: int, depth: int, skip: int, width: int) -> None:
    if skip < 0 or width < 1:
        raise DataError(f"a band skips 0 ranks or more and keeps 1 or more, not {skip} and {width}")
    if skip + width > depth and depth < rows:
        raise DataError(
            f"the band ends at rank {skip + width - 1}, and {depth} ranks are known",
            f"rank deeper: depth={skip + width}, or a smaller p or m",
        )
    if skip >= rows:
        raise DataError(f"a band that skips {skip} ranks of {rows} rows is empty", "a smaller p")


def _kept(
    found: NDArray[np.int32],
    start: int,
    target_id: NDArray[np.int64] | None,
    dropped: dict[str, int],
) -> NDArray[np.bool_]:
    """Say which entries are edges, and count the others: each once, by the first reason."""
    source = np.arange(start, start + len(found))[:, None]
    absent = found < 0
    itself = found == source
    dropped["absent"] += int(absent.sum())
    dropped["itself"] += int(itself.sum())
    keep: NDArray[np.bool_] = ~(absent | itself)
    if target_id is not None:
        same = (target_id[found] == target_id[source]) & keep
        dropped["same_target"] += int(same.sum())
        keep &= ~same
    return keep


def _matrix(parts: list[tuple[Any, Any, Any]], rows: int) -> Any:
    counts, columns, weights = zip(*parts, strict=True)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(counts))])
    to = np.concatenate(columns)
    if weights[0] is None:
        data = np.ones(len(to), np.float32)
    else:
        data = np.maximum(np.concatenate(weights).astype(np.float32), np.float32(LEAST))
    edges = package("scipy.sparse").csr_matrix((data, to, starts), shape=(rows, rows))
    edges.sort_indices()
    if not edges.has_canonical_format:
        raise DataError("a ranking names a row twice", "each row once a query, ties by index")
    return edges
