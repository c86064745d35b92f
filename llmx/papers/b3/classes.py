"""Labels of a dataset of classes, ranked for each query by the teacher's own vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmx.engines.nearest.exact import top_k
from llmx.papers.b3.dataset_rows import DatasetRows


@dataclass(frozen=True)
class ClassRanks:
    """Labels of a dataset.

    Attributes:
        label: int64 (n,), 0 … labels - 1.
        ranked: int32 (n, labels), labels, the most similar first.
        first: int64 (labels,), the first row of each label.
    """

    label: NDArray[np.int64]
    ranked: NDArray[np.int32]
    first: NDArray[np.int64]

    def within(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return (ranked, label) of some rows, with their own labels alone, numbered anew."""
        there, label = np.unique(self.label[places], return_inverse=True)
        number = np.full(len(self.first), -1, np.int32)
        number[there] = np.arange(len(there), dtype=np.int32)
        ranked = number[self.ranked[places]]
        return ranked[ranked >= 0].reshape(len(places), len(there)), label

    def near(self, count: int) -> NDArray[np.int32]:
        """Return a row of each of a row's first `count` labels that are not its own.

        int32 (n, count), places, -1 for none: hard negatives of classes are labels, and a row
        stands for its own.
        """
        others = self.ranked != self.label[:, None]
        rows, columns = np.nonzero(others & (np.cumsum(others, 1) <= count))
        found = np.full((len(self.label), count), -1, np.int32)
        at = np.cumsum(others, 1)[rows, columns] - 1
        found[rows, at] = self.first[self.ranked[rows, columns]]
        return found


def class_ranks(part: DatasetRows) -> ClassRanks:
    """Return the labels of a dataset; a label's vector is that of its text."""
    assert part.sides is not None  # a plan of classes has a stage `embed` (settings.needs)
    query, target = part.sides
    _, first, label = np.unique(part.target_id, return_index=True, return_inverse=True)
    held = target[part.rows[first]]
    ranked = top_k(query[part.rows], held, len(first), scores=False).indices
    return ClassRanks(label.astype(np.int64), ranked, first)
