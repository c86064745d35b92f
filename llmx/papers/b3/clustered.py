"""The clusters of one dataset: cut, swapped or permuted, piece by piece."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.authors import authors_parts, authors_repair
from llmx.papers.b3.cut import cut
from llmx.papers.b3.cut.rows import CutRows
from llmx.papers.b3.dataset_rows import DatasetRows
from llmx.papers.b3.diagnostics import leaks
from llmx.papers.b3.draws import permutation
from llmx.papers.b3.grouped import members
from llmx.papers.b3.pieces import GraphPiece, skipped
from llmx.papers.b3.repair import Isolated
from llmx.papers.b3.settings import NO_DUPLICATES, MiningSettings
from llmx.papers.b3.swap import Objective, signed, swapped

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Clusters:
    """Clusters of a piece or a dataset.

    Attributes:
        of: int32 (n,), -1 for none; a row that is repeated has its first cluster.
        members: int32 (clusters, K).
        parts: int32 (n,), before their repair, -1 for none; None without a graph.
        isolated: rows without an edge, and how they were placed.
        kept: weight of the edges inside clusters, by cut that was tried.
        passes: the course of the swaps.
    """

    of: Ints
    members: Ints
    parts: Ints | None = None
    isolated: Isolated | None = None
    kept: Mapping[str, float] = field(default_factory=dict)
    passes: tuple[Objective, ...] = ()


def cut_piece(part: DatasetRows, piece: GraphPiece, how: MiningSettings) -> Clusters:
    """Return the clusters of a piece, by its places.

    Raises:
        DataError: no two rows of a graph that is cut share an edge.
    """
    count, size = len(piece.places), how.cluster
    if size > count:
        return Clusters(np.full(count, -1, np.int32), np.empty((0, size), np.int32))
    if how.kind == NO_DUPLICATES:
        every = np.arange(count, dtype=np.int32)
        return Clusters(every, every[:, None])
    if not how.of_a_graph:
        rows = CutRows(_no_edges(count), vectors=_vectors(part, piece, how))
        found = cut(how.kind, rows, size, how.seed).clusters
        return _permuted(Clusters(found, members(found, size)), how)
    graph = piece.graph(how)
    if not graph.nnz and count >= how.size:
        text = f"no two rows of dataset '{part.name}' have each other in their bands"
        raise DataError(text, "a wider band: stages.batches.width=N, or rule=either")
    made = _authors(part, graph, how) if how.style == "authors" else _ours(part, piece, graph, how)
    return _permuted(made, how)


def _no_edges(count: int) -> Any:
    from scipy.sparse import csr_matrix

    return csr_matrix((count, count), dtype=np.float32)


def _vectors(
    part: DatasetRows, piece: GraphPiece, how: MiningSettings
) -> NDArray[np.float32] | None:
    """Return the vectors of the targets, which are what a row meets; None if nobody looks."""
    if how.kind != "kmeans" or part.sides is None:
        return None
    return part.sides[1][part.rows[piece.places]].astype(np.float32)


def _ours(part: DatasetRows, piece: GraphPiece, graph: Any, how: MiningSettings) -> Clusters:
    found = cut(how.kind, CutRows(graph, piece.edges().edges), how.cluster, how.seed)
    near = None if part.classes else leaks(part.ranks, skipped(part, how))
    worth = signed(graph, near, how.penalty)
    target = part.target_id[piece.places]
    held = swapped(found.clusters, worth, target, how.passes, how.seed)
    kept = found.tried or {how.kind: found.kept}
    rows = members(held.clusters, how.cluster)
    return Clusters(held.clusters, rows, found.parts, found.isolated, kept, held.passes)


def _authors(part: DatasetRows, graph: Any, how: MiningSettings) -> Clusters:
    parts = authors_parts(graph, how.cluster, doubled=not part.classes)
    rows = authors_repair(parts, how.cluster, how.seed, how.padding_fault)
    return Clusters(_first(rows, graph.shape[0]), rows, parts)


def _first(rows: Ints, count: int) -> Ints:
    """Return the first cluster of each row, int32 (count,)."""
    found = np.full(count, -1, np.int32)
    last_first = rows[::-1].ravel()
    found[last_first] = np.repeat(np.arange(len(rows), dtype=np.int32)[::-1], rows.shape[1])
    return found


def _permuted(made: Clusters, how: MiningSettings) -> Clusters:
    """Return the clusters with their rows exchanged at random, if so wanted: all sizes stay."""
    if not how.permuted:
        return made
    order = permutation(len(made.of), how.seed, "permuted").astype(np.int32)
    found = np.empty_like(made.of)
    found[order] = made.of
    return Clusters(found, order[made.members], made.parts, made.isolated, made.kept, made.passes)


def joined(found: Sequence[tuple[GraphPiece, Clusters]], count: int, size: int) -> Clusters:
    """Return the clusters of a dataset of those of its pieces, numbered on.

    Args:
        count: rows of the dataset.
        size: the paper's K.
    """
    if len(found) == 1:
        return found[0][1]
    of, parts = (np.full(count, -1, np.int32) for _ in range(2))
    rows, clusters, before = [np.empty((0, size), np.int32)], 0, 0
    for piece, one in found:
        of[piece.places] = np.where(one.of >= 0, one.of + clusters, -1)
        rows.append(piece.places[one.members].astype(np.int32))
        clusters += len(one.members)
        if one.parts is not None:
            parts[piece.places] = np.where(one.parts >= 0, one.parts + before, -1)
            before += int(one.parts.max()) + 1
    return Clusters(
        of,
        np.concatenate(rows),
        parts if before else None,
        _sum([one.isolated for _, one in found]),
        _kept([one.kept for _, one in found]),
    )


def _sum(found: Sequence[Isolated | None]) -> Isolated | None:
    held = [one for one in found if one is not None]
    if not held:
        return None
    names = ("rows", "by_similarity", "in_order", "left")
    return Isolated(*(sum(getattr(one, name) for one in held) for name in names))


def _kept(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the sums of the kinds that every piece tried."""
    names = [name for name in found[0] if all(name in one for one in found)]
    return {name: sum(one[name] for one in found) for name in names}
