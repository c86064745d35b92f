"""Local search after a cut: rows of two clusters change places where that is worth something.

The objective is the weight of the edges kept, minus λ for each leaked pair (a row that meets a
target of its own first p ranks); pairs of equal targets come before both. A pass makes swaps of
which no two touch the same cluster, so their gains add up and the objective cannot fall. A pass is
linear in the edges but for sorting, and all sizes stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.draws import words
from llmx.papers.b3.grouped import kept, one_hot, position, sources, within
from llmx.papers.b3.matching import matched

LEAST = 1e-9
TOP = 3  # clusters that a row asks for in a pass

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Objective:
    """What a clustering is worth: fewer pairs of equal targets first, then the higher value."""

    equal_pairs: int
    value: float


@dataclass(frozen=True)
class Swapped:
    """Clusters after the search, and the objective before it and after each pass."""

    clusters: NDArray[np.int32]
    passes: tuple[Objective, ...]


def signed(graph: Any, leaks: Any = None, penalty: float = 0.0) -> Any:
    """Return what a pair in one cluster is worth, CSR (n, n), float64, symmetric.

    Args:
        graph: CSR (n, n), symmetric.
        leaks: CSR (n, n), directed, 1 for each row of a row's first p ranks.
        penalty: λ, for each leaked pair and direction.
    """
    worth = graph.astype(np.float64)
    if leaks is not None and penalty:
        worth = worth - penalty * (leaks.astype(np.float64) + leaks.T)
    return worth.tocsr()


def objective(
    clusters: NDArray[np.int32], worth: Any, target_id: NDArray[np.int64] | None
) -> Objective:
    """Return the objective of a clustering."""
    meets = _Targets(clusters, target_id).meets(clusters, np.arange(len(clusters)))
    pairs = int((meets[clusters >= 0] - 1).sum()) // 2 if target_id is not None else 0
    return Objective(pairs, kept(worth, clusters))


def swapped(
    clusters: NDArray[np.int32],
    worth: Any,
    target_id: NDArray[np.int64] | None = None,
    passes: int = 1,
    seed: int = 0,
) -> Swapped:
    """Exchange rows for up to `passes` passes, until one finds nothing.

    Args:
        clusters: int32 (n,), -1 for rows that take no part.
        worth: CSR (n, n), from :func:`signed`.
        target_id: int64 (n,): no row moves to a cluster that has its target; None: any may.
        passes: the most.
        seed: of the partners and places tried at random.
    """
    found = clusters.copy()
    course = [objective(found, worth, target_id)]
    for number in range(passes):
        one, other = _Pass(found, worth, target_id, seed, number).swaps()
        if not len(one):
            break
        found[one], found[other] = found[other], found[one]
        course.append(objective(found, worth, target_id))
    return Swapped(found, tuple(course))


class _Targets:
    """How many rows of a cluster have a target."""

    def __init__(self, clusters: NDArray[np.int32], target_id: NDArray[np.int64] | None) -> None:
        self.target = target_id
        if target_id is not None:
            self.width = int(target_id.max(initial=0)) + 1
            held = clusters >= 0
            keys = clusters[held].astype(np.int64) * self.width + target_id[held]
            self.keys, self.counts = np.unique(keys, return_counts=True)

    def meets(self, cluster: NDArray[Any], row: NDArray[Any]) -> Ints:
        """Return how many rows of `cluster` have the target of `row`, itself counted."""
        if self.target is None or not len(self.keys):
            return np.zeros(len(row), np.int64)
        wanted = cluster.astype(np.int64) * self.width + self.target[row]
        at = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where(self.keys[at] == wanted, self.counts[at], 0)


class _Pass:
    """One round of swaps: who wants where, with whom, and which of these go together."""

    def __init__(
        self,
        clusters: NDArray[np.int32],
        worth: Any,
        target_id: NDArray[np.int64] | None,
        seed: int,
        number: int,
    ) -> None:
        self.clusters, self.worth = clusters, worth
        self.count = int(clusters.max(initial=-1)) + 1
        self.name, self.seed = f"swaps {number}", seed
        self.near = (worth @ one_hot(clusters, self.count)).tocsr()
        self.targets = _Targets(clusters, target_id)
        clash = self.targets.meets(clusters, np.arange(len(clusters))) > 1
        # More than any swap can win or lose by edges: a pair of equal targets comes first.
        most = 1 + 4 * float(abs(worth).sum(1).max()) if worth.shape[0] else 1.0
        self.own = within(worth, clusters) - most * (clash & (clusters >= 0))
        self.order = np.argsort(clusters, kind="stable")[np.count_nonzero(clusters < 0) :]
        self.sizes = np.bincount(clusters[self.order], minlength=self.count)
        self.starts = np.cumsum(self.sizes) - self.sizes

    def swaps(self) -> tuple[Ints, Ints]:
        """Return rows that change places, int64 each; no cluster is in two swaps."""
        row, place, gain = self._wishes()
        if not len(row):
            return row, row
        chosen = [self._weakest(place), self._in_return(row, place, gain), self._any(place)]
        one, other = np.tile(row, 3), np.concatenate(chosen)
        one, other = one[other >= 0], other[other >= 0]
        worth = self._gain(one, other)
        one, other, worth = one[worth > LEAST], other[worth > LEAST], worth[worth > LEAST]
        here, there = self.clusters[one].astype(np.int64), self.clusters[other].astype(np.int64)
        taken = matched(here, there, worth, self.count)
        return one[taken], other[taken]

    def _wishes(self) -> tuple[Ints, Ints, Floats]:
        """Return rows, the clusters that they would rather be in, and by how much."""
        row = np.concatenate([sources(self.near), self._unhappy()]).astype(np.int64)
        spare = words((len(row), 1), self.seed, self.name)[:, 0] % np.uint64(max(self.count, 1))
        place = spare.astype(np.int64)
        place[: self.near.nnz] = self.near.indices
        held = (self.clusters[row] >= 0) & (place != self.clusters[row])
        held &= (self.sizes[place] > 0) & (self.targets.meets(place, row) == 0)
        row, place = row[held], place[held]
        gain = _entries(self.near, row, place) - self.own[row]
        order = np.lexsort((place, -gain, row))
        order = order[gain[order] > LEAST]
        order = order[position(row[order]) < TOP]
        return row[order], place[order], gain[order]

    def _unhappy(self) -> Ints:
        """Return rows that would be better off anywhere: they ask for a cluster at random."""
        return np.flatnonzero((self.own < 0) & (self.clusters >= 0))

    def _weakest(self, place: Ints) -> Ints:
        order = self.order[np.lexsort((self.own[self.order], self.clusters[self.order]))]
        found: Ints = order[self.starts[place]]
        return found

    def _any(self, place: Ints) -> Ints:
        drawn = words((len(place), 1), self.seed, f"{self.name} partners")[:, 0]
        found: Ints = self.order[
            self.starts[place] + (drawn % self.sizes[place].astype(np.uint64)).astype(np.int64)
        ]
        return found

    def _in_return(self, row: Ints, place: Ints, gain: Floats) -> Ints:
        """Return who of the wanted cluster wants most to come here, -1 for nobody."""
        here = self.clusters[row].astype(np.int64)
        back = here * self.count + place
        order = np.lexsort((-gain, back))
        order = order[position(back[order]) == 0]
        wanted = place * self.count + here
        at = np.minimum(np.searchsorted(back[order], wanted), len(order) - 1)
        return np.where(back[order][at] == wanted, row[order][at], -1)

    def _gain(self, one: Ints, other: Ints) -> Floats:
        """Return what each swap is worth; nothing where it would join equal targets."""
        here, there = self.clusters[one], self.clusters[other]
        gain = _entries(self.near, one, there) - self.own[one]
        gain += _entries(self.near, other, here) - self.own[other]
        gain -= 2 * _entries(self.worth, one, other)
        barred = (self.targets.meets(here, other) > 0) | (self.targets.meets(there, one) > 0)
        return np.where(barred, 0.0, gain)


def _entries(matrix: Any, row: NDArray[Any], column: NDArray[Any]) -> Floats:
    if not len(row):  # scipy returns a matrix for no entries
        return np.empty(0, np.float64)
    return np.asarray(matrix[row, column], np.float64).ravel()
