"""The plan of a run as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmx.cli.console import size, spoken, table
from llmx.config.yaml_file import shown
from llmx.graph.needs import parts

if TYPE_CHECKING:
    from llmx.graph.plan import Plan, PlannedStage

_COLUMNS = ("stage", "state", "samples", "tokens", "time", "memory")


def render(plan: Plan) -> list[Any]:
    """Return what ``--dry-run`` prints: one row a stage and arm, the sums, the plan's own lines."""
    rows = [_row(stage) for stage in plan.stages]
    done = sum(stage.cached for stage in plan.stages)
    memory = parts(plan.memory) or "unknown until the models are here"
    return [
        table(_COLUMNS, rows, right=_COLUMNS[2:]),
        f"{len(rows)} stages, {done} done already; at most {plan.tokens:,} tokens to generate",
        *_money(plan),
        *_time(plan),
        f"memory of the largest stage, each process: {memory}",
        f"run folder {shown(plan.folder.absolute())}, {size(plan.free_disk_bytes)} free",
        *plan.needs,
        *plan.notes,
    ]


def _time(plan: Plan) -> list[str]:
    """Return how long it takes and what that rests on, or why nobody knows."""
    basis = f" ({'; '.join(plan.basis)})" if plan.basis else ""
    known = f"{spoken(plan.seconds)} in {_processes(plan.workers)}{basis}"
    if not plan.unknown:
        return [f"estimated time {known}"]
    why = "; ".join(f"{_few(titles)}: {reason}" for reason, titles in plan.unknown.items())
    rest = [f"the other stages take {known}"] if plan.seconds else []
    return [f"estimated time not known: {why}", *rest]


def _few(titles: list[str]) -> str:
    first = ", ".join(titles[:2])
    return first if len(titles) <= 2 else f"{first} and {len(titles) - 2} more"


def _money(plan: Plan) -> list[str]:
    if not plan.money:
        return []
    return [f"answers cost at most {plan.money:,.4g} by engine.price_out; prompts come on top"]


def _row(stage: PlannedStage) -> tuple[str, ...]:
    cost = stage.cost
    return (
        stage.title,
        "done" if stage.cached else "to do",
        f"{cost.samples:,}" if cost.samples else "",
        f"{cost.tokens:,}" if cost.tokens else "",
        _time_of(stage),
        size(cost.memory.total) if cost.memory.total else "",
    )


def _time_of(stage: PlannedStage) -> str:
    if stage.cost.seconds is None:
        return "" if stage.cached else "not known"
    return spoken(stage.cost.seconds)


def _processes(count: int) -> str:
    return "one process" if count == 1 else f"{count} processes"
