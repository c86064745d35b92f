"""What a run would do and cost, before it does it and without importing a model library."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from llmx.core.errors import LlmxError, RunError
from llmx.core.exposure import refuse_exposed
from llmx.core.names import families
from llmx.core.spec import RunSpec, unlike
from llmx.core.stage import Cost, Memory, StageInput
from llmx.engines.kernel import with_kernels
from llmx.graph.folder import folder_for
from llmx.graph.graph import (
    CACHE,
    Graph,
    Node,
    build_graph,
    check_wiring,
    entry_of,
    sending,
    unread,
)
from llmx.graph.graph import refusal as not_allowed
from llmx.graph.needs import gigabytes, needs, parts
from llmx.graph.parts import parts_of
from llmx.graph.workers import default_workers
from llmx.report.verdict.schema import pairs_of
from llmx.stages.budget import size_notes, size_problems, with_data
from llmx.stages.requests import clock_notes, first_block_notes
from llmx.stages.scoring_stage import scorer_notes
from llmx.store.machine import device_memory, looking_once, machine


@dataclass(frozen=True)
class PlannedStage:
    """A stage of one arm: what it costs, and whether it is done.

    Attributes:
        parts: into which it can be shared out; 1 = it is done by one process.
    """

    title: str
    kind: str
    fingerprint: str
    cached: bool
    timing: bool
    cost: Cost
    parts: int = 1


REVISIONS = "revisions.json"
"""In a folder of runs: commits of datasets that were looked up there once."""
_DECODING = (
    "lower engine.batch_size or sampler.max_tokens, set engine.dtype=bfloat16, or take a smaller"
    " model"
)
_TRAINING = (
    "lower the batch of one step (accumulate instead), train a lora, or take a smaller model"
)


def refusal(stages: Iterable[PlannedStage]) -> RunError | None:
    """Return the error for the stage that is furthest from fitting; None where all fit.

    Stages that are done need nothing. A device whose memory is unknown refuses nothing.
    """
    over = [(excess, stage) for stage in stages if (excess := _excess(stage)) > 0]
    if not over:
        return None
    excess, stage = max(over, key=lambda pair: pair[0])
    need, has = stage.cost.memory, device_memory(stage.cost.device) or 0
    return RunError(
        f"'{stage.title}' needs {gigabytes(need.total)} ({parts(need)});"
        f" {_place(stage.cost.device)} has {gigabytes(has)}: {gigabytes(excess)} too little",
        _TRAINING if need.optimiser else _DECODING,
    )


def _excess(stage: PlannedStage) -> int:
    has = device_memory(stage.cost.device)
    return 0 if stage.cached or has is None else stage.cost.memory.total - has


def fitting(workers: int, stages: Iterable[PlannedStage]) -> int:
    """Return how many of `workers` processes fit side by side, at least one."""
    for stage in stages:
        has, need = device_memory(stage.cost.device), stage.cost.memory.total
        if need and has and not stage.cached:
            workers = min(workers, has // need)
    return max(1, workers)


def _place(device: str) -> str:
    return "this machine" if device in ("cpu", "auto") else f"device {device}"


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


def alike_notes(spec: RunSpec) -> tuple[str, ...]:
    """Return a line for each pair of arms whose comparison rests on more than their rules."""
    arms = {name: spec.arms[members[0]] for name, members in families(spec.arms).items()}
    known = ((one, other) for one, other in _pairs(spec) if one in arms and other in arms)
    found = {(o, t): unlike(arms[o].sampler, arms[t].sampler) for o, t in known}
    return tuple(
        f"{one} beside {other} is not like for like: {', '.join(why)}"
        for (one, other), why in found.items()
        if why
    )


def _pairs(spec: RunSpec) -> Iterator[tuple[str, str]]:
    """Yield every arm with its reference, and the pairs that findings compare."""
    yield from spec.references.items()
    for stage in spec.stages:
        findings = stage.options.get("findings") if stage.kind == "verdicts" else None
        for finding in findings or ():
            yield from pairs_of(finding)


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
        return (
            *size_notes(spec),
            *first_block_notes(spec),
            *clock_notes(spec),
            *alike_notes(spec),
            *scorer_notes(spec),
            *self._of_models(),
            *self._of_stages(),
            *unread(spec, self.graph),
            *sending(spec),
        )

    def _of_stages(self) -> tuple[str, ...]:
        """Return what stages say that are to do, once each."""
        left = (one.cost.notes for one in self.stages if not one.cached)
        return tuple(dict.fromkeys(note for notes in left for note in notes))

    def _of_models(self) -> tuple[str, ...]:
        if not any(arm.brought_models for arm in self.spec.arms.values()):
            return ()
        from llmx.stages.own_models import said_of_models

        return said_of_models(node.given for node in self.graph)

    @property
    def seconds(self) -> float:
        """Estimated seconds of what is left; processes beyond the cores make nothing faster."""
        return elapsed(self.graph, self.stages, min(self.workers, machine()["cores"]))

    @property
    def basis(self) -> tuple[str, ...]:
        """What the estimates of the stages still to do rest on, each once."""
        return tuple(dict.fromkeys(row.cost.basis for row in self._todo if row.cost.basis))

    @property
    def unknown(self) -> dict[str, list[str]]:
        """Why the time of stages still to do is not known -> their titles."""
        found: dict[str, list[str]] = {}
        for row in self._todo:
            if row.cost.seconds is None:
                why = row.cost.unknown or f"stages of kind '{row.kind}' have no estimate"
                found.setdefault(why, []).append(row.title)
        return found

    @property
    def _todo(self) -> list[PlannedStage]:
        return [row for row in self.stages if not row.cached]

    @cached_property
    def needs(self) -> tuple[str, ...]:
        """Lines on what a run of hub models needs: licences, GPUs, hours, packages."""
        with looking_once():
            return needs(self)

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

    def refusal(self, here: bool = True) -> LlmxError | None:
        """Return why this cannot be run, or not on this machine; None if it can.

        Args:
            here: whether this machine does it, so that its memory and speed count.
        """
        refused = not_allowed(self.spec) if self.left else None
        if refused is not None:
            return refused
        todo = (row.cost.refusal for row in self.stages if not row.cached)
        first = next((found for found in todo if found is not None), None)
        return first or ((refusal(self.stages) or self._too_long()) if here else None)

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
        sized = size_problems(with_data(with_kernels(spec), runs / REVISIONS), limit)
        graph = build_graph(sized)
        check_wiring(graph)
    done = {node.fingerprint for node in graph if entry_of(runs / CACHE, node).whole}
    _check_models(sized, [node.given for node in graph if node.fingerprint not in done])
    return Plan(
        sized, graph, frozenset(done), folder_for(runs, sized).path, _free(runs), asked=workers
    )


def _check_models(spec: RunSpec, inputs: Sequence[StageInput]) -> None:
    """Look at models of the user's before anything is generated; those that ship need no look."""
    if any(arm.brought_models for arm in spec.arms.values()):
        from llmx.stages.own_models import check_models

        with looking_once():
            check_models(inputs)


def _free(folder: Path) -> int:
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    return shutil.disk_usage(existing).free
