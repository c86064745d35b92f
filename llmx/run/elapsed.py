"""How long the stages of a plan take together, in several processes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from llmx.run.graph import Node
from llmx.run.planned import PlannedStage


def elapsed(nodes: Iterable[Node], rows: Sequence[PlannedStage], processes: int) -> float:
    """Return seconds for what is left, by its own estimates; 0 where there are none.

    Measurements run alone. The rest is shared, a stage too if it has parts; and however many
    processes share it, a stage waits for its inputs: no less than the longest chain passes.

    Args:
        nodes: the graph, inputs first.
        rows: the plan of each node.
        processes: that work at once.
    """
    alone = sum(_seconds(row) for row in rows if row.timing)
    shared = [0.0 if row.timing else _seconds(row) for row in rows]
    split = [taken / min(row.parts, processes) for taken, row in zip(shared, rows, strict=True)]
    return alone + max(_longest_chain(nodes, split), sum(shared) / processes)


def _seconds(row: PlannedStage) -> float:
    return 0.0 if row.cached else row.cost.seconds or 0.0


def _longest_chain(nodes: Iterable[Node], seconds: Sequence[float]) -> float:
    ends: dict[str, float] = {}
    for node, taken in zip(nodes, seconds, strict=True):
        begin = max((ends[name] for name in node.inputs.values()), default=0.0)
        ends[node.fingerprint] = begin + taken
    return max(ends.values(), default=0.0)
