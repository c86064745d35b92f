"""What a run would do and cost, before it does it and without importing a model library."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from llmx.core.errors import LlmxError, RunError
from llmx.core.exposure import refuse_exposed
from llmx.core.spec import RunSpec
from llmx.core.stage import Memory
from llmx.engines.kernel import with_kernels
from llmx.run.alike import alike_notes
from llmx.run.ask import first_block_notes
from llmx.run.budget import size_notes, size_problems
from llmx.run.capacity import fitting, refusal
from llmx.run.elapsed import elapsed
from llmx.run.entry import CACHE, entry_of
from llmx.run.folder import folder_for
from llmx.run.graph import Graph, Node, build_graph
from llmx.run.parts import parts_of
from llmx.run.planned import PlannedStage
from llmx.run.sending import refusal as not_allowed
from llmx.run.sending import sending
from llmx.run.wiring import check_wiring
from llmx.run.workers import default_workers
from llmx.store.machine import machine
from llmx.store.once import looking_once


@dataclass(frozen=True)
class Plan:
    """The whole plan. What work costs is asked when somebody wants to know.

    Attributes:
        done: fingerprints of the nodes whose output is there.
        asked: processes that the user asks for; None = as many as fit.
    """

    spec: RunSpec
    graph: Graph
    done: frozenset[str]
    folder: Path
    free_disk_bytes: int
    asked: int | None = None

    @property
    def left(self) -> int:
        """Nodes that are still to be done."""
        return len(self.graph.nodes) - len(self.done)

    @cached_property
    def stages(self) -> tuple[PlannedStage, ...]:
        """One row for each node of the graph."""
        with looking_once():
            return tuple(self._row(node) for node in self.graph)

    def _row(self, node: Node) -> PlannedStage:
        return PlannedStage(
            node.title,
            node.stage.kind,
            node.fingerprint,
            node.fingerprint in self.done,
            node.stage.timing,
            node.stage.plan(node.given),
            max(1, len(parts_of(node))),
        )

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Lines to show before anything is done: what the size can show, what engines change."""
        spec = self.spec
        return (*size_notes(spec), *first_block_notes(spec), *alike_notes(spec), *sending(spec))

    @property
    def seconds(self) -> float:
        """Estimated seconds of what is left; processes beyond the cores make nothing faster."""
        return elapsed(self.graph, self.stages, min(self.workers, machine()["cores"]))

    @property
    def tokens(self) -> int:
        """Tokens still to generate, at most."""
        return sum(row.cost.tokens for row in self.stages if not row.cached)

    @property
    def money(self) -> float:
        """What the answers still to come cost at most; prompts come on top."""
        return sum(row.cost.money for row in self.stages if not row.cached)

    @property
    def memory(self) -> Memory:
        """What the largest stage needs in one process."""
        return max(
            (row.cost.memory for row in self.stages), key=lambda m: m.total, default=Memory()
        )

    @property
    def workers(self) -> int:
        """Processes that share the work: those asked for, or as many as are of use and fit."""
        return self.asked or fitting(default_workers(self.spec), self.stages)

    def refusal(self) -> LlmxError | None:
        """Return why this cannot be run, or not on this machine; None if it can."""
        refused = not_allowed(self.spec) if self.left else None
        if refused is not None:
            return refused
        todo = (row.cost.refusal for row in self.stages if not row.cached)
        first = next((found for found in todo if found is not None), None)
        return first or refusal(self.stages) or self._too_long()

    def _too_long(self) -> LlmxError | None:
        """Return the error of a plan that is over the limit of its scale."""
        scales = [arm.scale for arm in self.spec.arms.values() if arm.scale.limit_minutes]
        limit = min((scale.limit_minutes or 0.0 for scale in scales), default=None)
        if limit is None or self.seconds <= 60 * limit:
            return None
        longest = max(self.stages, key=lambda row: 0.0 if row.cached else row.cost.seconds or 0.0)
        return RunError(
            f"this would take about {self.seconds / 60:.0f} minutes, and"
            f" scale={scales[0].name} allows {limit:g}; the longest stage is '{longest.title}'",
            "fewer arms or steps, scale=desk, or scale.limit_minutes=null",
        )


def plan(
    spec: RunSpec, *, runs: Path, limit: int | None = None, workers: int | None = None
) -> Plan:
    """Expand a recipe, look up what is cached, and add up the rest.

    Raises:
        ConfigError: if the specification holds a secret, or its stages do not fit together.
    """
    refuse_exposed(spec)
    with looking_once():
        sized = size_problems(with_kernels(spec), limit)
        graph = build_graph(sized)
        check_wiring(graph)
    done = {node.fingerprint for node in graph if entry_of(runs / CACHE, node).whole}
    return Plan(
        sized, graph, frozenset(done), folder_for(runs, sized).path, _free(runs), asked=workers
    )


def _free(folder: Path) -> int:
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(existing).free
