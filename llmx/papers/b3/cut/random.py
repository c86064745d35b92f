"""Random clusters over all rows, whatever dataset they are of: the usual batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.draws import permutation


def cut(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return clusters of exactly `size`, int32 (n,), -1 for fewer than `size` rows."""
    count = rows.count // size
    found = np.full(rows.count, -1, np.int32)
    found[permutation(rows.count, seed, "random")[: count * size]] = np.repeat(
        np.arange(count), size
    )
    return found
