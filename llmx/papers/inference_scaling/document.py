"""The content of a ``scaling.json``: points with their frontiers, what is compared, the floors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmx.core.errors import DataError
from llmx.core.figure import Figure, Span
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.arm_points import ArmPoints, PointTable, common_ids, gap_of
from llmx.papers.inference_scaling.comparisons import (
    PAIR_COSTS,
    PairedGap,
    adjusted,
    catching_up,
    pair_cost,
)
from llmx.papers.inference_scaling.floor import catch_up
from llmx.papers.inference_scaling.frontiers import Frontiers
from llmx.papers.inference_scaling.points import MethodPoint
from llmx.report.priced import CatchingUp, PricedGap, PricedPoint
from llmx.report.timing import as_span


def priced(arm: ArmPoints, frontiers: Mapping[str, Frontiers]) -> Iterator[PricedPoint]:
    """Yield the points of an arm.

    Args:
        frontiers: kind of cost → its frontiers.
    """
    votes = arm.of("majority")
    best = max(votes, key=lambda one: one.mean, default=None)
    for table in arm.tables:
        behind = None if best is None else _behind(table, best)
        yield PricedPoint(
            arm=arm.arm,
            method=table.method,
            label=figure_names.label(table.method),
            size=table.size,
            sizes=figure_names.setting(table.method),
            problems=len(table.ids),
            seeds=table.accuracy.shape[1],
            accuracy=table.level().span,
            behind=behind,
            costs={kind: table.cost(kind) for kind in table.costs},
            unparsed=table.unparsed,
            cut=table.cut,
            error=table.error,
            frontier=_frontier(table, frontiers),
            bound=table.method == figure_names.ORACLE,
        )


def _behind(table: PointTable, best: PointTable) -> Span | None:
    if table is best:
        return Span(estimate=0.0)
    gap = gap_of(table, best)
    return None if gap is None else gap.span


def _frontier(table: PointTable, frontiers: Mapping[str, Frontiers]) -> dict[str, dict[str, float]]:
    key = (table.arm, table.method, table.size)
    found = {
        kind: {scope: shares[key] for scope, shares in one.shares.items() if key in shares}
        for kind, one in frontiers.items()
    }
    return {kind: shares for kind, shares in found.items() if shares}


def gaps(found: Sequence[PairedGap]) -> list[PricedGap]:
    """Return comparisons as they are written, with p also after Holm over their family."""
    return [
        PricedGap(
            what=one.quantity,
            arm=one.arm,
            against=one.against,
            beside=one.beside,
            sizes=one.setting,
            at=one.at,
            span=one.gap.span,
            p=one.gap.p,
            p_family=p,
            problems=one.gap.n,
        )
        for one, p in zip(found, adjusted(found), strict=True)
    ]


class FloorTest:
    """Whether the votes of one arm reach one answer of another.

    Args:
        weaker, stronger: the arms; both have votes or an answer on common problems.
        resamples, seed: of the bootstrap.

    Raises:
        DataError: if they share no problem, or no kind of cost.
    """

    def __init__(
        self, weaker: ArmPoints, stronger: ArmPoints, resamples: int = 10_000, seed: int = 0
    ) -> None:
        votes, single = weaker.of("majority"), stronger.find("single")
        ids = common_ids([*votes, *([single] if single else [])])
        if single is None or not votes or not ids:
            text = f"'{weaker.arm}' and '{stronger.arm}' have no problem in common"
            raise DataError(text, "give a pair of a floor test the same data")
        self.gaps = tuple(catching_up(weaker, stronger))
        self._votes = [one.of(ids) for one in votes]
        self._single = single.of(ids)
        self._kind = _kind(self._votes[-1], self._single)
        self._found = catch_up(
            [_point(one) for one in self._votes],
            _point(self._single),
            kind=self._kind,
            clusters=[
                label or name for label, name in zip(self._single.clusters, ids, strict=True)
            ],
            resamples=resamples,
            seed=seed,
        )

    def row(self) -> CatchingUp:
        """Return it as it is written."""
        found = self._found
        return CatchingUp(
            arm=self._votes[0].arm,
            against=self._single.arm,
            votes=found.smallest,
            low=found.low,
            high=found.high,
            most=found.sizes[-1],
            kind=found.kind,
            ratio=as_span(found.ratio),
        )

    def figures(self) -> Iterator[Figure]:
        """Yield the lead at each number of votes with its cost, and where it catches up."""
        yield from (one.figure() for one in self.gaps)
        arm, against = self._votes[0].arm, self._single.arm
        for table in self._votes:
            cost = pair_cost(table, self._single)
            if cost is not None:
                yield Figure(
                    quantity=figure_names.CATCHING_UP_COST,
                    arm=arm,
                    against=against,
                    span=Span(estimate=cost[1]),
                    unit="times",
                    n=len(table.ids),
                    setting=figure_names.DRAWS,
                    at=table.size,
                )
        if self._found.smallest is not None:
            low, high = self._found.low, self._found.high
            yield Figure(
                quantity=figure_names.CATCHES_UP,
                arm=arm,
                against=against,
                span=Span(estimate=self._found.smallest, low=low, high=high),
                unit="votes",
                n=len(self._single.ids),
            )


def _kind(votes: PointTable, single: PointTable) -> str:
    both = (kind for kind in PAIR_COSTS if kind in votes.costs and kind in single.costs)
    kind = next(both, None)
    if kind is None:
        text = f"nothing that '{votes.arm}' costs was counted of '{single.arm}' too"
        raise DataError(text, "both pools need completion tokens")
    return kind


def _point(table: PointTable) -> MethodPoint:
    """Return a table as a point: the mean over its seeds."""
    costs = {kind: values.mean(1) for kind, values in table.costs.items()}
    return MethodPoint(table.arm, table.method, table.size, table.accuracy.mean(1), costs)
