"""How near batches come to Theorem 1, beside random ones, on a sample of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.bound import top_ratio
from llmx.papers.b3.dataset_rows import DatasetRows
from llmx.papers.b3.draws import permutation

TEMPERATURE = 0.02
"""The paper's, by which similarities are divided."""
MOST = 32_768
"""Rows whose batches are looked at, evenly over the epoch."""


def ratios(
    part: DatasetRows, batches: NDArray[np.int32], cluster: int, seed: int
) -> dict[str, Any] | None:
    """Return how far the batches of a dataset are from holding each row's nearest targets.

    `ratio` is the mean over rows of log(H / H_B), with H the sum of the K largest exponentials of
    a query over the dataset and H_B over its batch: 0 where a batch holds a row's K nearest, and
    what the bound of the loss rises by. `random` is that of random batches of as many rows.

    Args:
        batches: int32 (batches, |B|), places of the dataset.
        cluster: the paper's K; what is ranked less deep bounds it.
        seed: of the random batches.
    """
    if not len(batches) or not part.ranked or part.sides is None:
        return None
    largest = min(cluster, int((part.ranks >= 0).sum(1).min()))
    count, size = batches.shape
    most = max(1, MOST // size)
    taken = np.unique(np.linspace(0, count - 1, most).round().astype(int))
    ours = [_of_batch(part, batches[at], largest) for at in taken]
    drawn = (permutation(len(part.rows), seed, f"theorem {at}")[:size] for at in taken)
    chance = [_of_batch(part, rows, largest) for rows in drawn]
    return {
        "ratio": float(np.concatenate(ours).mean()),
        "random": float(np.concatenate(chance).mean()),
        "largest": largest,
        "temperature": TEMPERATURE,
        "rows": len(taken) * size,
    }


def _of_batch(part: DatasetRows, rows: NDArray[Any], largest: int) -> NDArray[np.float64]:
    """Return log(H / H_B) of each row; products of float16 are exact in float64, in any order."""
    assert part.sides is not None
    query, target = part.sides
    asked = query[part.rows[rows]].astype(np.float64)
    inside = asked @ target[part.rows[rows]].astype(np.float64).T
    near = target[part.rows[part.ranks[rows, :largest]]].astype(np.float64)
    nearest = np.einsum("ij,ikj->ik", asked, near)
    return top_ratio(nearest / TEMPERATURE, inside / TEMPERATURE, largest)
