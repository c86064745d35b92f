"""Rows are given places by affinity, as far as there is room: greedy, and never row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.grouped import position, sources


def placed(affinity: Any, room: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the place of each row, int32 (rows,), -1 where all that it is near to are full.

    In each round a row asks for the open place that it is nearest to, and a place takes the
    nearest of those that ask. Ties go to the lower number.

    Args:
        affinity: CSR (rows, places), above 0.
        room: int64 (places,), how many more each can take.
    """
    room = room.copy()
    found = np.full(affinity.shape[0], -1, np.int32)
    row, place, weight = sources(affinity), affinity.indices, affinity.data
    order = np.lexsort((place, -weight, row))
    row, place, weight = row[order], place[order], weight[order]
    while True:
        open_ = (room[place] > 0) & (found[row] < 0)
        row, place, weight = row[open_], place[open_], weight[open_]
        if not len(row):
            return found
        first = np.flatnonzero(position(row) == 0)
        asking = first[np.lexsort((row[first], -weight[first], place[first]))]
        taken = asking[position(place[asking]) < room[place[asking]]]
        found[row[taken]] = place[taken]
        room -= np.bincount(place[taken], minlength=len(room))


def filled(found: NDArray[np.int32], room: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return `found` with rows at -1 put into what room is left, both in their order."""
    held = found[found >= 0]
    left = np.repeat(np.arange(len(room)), room - np.bincount(held, minlength=len(room)))
    free = np.flatnonzero(found < 0)[: len(left)]
    found = found.copy()
    found[free] = left[: len(free)]
    return found
