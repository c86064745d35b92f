"""Random clusters of one dataset each: what single-task batches alone bring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.draws import permutation
from llmx.papers.b3.grouped import position


def cut(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return clusters of exactly `size`, int32 (n,); -1 for fewer than `size` rows a dataset."""
    dataset = np.zeros(rows.count, np.int64) if rows.dataset is None else rows.dataset
    order = permutation(rows.count, seed, "random")
    order = order[np.argsort(dataset[order], kind="stable")]
    own = dataset[order]
    block = position(own) // size
    whole = block < np.bincount(own)[own] // size
    found = np.full(rows.count, -1, np.int32)
    starts = np.concatenate([[False], (own[1:] != own[:-1]) | (block[1:] != block[:-1])])
    starts = starts[: len(own)]
    # Numbers rise with each block; blocks that are not whole stand last in their dataset.
    number = np.unique(np.cumsum(starts)[whole], return_inverse=True)[1]
    found[order[whole]] = number
    return found
