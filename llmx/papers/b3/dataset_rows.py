"""The rows of one dataset, and what a teacher said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from llmx.data.pairs.pairs import PairRows


@dataclass(frozen=True)
class DatasetRows:
    """The rows of one dataset: their places among all, and what is known of them there.

    Attributes:
        rows: int64 (n,), rising.
        ranks: int32 (n, depth), places in `rows`, -1 for none; (n, 0) where nothing was ranked.
        target_id: int64 (n,).
        scores: float16 (n, depth), similarities of `ranks`.
        sides: vectors of the queries and targets of all rows, float16 (all, d) each.
        pairs: all rows, for what is known of two of them.
    """

    name: str
    family: str
    rows: NDArray[np.int64]
    ranks: NDArray[np.int32]
    target_id: NDArray[np.int64]
    scores: NDArray[np.float16] | None = None
    sides: tuple[NDArray[Any], NDArray[Any]] | None = None
    pairs: PairRows | None = None

    @property
    def ranked(self) -> bool:
        """Say whether a teacher ranked the rows."""
        return int(self.ranks.shape[1]) > 0

    @property
    def classes(self) -> bool:
        """Say whether the targets are classes."""
        return self.family == "classification"


@dataclass(frozen=True)
class KnownRows:
    """What is known of all rows, 0 to n - 1, but for their datasets.

    Attributes:
        ranks: int32 (n, depth), rows, -1 for none; None: nothing was ranked.
        target_id: int64 (n,).
        scores: float16 (n, depth).
        sides: vectors of queries and targets, float16 (n, d) each.
        pairs: the rows themselves.
    """

    ranks: NDArray[np.int32] | None
    target_id: NDArray[np.int64]
    scores: NDArray[np.float16] | None = None
    sides: tuple[NDArray[Any], NDArray[Any]] | None = None
    pairs: PairRows | None = None


def datasets(
    known: KnownRows, dataset: NDArray[np.int32], families: Mapping[str, str]
) -> tuple[DatasetRows, ...]:
    """Return the rows of each dataset; ranks name rows of the same dataset.

    Args:
        dataset: int32 (n,), places in `families`.
        families: name of a dataset to its family.
    """
    count = len(known.target_id)
    ranks = np.empty((count, 0), np.int32) if known.ranks is None else known.ranks
    found = []
    for number, (name, family) in enumerate(families.items()):
        rows = np.flatnonzero(dataset == number)
        place = np.full(count + 1, -1, np.int32)  # the last one is that of -1
        place[rows] = np.arange(len(rows), dtype=np.int32)
        scores = None if known.scores is None else known.scores[rows]
        target = known.target_id[rows]
        more = (scores, known.sides, known.pairs)
        found.append(DatasetRows(name, family, rows, place[ranks[rows]], target, *more))
    return tuple(found)
