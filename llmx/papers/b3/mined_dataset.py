"""The clusters of one dataset, and what can be said of them and of batches before a training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.apart import check_families, families
from llmx.papers.b3.classes import ClassRanks, class_ranks
from llmx.papers.b3.clustered import cut_piece, joined
from llmx.papers.b3.dataset_rows import DatasetRows
from llmx.papers.b3.diagnostics import EdgeCounts, diagnosed, edge_counts, sizes
from llmx.papers.b3.grouped import inside
from llmx.papers.b3.meetings import audited, shown
from llmx.papers.b3.mined_negatives import among_all, candidates
from llmx.papers.b3.pieces import check_dataset, pieces, skipped
from llmx.papers.b3.plan import Group
from llmx.papers.b3.settings import NO_DUPLICATES, MiningSettings
from llmx.papers.b3.theorem import ratios

Rows = NDArray[np.int32]


class MinedDataset:
    """The clusters of one dataset."""

    def __init__(self, part: DatasetRows, how: MiningSettings) -> None:
        check_dataset(part, how)
        self.part, self.how = part, how
        self.skip = skipped(part, how)
        self.classes: ClassRanks | None = None
        if part.classes and part.ranked and part.sides is not None:
            self.classes = class_ranks(part)
        self.pieces = list(pieces(part, how, self.classes))
        found = [(piece, cut_piece(part, piece, how)) for piece in self.pieces]
        self.clusters = joined(found, len(part.rows), how.cluster)

    def group(self) -> Group:
        """Return the clusters as rows among all."""
        rows = self.part.rows.astype(np.int32)
        loose = rows[self.clusters.of < 0]
        found = Group(self.part.name, rows[self.clusters.members], loose)
        return apart_of([self.part], found, self.how)

    def near(self) -> Rows:
        """Return the rows of each row's first p ranks, int32 (n, p), -1 for none and itself."""
        held = self.part.ranks[:, : self.skip]
        own = held == np.arange(len(held))[:, None]
        found = among_all(np.where(own, -1, held), self.part.rows)
        wide = np.full((len(held), self.skip), -1, np.int32)
        wide[:, : found.shape[1]] = found
        return wide

    def candidates(self) -> Rows:
        """Return what the plan holds of hard negatives, int32 (n, …), rows among all."""
        found = candidates(self.part, self.clusters.members, self.how, self.classes)
        return among_all(found, self.part.rows)

    def document(self, batches: Rows, batch: Rows) -> dict[str, Any]:
        """Return what the clusters and batches are like.

        Args:
            batches: int32 (batches, |B|), rows among all.
            batch: int32 (all rows,), -1 for the tail.
        """
        part, how, made = self.part, self.how, self.clusters
        levels = {"clusters": made.of, "batches": batch[part.rows]}
        found: dict[str, Any] = {"family": part.family, "skip": self.skip, "band": self._dropped()}
        counts = self._counts(levels)
        for name, of in levels.items():
            found[name] = {
                **self._diagnosed(of, *counts[name]),
                "kept_share": counts[name][0].share,
            }
        weight = counts["clusters"][0].weight
        found["cuts"] = {kind: kept / weight if weight else 0.0 for kind, kept in made.kept.items()}
        found["sizes_before_repair"] = None if made.parts is None else sizes(made.parts)
        found["isolated"] = None if made.isolated is None else asdict(made.isolated)
        found["swaps"] = [asdict(one) for one in made.passes]
        found["theorem"] = self._ratios(batches)
        audits = {
            name: audited(part, of, self.skip, how.width_of(part.family), how.seed)
            for name, of in levels.items()
        }
        found["truth"] = audits if part.pairs is not None and part.ranked else None
        return found

    def shown(self, batch: Rows) -> Iterator[dict[str, Any]]:
        """Yield some pairs to read."""
        part, how = self.part, self.how
        yield from shown(part, batch[part.rows], self.skip, how.width_of(part.family), how.seed)

    def _counts(self, levels: dict[str, Rows]) -> dict[str, tuple[EdgeCounts, int]]:
        """Return the counts of edges of each level, and how often a row meets one of its band."""
        found: dict[str, list[tuple[EdgeCounts, int]]] = {name: [] for name in levels}
        for piece in self.pieces:
            graph = piece.graph(self.how)
            for name, of in levels.items():
                here = of[piece.places]
                met = int(inside(piece.edges().edges, here).sum()) if self.classes else 0
                found[name].append((edge_counts(graph, here), met))
        return {name: self._summed(held) for name, held in found.items()}

    def _summed(self, held: list[tuple[EdgeCounts, int]]) -> tuple[EdgeCounts, int]:
        degree = np.empty(len(self.part.rows), np.int64)
        for piece, (one, _) in zip(self.pieces, held, strict=True):
            degree[piece.places] = one.degree
        edges, kept = (sum(getattr(one, name) for one, _ in held) for name in ("edges", "kept"))
        weight, of = (
            sum(getattr(one, name) for one, _ in held) for name in ("weight", "weight_kept")
        )
        return EdgeCounts(degree, edges, kept, weight, of), sum(met for _, met in held)

    def _diagnosed(self, of: Rows, counts: EdgeCounts, met: int) -> dict[str, Any]:
        part = self.part
        width = 0 if part.classes else self.how.width_of(part.family)
        found = diagnosed(of, counts, part.ranks, self.skip, width, part.target_id)
        if part.classes and found.clustered:
            found = replace(found, mates=met / found.clustered)
        return asdict(found)

    def _dropped(self) -> dict[str, int]:
        held = [piece.edges().dropped for piece in self.pieces]
        return {name: sum(one[name] for one in held) for name in held[0]} if held else {}

    def _ratios(self, batches: Rows) -> dict[str, Any] | None:
        rows = self.part.rows
        if self.how.source == "mixed" or not len(batches):
            return None
        own = batches[np.isin(batches[:, 0], rows)]
        places = np.searchsorted(rows, own).astype(np.int32)
        return ratios(self.part, places, self.how.cluster, self.how.seed)


def apart_of(parts: Sequence[DatasetRows], group: Group, how: MiningSettings) -> Group:
    """Return the group with what may share no batch, if texts are to be different there."""
    if how.kind != NO_DUPLICATES:
        return group
    pairs = parts[0].pairs
    if pairs is None:
        raise DataError("the texts of these rows are not at hand", "stages.batches.needs=[]")
    rows = group.clusters[:, 0].tolist()
    family = families(((pairs[row].query, pairs[row].target) for row in rows), len(rows))
    check_families(family, len(rows) // how.size)
    return replace(group, apart=family)
