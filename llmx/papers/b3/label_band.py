"""The band of a classification task: rows of the labels that a query is nearest to.

The paper gives no numbers for such tasks. Its code splits a dataset into random parts of 10,000
rows and connects a row to every row of its part whose label is among the nearest 30 % of the
part's labels, its own left out.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.band import Directed
from llmx.papers.b3.draws import permutation
from llmx.papers.b3.packages import package

PART = 10_000
SHARE = 0.30


def parts(rows: int, seed: int, size: int = PART) -> NDArray[np.int32]:
    """Return the random part of each row, int32 (rows,); the last one may be smaller."""
    found = np.empty(rows, np.int32)
    found[permutation(rows, seed, "parts")] = np.arange(rows) // size
    return found


def labels_by_rank(ranks: NDArray[np.int32], label: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return each row's distinct labels from most to least similar, -1 where a ranking ends.

    Args:
        ranks: int32 (n, depth), rows, -1 where there is none.
        label: int64 (n,), 0 … labels - 1.

    Returns:
        int32 (n, labels).
    """
    rows, depth = ranks.shape
    found = np.full((rows, int(label.max()) + 1), depth, np.int32)
    # The labels are those of the last column first, so the best rank of a label is what stays.
    for at in range(depth - 1, -1, -1):
        known = np.flatnonzero(ranks[:, at] >= 0)
        found[known, label[ranks[known, at]]] = at
    order = np.argsort(found, axis=1, kind="stable").astype(np.int32)
    ended = np.take_along_axis(found, order, 1) == depth
    return np.where(ended, np.int32(-1), order)


def nearest_labels(
    ranked: NDArray[np.int32], label: NDArray[np.int64], count: int
) -> NDArray[np.bool_]:
    """Say which labels are the first `count` of a row that are not its own: bool (n, labels)."""
    others = (ranked != label[:, None]) & (ranked >= 0)
    rows, columns = np.nonzero(others & (np.cumsum(others, 1) <= count))
    found = np.zeros((len(ranked), int(label.max()) + 1), bool)
    found[rows, ranked[rows, columns]] = True
    return found


def label_band(
    ranked: NDArray[np.int32], label: NDArray[np.int64], share: float = SHARE
) -> Directed:
    """Return edges to all rows of the nearest ``ceil(share · labels)`` labels, within one part.

    Args:
        ranked: int32 (n, labels), from :func:`labels_by_rank`.
        label: int64 (n,), 0 … labels - 1.
        share: of the part's distinct labels; taken as the decimal that is written.
    """
    sparse = package("scipy.sparse")
    distinct = len(np.unique(label))
    # 0.30 · 10 is 3.0000000000000004 or 3 by luck; ceil would make a label of it.
    count = ceil(Fraction(str(share)) * distinct)
    rows, labels = len(label), int(label.max()) + 1
    holds = (np.ones(rows, np.float32), (label, np.arange(rows)))
    members: Any = sparse.csr_matrix(holds, shape=(labels, rows))
    near = sparse.csr_matrix(nearest_labels(ranked, label, count).astype(np.float32))
    edges = (near @ members).tocsr()
    edges.sort_indices()
    return Directed(edges, {"same_target": int((np.bincount(label)[label] - 1).sum())})
