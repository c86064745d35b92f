"""The points of an arm under all of its seeds, and how two of them are paired by problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from llmx.core.errors import DataError
from llmx.papers.inference_scaling.contrast import MeanGap, mean_gap
from llmx.papers.inference_scaling.points import Floats, MethodPoint, ProblemDraws


@dataclass(frozen=True, eq=False)
class PointTable:
    """A method at a size of an arm, on P problems under S seeds.

    Attributes:
        ids: of the problems, in the order of the rows.
        clusters: one label a problem; empty = its own.
        accuracy: (P, S) expected share of right answers.
        costs: kind → (P, S).
        trained: whether a seed is a training of its own.
    """

    arm: str
    method: str
    size: int
    ids: tuple[str, ...]
    clusters: tuple[str, ...]
    accuracy: Floats
    costs: Mapping[str, Floats]
    unparsed: float
    cut: float
    error: float
    trained: bool

    @property
    def mean(self) -> float:
        """Accuracy over problems and seeds."""
        return float(self.accuracy.mean())

    def cost(self, kind: str) -> float:
        """Return the mean cost of a problem; NaN where nobody counted it."""
        found = self.costs.get(kind)
        return float("nan") if found is None else float(found.mean())

    def level(self) -> MeanGap:
        """Return the accuracy with its interval."""
        return mean_gap(
            self.accuracy,
            self.clusters,
            trained=self.trained,
            bounds=(0.0, 1.0),
            error=self.error,
        )

    def of(self, ids: Sequence[str]) -> PointTable:
        """Return it on some of its problems, in their order."""
        if tuple(ids) == self.ids:
            return self
        place = {name: at for at, name in enumerate(self.ids)}
        at = [place[name] for name in ids]
        return PointTable(
            self.arm,
            self.method,
            self.size,
            tuple(ids),
            tuple(self.clusters[one] for one in at),
            self.accuracy[at],
            {kind: values[at] for kind, values in self.costs.items()},
            self.unparsed,
            self.cut,
            self.error,
            self.trained,
        )


def common_ids(tables: Iterable[PointTable]) -> tuple[str, ...]:
    """Return the problems that all have, in the order of the first; empty without any table."""
    known = list(tables)
    if not known:
        return ()
    first, *others = known
    shared = set(first.ids).intersection(*(one.ids for one in others))
    return tuple(name for name in first.ids if name in shared)


def gap_of(first: PointTable, second: PointTable) -> MeanGap | None:
    """Return first minus second in accuracy, paired by problem and seed; None without a common one.

    Arms of different numbers of seeds are paired by their means over them.
    """
    ids = common_ids((first, second))
    if not ids:
        return None
    one, other = first.of(ids), second.of(ids)
    a, b = one.accuracy, other.accuracy
    if a.shape != b.shape:
        a, b = a.mean(1, keepdims=True), b.mean(1, keepdims=True)
    trained = first.trained or second.trained
    error = float(np.hypot(first.error, second.error))
    return mean_gap(a - b, one.clusters, trained=trained, error=error)


@dataclass(frozen=True, eq=False)
class ArmPoints:
    """An arm: its draws under each seed, and its points.

    Attributes:
        kind: ``reasoning`` or ``direct``; None = the recipe does not say.
        drawn: seed → its problems; one of no name where there is one.
        tables: of every method at every size.
        constant: share of its problems that one and the same answer is right for.
    """

    arm: str
    kind: str | None
    drawn: Mapping[str, Sequence[ProblemDraws]]
    tables: tuple[PointTable, ...]
    constant: float = 0.0

    def find(self, method: str, size: int | None = None) -> PointTable | None:
        """Return the table of a method at a size, or at any."""
        known = (one for one in self.tables if one.method == method)
        return next((one for one in known if size in (None, one.size)), None)

    def of(self, method: str) -> list[PointTable]:
        """Return the tables of a method, by size."""
        found = (one for one in self.tables if one.method == method)
        return sorted(found, key=lambda one: one.size)

    @property
    def draws(self) -> int:
        """The fewest draws of a problem."""
        return min(one.draws for drawn in self.drawn.values() for one in drawn)


def tabled(
    points: Sequence[Sequence[MethodPoint]],
    ids: Sequence[str],
    clusters: Sequence[str],
    trained: bool = False,
) -> list[PointTable]:
    """Return points of several seeds as tables; a point that a seed lacks is left out.

    Args:
        points: of each seed, on the same problems.
        ids, clusters: of these problems.

    Raises:
        DataError: for a point on another number of problems.
    """
    keyed = [{(one.method, one.size): one for one in seed} for seed in points]
    kept = [key for key in keyed[0] if all(key in other for other in keyed)]
    return [_table([seed[key] for seed in keyed], ids, clusters, trained) for key in kept]


def _table(
    points: Sequence[MethodPoint], ids: Sequence[str], clusters: Sequence[str], trained: bool
) -> PointTable:
    first = points[0]
    for one in points:
        if len(one.accuracy) != len(ids):
            text = f"'{one.arm}' has {one.method} at {one.size} on {len(one.accuracy)} problems"
            raise DataError(f"{text}, not on {len(ids)}", "give every seed the same problems")
    kinds = [kind for kind in first.costs if all(kind in one.costs for one in points)]
    return PointTable(
        first.arm,
        first.method,
        first.size,
        tuple(ids),
        tuple(clusters),
        np.stack([one.accuracy for one in points], axis=1),
        {kind: np.stack([one.costs[kind] for one in points], axis=1) for kind in kinds},
        float(np.mean([one.unparsed for one in points])),
        float(np.mean([one.cut for one in points])),
        float(np.hypot.reduce([one.error for one in points])) / len(points),
        trained,
    )
