"""From ranks to what a plan holds of hard negatives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.classes import ClassRanks
from llmx.papers.b3.dataset_rows import DatasetRows
from llmx.papers.b3.negatives import of_band, of_cluster
from llmx.papers.b3.pieces import skipped
from llmx.papers.b3.settings import MiningSettings

Rows = NDArray[np.int32]


def candidates(
    part: DatasetRows, members: Rows, how: MiningSettings, classes: ClassRanks | None
) -> Rows:
    """Return what a plan holds of a dataset: `HardNegatives.rows`, by places in it.

    Args:
        members: int32 (clusters, K), places.

    Raises:
        DataError: a row has fewer negatives in its band than are wanted.
    """
    skip, count = skipped(part, how), how.negatives
    ranks = (
        part.ranks[:, : skip + how.width_of(part.family)]
        if classes is None
        else classes.near(2 * count)
    )
    if how.form == "batch":
        return ranks[:, skip:]
    if how.form == "band":
        return of_band(ranks[:, skip:], count, part.target_id, how.seed)
    found = np.full((len(part.rows), count), -1, np.int32)
    for number, rows in enumerate(members):
        name = f"{part.name} {number}"
        try:
            found[rows] = of_cluster(rows, ranks, skip, count, part.target_id, how.seed, name)
        except DataError:
            continue
    return found


def among_all(found: Rows, rows: NDArray[np.int64]) -> Rows:
    """Return places in a dataset as rows among all, -1 as it is."""
    return np.append(rows, -1)[found].astype(np.int32)
