"""What is compared with what: methods at a matched cost, votes with one answer, cuts with none.

Every comparison is paired by problem, on the problems that both points have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.arm_points import ArmPoints, PointTable, common_ids, gap_of
from llmx.papers.inference_scaling.contrast import MeanGap
from llmx.stats.multiple import holm

PAIR_COSTS = ("flops", "money", "completion")
"""What two models are compared by, the first that both have: their tokens are not of one kind."""

MATCHED_BY = ("completion", "calls", "longest", "flops", "seconds", "money")
"""Kinds of cost by which methods are matched: a prompt alone is no budget."""

Votes = Callable[[str, int], PointTable | None]
"""Arm and N → its majority vote of N draws, at any N up to its pool."""

_SLACK = 1 + 1e-9


@dataclass(frozen=True)
class PairedGap:
    """A difference in accuracy under the name of its figure.

    Attributes:
        beside: what the other point is, as tables name it.
        family: comparisons of one family are adjusted together.
    """

    quantity: str
    arm: str
    against: str | None
    setting: str
    at: float | None
    gap: MeanGap
    beside: str = ""
    family: str = ""

    def figure(self) -> Figure:
        """Return it as a figure of the run; p is of this comparison alone."""
        return Figure(
            quantity=self.quantity,
            arm=self.arm,
            against=self.against,
            span=self.gap.span,
            unit="points",
            n=self.gap.n,
            seeds=self.gap.seeds,
            p=self.gap.p,
            lone=self.gap.lone,
            setting=self.setting,
            at=self.at,
            basis=self.gap.basis,
        )


def adjusted(found: Sequence[PairedGap]) -> list[float | None]:
    """Return p after Holm over the comparisons of a family, in the given order."""
    made: dict[int, float] = {}
    for family in dict.fromkeys(one.family for one in found):
        at = [i for i, one in enumerate(found) if one.family == family and one.gap.p is not None]
        made |= zip(at, holm([found[i].gap.p or 0.0 for i in at]), strict=True)
    return [made.get(i) for i in range(len(found))]


def matched(arm: ArmPoints, votes: Votes) -> Iterator[PairedGap]:
    """Yield the lead of the majority vote over every other method of an arm, by each kind of cost.

    The vote is the largest that costs no more than the other method, on the same problems; a method
    cheaper than one answer has none beside it. Comparisons of one budget are a family.
    """
    for other in arm.tables:
        if other.method in ("single", "majority", figure_names.ORACLE):
            continue
        if other.method.startswith("truncate") or other.size < figure_names.least(other.method):
            continue
        for kind in (kind for kind in MATCHED_BY if kind in other.costs):
            vote = _largest(arm, other, kind, votes)
            gap = None if vote is None else gap_of(vote, other)
            if vote is None or gap is None:
                continue
            yield PairedGap(
                figure_names.matched("majority", other.method, kind),
                arm.arm,
                None,
                figure_names.setting(other.method),
                other.size,
                gap,
                f"{figure_names.label(other.method)} at {other.size}, votes {vote.size}",
                f"{arm.arm} {kind} {vote.size}",
            )


def _largest(arm: ArmPoints, other: PointTable, kind: str, votes: Votes) -> PointTable | None:
    """Return the largest vote that costs no more, by bisection: more votes cost more."""
    low, high = 0, arm.draws
    found: PointTable | None = None
    while low < high:
        middle = (low + high + 1) // 2
        vote = votes(arm.arm, middle)
        if vote is not None and _costs_no_more(vote, other, kind):
            low, found = middle, vote
        else:
            high = middle - 1
    return found


def _costs_no_more(vote: PointTable, other: PointTable, kind: str) -> bool:
    ids = common_ids((vote, other))
    if not ids or kind not in vote.costs:
        return False
    return vote.of(ids).cost(kind) <= _SLACK * other.of(ids).cost(kind)


def voting(arm: ArmPoints) -> Iterator[PairedGap]:
    """Yield what each number of votes gains over one answer of the same arm."""
    single = arm.find("single")
    for table in arm.of("majority"):
        if single is not None and table.size > 1 and (gap := gap_of(table, single)) is not None:
            yield _at(figure_names.VOTING, table, None, gap)


def doublings(arm: ArmPoints) -> Iterator[PairedGap]:
    """Yield what each doubling of the votes adds."""
    known = {one.size: one for one in arm.of("majority")}
    for size, table in known.items():
        half = known.get(size // 2) if size % 2 == 0 else None
        if half is not None and (gap := gap_of(table, half)) is not None:
            yield _at(figure_names.DOUBLING, table, None, gap)


def catching_up(weaker: ArmPoints, stronger: ArmPoints) -> Iterator[PairedGap]:
    """Yield how far each number of votes of one arm is from one answer of the other."""
    single = stronger.find("single")
    for table in weaker.of("majority"):
        if single is not None and (gap := gap_of(table, single)) is not None:
            yield _at(figure_names.CATCHING_UP, table, stronger.arm, gap)


def truncations(arm: ArmPoints, direct: Iterable[ArmPoints]) -> Iterator[PairedGap]:
    """Yield what answers after a part of the thinking lose, and how they stand to direct models."""
    known = arm.of("truncate")
    whole = next((one for one in known if one.size == 100), arm.find("single"))
    for table in known:
        if whole is not None and table is not whole and (gap := gap_of(table, whole)) is not None:
            yield _at(figure_names.BESIDE_FULL, table, None, gap)
    for other in direct:
        single = other.find("single")
        for table in known:
            if single is not None and (gap := gap_of(table, single)) is not None:
                yield _at(figure_names.BESIDE_SINGLE, table, other.arm, gap)


def pair_cost(first: PointTable, second: PointTable) -> tuple[str, float] | None:
    """Return (kind, cost of the first over that of the second); None where neither is counted."""
    both = (kind for kind in PAIR_COSTS if kind in first.costs and kind in second.costs)
    kind = next(both, None)
    ids = common_ids((first, second))
    if kind is None or not ids:
        return None
    base = second.of(ids).cost(kind)
    return (kind, first.of(ids).cost(kind) / base) if base > 0 else None


def _at(quantity: str, table: PointTable, against: str | None, gap: MeanGap) -> PairedGap:
    setting = figure_names.setting(table.method)
    beside = "" if against is None else f"one answer of {against}"
    family = f"{quantity} {table.arm} {against}"
    return PairedGap(quantity, table.arm, against, setting, table.size, gap, beside, family)
