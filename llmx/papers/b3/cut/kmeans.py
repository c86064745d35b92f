"""Balanced k-means by halving: clusters of exactly K that see vectors and no graph.

With two centres and given sizes the best assignment is known: sort the rows by the difference of
their squared distances. So each step is Lloyd's with an exact balanced assignment, and the halves
are halved again: rows · log(clusters) distances, where k centres at once would need rows · k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import ConfigError
from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.draws import permutation

STEPS = 6


def cut(rows: CutRows, size: int, seed: int) -> NDArray[np.int32]:
    """Return clusters of exactly `size`, int32 (n,), -1 for fewer than `size` rows.

    Raises:
        ConfigError: there are no vectors.
    """
    if rows.vectors is None:
        raise ConfigError("the cut 'kmeans' needs vectors", "a teacher, or another cut")
    found = np.full(rows.count, -1, np.int32)
    order = permutation(rows.count, seed, "kmeans")
    left = [order[: rows.count // size * size]]
    number = 0
    while left:
        part = left.pop()
        if len(part) == size:
            found[part] = number
            number += 1
        else:
            left += _halves(rows.vectors, part, size)
    return found


def _halves(
    vectors: NDArray[np.float32], part: NDArray[np.int64], size: int
) -> list[NDArray[np.int64]]:
    """Return two parts of as equal a number of clusters as there can be."""
    here = vectors[part].astype(np.float64)
    first = len(part) // size // 2 * size
    # The two rows that the random order puts first; the further of each other's ends then.
    one = here[np.argmax(_squares(here - here[0]))]
    other = here[np.argmax(_squares(here - one))]
    for _ in range(STEPS):
        # |x - one|² - |x - other|² but for what is equal for all; einsum, since a product by BLAS
        # may differ in the last bit with the number of threads.
        order = np.argsort(np.einsum("ij,j->i", here, other - one), kind="stable")
        one, other = here[order[:first]].mean(0), here[order[first:]].mean(0)
    return [part[order[:first]], part[order[first:]]]


def _squares(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.einsum("ij,ij->i", rows, rows)
    return found
