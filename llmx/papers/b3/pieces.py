"""What is cut at once: a dataset with its graph, or a part of one of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.band import Directed, band
from llmx.papers.b3.classes import ClassRanks
from llmx.papers.b3.dataset_rows import DatasetRows
from llmx.papers.b3.label_band import label_band, parts
from llmx.papers.b3.mutual import symmetric
from llmx.papers.b3.packages import package
from llmx.papers.b3.settings import SKIP, MiningSettings


@dataclass(frozen=True)
class GraphPiece:
    """Rows that are cut at once.

    Attributes:
        places: int64 (n,), in their dataset, rising.
        edges: gives the directed edges; those of classes are many, and are made again each time.
    """

    places: NDArray[np.int64]
    edges: Callable[[], Directed]

    def graph(self, how: MiningSettings) -> Any:
        """Return the undirected graph, CSR (n, n)."""
        return symmetric(self.edges().edges, how.rule)


def pieces(
    part: DatasetRows, how: MiningSettings, classes: ClassRanks | None
) -> Iterator[GraphPiece]:
    """Yield the pieces of a dataset.

    Args:
        classes: of a dataset of classes that a teacher ranked.
    """
    if classes is not None:
        number = parts(len(part.rows), how.seed)
        for one in range(int(number.max(initial=-1)) + 1):
            places = np.flatnonzero(number == one)
            yield GraphPiece(places, partial(_of_labels, classes, places))
        return
    places = np.arange(len(part.rows))
    found = _band(part, how)
    yield GraphPiece(places, lambda: found)


def _of_labels(classes: ClassRanks, places: NDArray[np.int64]) -> Directed:
    return label_band(*classes.within(places))


def skipped(part: DatasetRows, how: MiningSettings) -> int:
    """Return the paper's p for a dataset; 0 where nothing was ranked, or labels are."""
    if part.classes or not part.ranked:
        return 0
    return SKIP[part.family] if how.skip is None else how.skip


def _band(part: DatasetRows, how: MiningSettings) -> Directed:
    """Return the edges of a band; none where nothing was ranked."""
    rows = len(part.rows)
    if part.classes or not part.ranked:
        return Directed(package("scipy.sparse").csr_matrix((rows, rows), dtype=np.float32), {})
    scores = part.scores if how.weighted else None
    return band(part.ranks, skipped(part, how), how.width_of(part.family), part.target_id, scores)


def of_dataset(part: DatasetRows, how: MiningSettings) -> MiningSettings:
    """Return how the batches of one dataset are made: two classes have no graph worth a cut."""
    two = part.classes and len(np.unique(part.target_id)) == 2
    if not (two and how.two_labels == "random" and how.of_a_graph):
        return how
    return replace(how, kind="random", style="ours", padding_fault=False, passes=0, weighted=False)


def check_dataset(part: DatasetRows, how: MiningSettings) -> None:
    """Refuse a dataset of which no graph can be made, before it is made.

    Raises:
        DataError: naming the dataset.
    """
    if not how.of_a_graph or len(part.rows) < how.size:
        return
    targets = len(np.unique(part.target_id))
    if targets < 2:
        raise DataError(f"all targets of dataset '{part.name}' are equal", "other data")
    if part.classes and targets < 3:
        text = f"dataset '{part.name}' has two labels, so a row would be joined to all of the other"
        raise DataError(text, "stages.batches.two_labels=random")
    if len(part.rows) // how.cluster < 2:
        text = f"dataset '{part.name}' of {len(part.rows)} rows is one cluster of {how.cluster}"
        raise DataError(text, "a smaller cluster: stages.batches.cluster=N")
