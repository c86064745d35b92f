"""The figures of a run of inference-time scaling, under the names of the field.

A point of a method at a size is a point of a sweep; one answer is an arm's plain accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from llmx.core.figure import Figure, Span
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.arm_points import ArmPoints, PointTable
from llmx.papers.inference_scaling.frontiers import ALL, Frontiers

_UNITS = {"flops": "FLOPs", "seconds": "seconds", "calls": "calls", "money": "money"}


def cost_unit(kind: str) -> str:
    """Return the unit of a kind of cost; that of all the others is tokens."""
    return _UNITS.get(kind, "tokens")


def of_arm(arm: ArmPoints) -> Iterator[Figure]:
    """Yield the accuracy and the floor of an arm, then every point with its costs."""
    single = arm.find("single")
    if single is not None:
        yield _level(figure_names.ONE_ANSWER, single, swept=False)
        floor = Span(estimate=arm.constant)
        yield Figure(
            quantity=figure_names.CONSTANT, arm=arm.arm, span=floor, unit="share", n=len(single.ids)
        )
    for table in arm.tables:
        yield _level(figure_names.accuracy(table.method), table)
        yield _share(figure_names.cut(table.method), table, table.cut)
        yield _share(figure_names.unparsed(table.method), table, table.unparsed)
        for kind in table.costs:
            yield _point(figure_names.cost(kind, table.method), table, table.cost(kind), kind)


def _level(quantity: str, table: PointTable, swept: bool = True) -> Figure:
    found = table.level()
    return Figure(
        quantity=quantity,
        arm=table.arm,
        span=found.span,
        unit="share",
        n=found.n,
        seeds=found.seeds,
        lone=found.lone,
        setting=figure_names.setting(table.method) if swept else "",
        at=table.size if swept else None,
    )


def _share(quantity: str, table: PointTable, value: float) -> Figure:
    return _swept(quantity, table, value, "share")


def _point(quantity: str, table: PointTable, value: float, kind: str) -> Figure:
    return _swept(quantity, table, value, cost_unit(kind))


def _swept(quantity: str, table: PointTable, value: float, unit: str) -> Figure:
    return Figure(
        quantity=quantity,
        arm=table.arm,
        span=Span(estimate=value),
        unit=unit,
        n=len(table.ids),
        seeds=table.accuracy.shape[1],
        setting=figure_names.setting(table.method),
        at=table.size,
    )


def of_frontiers(found: Mapping[str, Frontiers]) -> Iterator[Figure]:
    """Yield the share of resamples in which each point is on the frontier of all arms.

    Args:
        found: kind of cost → its frontiers.
    """
    for kind, frontiers in found.items():
        for table, share in frontiers.of(ALL):
            yield _share(figure_names.share_on_frontier(kind, table.method), table, share)
