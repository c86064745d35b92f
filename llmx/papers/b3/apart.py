"""Batches without a text twice: the library's rule, with as many batches in every epoch.

The library (sentence-transformers, ``NoDuplicatesBatchSampler``) passes over a row that has a text
of the batch, so how many batches there are depends on the order. Here rows that share a text, or
are linked by rows that do, are one family, and a family is dealt out over the batches one by one:
no batch has two of it, and the number of batches is that of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.draws import permutation
from llmx.papers.b3.packages import package


def families(texts: Iterable[Iterable[str]], count: int) -> NDArray[np.int32]:
    """Return the family of each row, int32 (count,).

    Args:
        texts: of each row.
    """
    number: dict[str, int] = {}
    rows, held = [], []
    for row, of in enumerate(texts):
        for text in of:
            rows.append(row)
            held.append(number.setdefault(text, len(number)))
    sparse = package("scipy.sparse")
    there = (np.ones(len(rows), np.int8), (np.array(rows), np.array(held) + count))
    ends = count + len(number)
    graph = sparse.csr_matrix(there, shape=(ends, ends))
    of_all = package("scipy.sparse.csgraph").connected_components(graph, directed=False)[1]
    found: NDArray[np.int32] = of_all[:count].astype(np.int32)
    return found


def check_families(family: NDArray[np.int32], batches: int) -> None:
    """Refuse a family that is larger than the number of batches.

    Raises:
        DataError: two of it would share a batch.
    """
    largest = int(np.bincount(family).max(initial=0))
    if batches and largest > batches:
        text = f"{largest} rows are linked by equal texts, and there are {batches} batches"
        raise DataError(text, "cut=random, or smaller batches: stages.batches.size=N")


def dealt(family: NDArray[np.int32], size: int, seed: int, name: str) -> NDArray[np.int64]:
    """Return an order of all rows, int64 (n,), whose batches of `size` have no family twice.

    Rows that fill no batch are the last ones.

    Args:
        family: int32 (n,), none larger than n // size.
        name: of the draw.
    """
    order = permutation(len(family), seed, name)
    drawn = permutation(int(family.max(initial=-1)) + 1, seed, f"{name} families")
    order = order[np.argsort(drawn[family[order]], kind="stable")]
    whole = len(order) // size * size
    if not whole:
        return order
    batches = order[:whole].reshape(size, whole // size).T.ravel()
    return np.concatenate([batches, order[whole:]])
