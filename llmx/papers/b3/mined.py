"""From ranks to a plan: band, graph, cut, swaps and batches of each dataset, with what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.band import Directed, band
from llmx.papers.b3.cut import Cut, cut
from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.diagnostics import diagnosed, leaks, of_batches
from llmx.papers.b3.grouped import kept
from llmx.papers.b3.mutual import Rule, symmetric
from llmx.papers.b3.packages import package
from llmx.papers.b3.plan import BatchPlan, Group, groups
from llmx.papers.b3.swap import Swapped, signed, swapped

Redraw = Literal["each_epoch", "once"]
Tail = Literal["drop", "fill"]
SKIP = {"retrieval": 30, "grounding": 30, "short_answer": 70}
"""The paper's p by family; classes have a rule on labels instead."""


@dataclass(frozen=True)
class MiningSettings:
    """How batches are made.

    Attributes:
        size: the paper's |B|.
        cluster: the paper's K.
        kind: of the cut.
        skip: the paper's p; None: by the family of a dataset.
        width: the paper's m.
        rule: which edges the graph has.
        passes: of swaps after the cut.
        penalty: λ of swaps, for each leaked pair.
        seed: of the cut, the swaps and the order.
    """

    size: int
    cluster: int
    kind: str = "best"
    skip: int | None = None
    width: int = 100
    rule: Rule = "mutual"
    passes: int = 0
    penalty: float = 0.0
    seed: int = 0
    redraw: Redraw = "each_epoch"
    tail: Tail = "drop"


@dataclass(frozen=True)
class DatasetRows:
    """The rows of one dataset: their places among all, and what is known of them there.

    Attributes:
        rows: int64 (n,), rising.
        ranks: int32 (n, depth), places in `rows`, -1 for none; (n, 0) where nothing was ranked.
        target_id: int64 (n,).
    """

    name: str
    family: str
    rows: NDArray[np.int64]
    ranks: NDArray[np.int32]
    target_id: NDArray[np.int64]


def datasets(
    ranks: NDArray[np.int32] | None,
    target_id: NDArray[np.int64],
    dataset: NDArray[np.int32],
    families: Mapping[str, str],
) -> tuple[DatasetRows, ...]:
    """Return the rows of each dataset; ranks name rows of the same dataset.

    Args:
        ranks: int32 (n, depth), rows, -1 for none; None: nothing was ranked.
        dataset: int32 (n,), places in `families`.
        families: name of a dataset to its family.
    """
    found = []
    ranks = np.empty((len(target_id), 0), np.int32) if ranks is None else ranks
    for number, (name, family) in enumerate(families.items()):
        rows = np.flatnonzero(dataset == number)
        place = np.full(len(ranks) + 1, -1, np.int32)  # the last one is that of -1
        place[rows] = np.arange(len(rows), dtype=np.int32)
        found.append(DatasetRows(name, family, rows, place[ranks[rows]], target_id[rows]))
    return tuple(found)


def mined(parts: tuple[DatasetRows, ...], how: MiningSettings) -> tuple[BatchPlan, dict[str, Any]]:
    """Return the plan, and by dataset the diagnostics of clusters and of the first epoch's batches.

    Raises:
        DataError: a dataset is of classes, or no dataset fills a batch.
    """
    made = [_Mined(part, how) for part in parts]
    plan = BatchPlan(tuple(one.group() for one in made), how.size, how.seed, how.redraw, how.tail)
    if not plan.count():
        most = max(len(part.rows) for part in parts)
        text = f"no dataset fills a batch of {how.size} rows: the largest has {most}"
        raise DataError(text, "a smaller batch: stages.batches.size=N")
    first = plan.epoch(0)
    total = sum(len(part.rows) for part in parts)
    batch = of_batches(first.batches, total)
    return plan, {one.part.name: one.document(batch) for one in made}


class _Mined:
    """The graph and clusters of one dataset."""

    def __init__(self, part: DatasetRows, how: MiningSettings) -> None:
        self.part, self.how = part, how
        self.skip = _skip(part, how)
        directed = _band(part, self.skip, how.width)
        self.dropped = directed.dropped
        self.graph = symmetric(directed.edges, how.rule)
        rows = CutRows(self.graph, directed.edges)
        small = how.cluster > len(part.rows)
        none = np.full(len(part.rows), -1, np.int32)
        self.cut = (
            Cut(none, 0.0, float(self.graph.nnz) / 2, None)
            if small
            else cut(how.kind, rows, how.cluster, how.seed)
        )
        self.swapped = self._swapped()

    def _swapped(self) -> Swapped:
        part, how = self.part, self.how
        worth = signed(self.graph, leaks(part.ranks, self.skip), how.penalty)
        return swapped(self.cut.clusters, worth, part.target_id, how.passes, how.seed)

    def group(self) -> Group:
        """Return the clusters as rows among all."""
        (held,) = groups(self.swapped.clusters, self.how.cluster)
        rows = self.part.rows.astype(np.int32)
        return Group(self.part.name, rows[held.clusters], rows[held.loose])

    def document(self, batch: NDArray[np.int32]) -> dict[str, Any]:
        """Return what the clusters and batches are like.

        Args:
            batch: int32 (all rows,), -1 for the tail.
        """
        part = self.part
        edges = float(self.graph.data.sum(dtype=np.float64)) / 2
        levels = {"clusters": self.swapped.clusters, "batches": batch[part.rows]}
        found: dict[str, Any] = {"family": part.family, "skip": self.skip, "band": self.dropped}
        for name, of in levels.items():
            share = kept(self.graph, of) / edges if edges else 0.0
            told = diagnosed(of, self.graph, part.ranks, self.skip, self.how.width, part.target_id)
            found[name] = {**asdict(told), "kept_share": share}
        isolated = self.cut.isolated
        found["isolated"] = None if isolated is None else asdict(isolated)
        found["swaps"] = [asdict(one) for one in self.swapped.passes]
        return found


def _band(part: DatasetRows, skip: int, width: int) -> Directed:
    """Return the edges of a band; none where nothing was ranked."""
    if part.ranks.shape[1]:
        return band(part.ranks, skip, width, part.target_id)
    rows = len(part.rows)
    return Directed(package("scipy.sparse").csr_matrix((rows, rows), dtype=np.float32), {})


def _skip(part: DatasetRows, how: MiningSettings) -> int:
    if not part.ranks.shape[1]:
        return 0
    if part.family not in SKIP:
        text = f"dataset '{part.name}' is of classes, whose rule on labels no stage has yet"
        raise DataError(text, "other data.options.tasks, or of your own family=retrieval")
    return SKIP[part.family] if how.skip is None else how.skip
