"""Rows are given places by affinity, as far as there is room: greedy, and never row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.grouped import position, sources


def placed(affinity: Any, room: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the place of each row, int32 (rows,), -1 where all that it is near to are full.

    The greedy assignment, the strongest tie first: in each round a row asks for the place that it
    is nearest to of those that have not refused it, and a place refuses all but the nearest that
    it has room for (Gale and Shapley 1962). Ties go to the lower number.

    Args:
        affinity: CSR (rows, places), above 0.
        room: int64 (places,), how many more each can take.
    """
    row, place, weight = sources(affinity), affinity.indices, affinity.data
    order = np.lexsort((place, -weight, row))
    order = order[room[place[order]] > 0]
    row, place, weight = row[order], place[order], weight[order]
    while True:
        first = np.flatnonzero(position(row) == 0)
        asking = first[np.lexsort((row[first], -weight[first], place[first]))]
        refused = asking[position(place[asking]) >= room[place[asking]]]
        if not len(refused):
            break
        row, place, weight = (np.delete(one, refused) for one in (row, place, weight))
    found = np.full(affinity.shape[0], -1, np.int32)
    found[row[first]] = place[first]
    return found


def filled(found: NDArray[np.int32], room: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return `found` with rows at -1 put into what room is left, both in their order."""
    held = found[found >= 0]
    left = np.repeat(np.arange(len(room)), room - np.bincount(held, minlength=len(room)))
    free = np.flatnonzero(found < 0)[: len(left)]
    found = found.copy()
    found[free] = left[: len(free)]
    return found
