"""What a cut may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class CutRows:
    """Rows to be cut into clusters.

    Attributes:
        graph: CSR (n, n), symmetric, no loops, float32 weights above 0.
        near: CSR (n, n), above 0, weaker ties that place rows without an edge, as
            `Directed.edges`: a row's own band, mutual or not. None: in their order.
        vectors: float32 (n, d), for `kmeans`.
        dataset: int64 (n,), for `random_task`; None: one dataset.
    """

    graph: Any
    near: Any = None
    vectors: NDArray[np.float32] | None = None
    dataset: NDArray[np.int64] | None = None

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return int(self.graph.shape[0])
