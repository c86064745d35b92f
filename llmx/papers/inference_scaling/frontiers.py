"""Which points nothing beats in both cost and accuracy: of an arm, of a class of arms, of all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.arm_points import ArmPoints, PointTable, common_ids
from llmx.stats.frontier import frontier_shares

ALL = "all"
"""The scope of the frontier of all arms; others are called by their class, or by their arm."""

ON = 0.5
"""Share of resamples above which a point is said to be on the frontier."""

_EXCLUDED = (figure_names.ORACLE,)


@dataclass(frozen=True, eq=False)
class Frontiers:
    """The frontiers by one kind of cost.

    Attributes:
        shares: scope → (arm, method, size) → share of resamples.
        problems: scope → problems that all of its points have.
    """

    kind: str
    points: tuple[PointTable, ...]
    shares: dict[str, dict[tuple[str, str, int], float]]
    problems: dict[str, int]

    def of(self, scope: str) -> Iterator[tuple[PointTable, float]]:
        """Yield the points of a scope with their shares."""
        known = self.shares.get(scope, {})
        for one in self.points:
            if (key := _key(one)) in known:
                yield one, known[key]


def frontiers(
    arms: Sequence[ArmPoints], kind: str, *, resamples: int = 1000, seed: int = 0
) -> Frontiers:
    """Return the frontiers of every arm, every class and of all arms by one kind of cost.

    Problems are resampled, those of a cluster together. A point has to be measured on the problems
    of all others: a scope whose points share none has no frontier.
    """
    scopes: dict[str, list[PointTable]] = {ALL: []}
    for arm in arms:
        mine = [one for one in arm.tables if one.method not in _EXCLUDED and kind in one.costs]
        for scope in (ALL, *([arm.kind] if arm.kind else []), arm.arm):
            scopes.setdefault(scope, []).extend(mine)
    found = {scope: _shares(tables, kind, resamples, seed) for scope, tables in scopes.items()}
    problems = {scope: len(common_ids(tables)) for scope, tables in scopes.items()}
    return Frontiers(kind, tuple(scopes[ALL]), found, problems)


def _shares(
    tables: Iterable[PointTable], kind: str, resamples: int, seed: int
) -> dict[tuple[str, str, int], float]:
    known = list(tables)
    ids = common_ids(known)
    if not ids:
        return {}
    kept = [one.of(ids) for one in known]
    costs = np.stack([one.costs[kind].mean(1) for one in kept])
    accuracies = np.stack([one.accuracy.mean(1) for one in kept])
    labels = [label or name for label, name in zip(kept[0].clusters, ids, strict=True)]
    shares = frontier_shares(costs, accuracies, labels, resamples=resamples, seed=seed)
    return {_key(one): float(share) for one, share in zip(kept, shares, strict=True)}


def _key(one: PointTable) -> tuple[str, str, int]:
    return one.arm, one.method, one.size
