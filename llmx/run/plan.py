"""What a run would do and cost, before it does it and without importing a model library."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from llmx.core.spec import RunSpec
from llmx.core.stage import Cost
from llmx.run.ask import first_block_notes
from llmx.run.budget import size_problems
from llmx.run.execute import entry_of
from llmx.run.folder import CACHE, folder_for
from llmx.run.graph import Graph, build_graph
from llmx.run.workers import default_workers


@dataclass(frozen=True)
class PlannedStage:
    """One row of the plan."""

    title: str
    kind: str
    fingerprint: str
    cached: bool
    timing: bool
    cost: Cost


@dataclass(frozen=True)
class Plan:
    """The whole plan."""

    spec: RunSpec
    graph: Graph
    stages: tuple[PlannedStage, ...]
    folder: Path
    free_disk_bytes: int
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Estimated seconds of what is left; measurements run alone, the rest is shared."""
        todo = [row for row in self.stages if not row.cached]
        alone = sum(row.cost.seconds or 0.0 for row in todo if row.timing)
        shared = sum(row.cost.seconds or 0.0 for row in todo if not row.timing)
        return alone + shared / default_workers(self.spec)

    @property
    def tokens(self) -> int:
        """Tokens still to generate, at most."""
        return sum(row.cost.tokens for row in self.stages if not row.cached)

    @property
    def memory_bytes(self) -> int:
        """Weights of the largest stage, once for each process that may run one at a time."""
        return default_workers(self.spec) * max(
            (row.cost.memory_bytes for row in self.stages), default=0
        )


def plan(spec: RunSpec, *, runs: Path, limit: int | None = None) -> Plan:
    """Expand a recipe, look up what is cached, and add up the rest."""
    sized, notes = size_problems(spec, limit)
    graph = build_graph(sized)
    cache = runs / CACHE
    rows = tuple(
        PlannedStage(
            node.title,
            node.stage.kind,
            node.fingerprint,
            entry_of(cache, node).whole,
            node.stage.timing,
            node.stage.plan(node.given),
        )
        for node in graph
    )
    path, free = folder_for(runs, sized).path, _free(runs)
    return Plan(sized, graph, rows, path, free, (*notes, *first_block_notes(sized)))


def _free(folder: Path) -> int:
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(existing).free
