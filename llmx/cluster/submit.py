"""``llmx submit``: settle how a run is worked off, refuse what cannot be, queue what is ready."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmx.cluster.batch import Batch, script
from llmx.cluster.cache_locks import as_command, claim
from llmx.cluster.follow import chain, follow, hand_out
from llmx.cluster.here import surroundings
from llmx.cluster.limits import check_memory, check_site
from llmx.cluster.reconcile import Array, NodeWork, StoredNodes, reconcile, waves
from llmx.cluster.resources import Resources, resources_of
from llmx.cluster.slurm import Partition, Queue
from llmx.cluster.submission import Row, Submission
from llmx.cluster.view import View
from llmx.core import plugins
from llmx.core.errors import ConfigError
from llmx.core.launch import LaunchSpec
from llmx.core.stage import Checks
from llmx.graph.accesses import accessing
from llmx.graph.folder import RunFolder, command_line, open_folder
from llmx.graph.graph import refusal as not_allowed
from llmx.graph.plan import Plan

_OF_ONE_MACHINE = ("/tmp", "/var/tmp", "/dev/shm", "/run")
_NO_WORDS = ('"', "\\", "%", "\n")


@dataclass(frozen=True)
class SubmittedRun:
    """What was queued.

    Attributes:
        arrays: number of each array, and the array.
        done, total: nodes of the run.
    """

    run: RunFolder
    arrays: tuple[tuple[str, Array], ...]
    done: int
    total: int


@dataclass(frozen=True)
class Intended:
    """What would be queued now, and what is done already.

    Attributes:
        hours: GPU hours by partition, as far as estimates are known; `unknown` nodes have none.
        later: arrays that follow, by class.
    """

    scripts: tuple[str, ...]
    now: tuple[Array, ...]
    later: tuple[Array, ...]
    hours: dict[str, float]
    unknown: int
    done: int
    total: int


def rows_of(planned: Plan, launch: LaunchSpec) -> list[Row]:
    """Return the class and the estimate of each node.

    Raises:
        ConfigError: if ``launch.memory`` is less than a stage needs.
    """
    found = []
    for node, row in zip(planned.graph, planned.stages, strict=True):
        if not row.cached:
            check_memory(launch, row.title, row.cost.memory.total / 2**30)
        found.append(Row(row.title, resources_of(node, row.cost, launch), row.cost.seconds))
    return found


def check(planned: Plan, launch: LaunchSpec, rows: Sequence[Row], there: list[Partition]) -> None:
    """Refuse what cannot be done, before anything is queued.

    Raises:
        LlmxError: for everything that a user can put right.
    """
    if launch.kind != "slurm":
        raise ConfigError(f"launch={launch.kind} makes no jobs", "launch=slurm, or llmx run")
    if (refused := not_allowed(planned.spec)) is not None and planned.left:
        raise refused
    _check_places(planned.folder.absolute(), launch, there)
    todo = [row for row, one in zip(rows, planned.stages, strict=True) if not one.cached]
    for one in planned.stages:
        if one.cost.refusal is not None and not one.cached:
            raise one.cost.refusal
    check_site(launch, [(row.title, row.asks) for row in todo], there)
    for node in planned.graph:
        if isinstance(node.stage, Checks) and node.fingerprint not in planned.done:
            node.stage.check(node.given)


def _check_places(folder: Path, launch: LaunchSpec, there: list[Partition]) -> None:
    environment = launch.environment
    if environment is not None and not Path(environment).is_absolute():
        text = f"launch.environment={environment} is another folder on every node"
        raise ConfigError(text, f"launch.environment={Path(environment).absolute()}")
    if environment is not None and not Path(environment).exists():
        raise ConfigError(f"launch.environment={environment} is not there", "name its folder")
    if any(sign in str(folder) for sign in _NO_WORDS):
        raise ConfigError(f"Slurm cannot write into {folder}", '--runs DIR, without % " \\')
    local = next((one for one in _OF_ONE_MACHINE if folder.is_relative_to(one)), None)
    if local is not None and max((one.nodes for one in there), default=1) > 1:
        text = f"{folder} lies on this machine alone: {local} is another folder on every node"
        raise ConfigError(text, "--runs DIR, on a shared file system")


def submit(
    planned: Plan, launch: LaunchSpec, queue: Queue, *, fail_fast: bool = False
) -> SubmittedRun:
    """Settle a run, and queue what is ready and has no worker.

    Raises:
        LlmxError: for everything that a user can put right; then nothing is queued.
    """
    rows = rows_of(planned, launch)
    check(planned, launch, rows, queue.partitions())
    run = RunFolder(planned.folder.absolute())
    submission = Submission(run)
    locks = claim(submission.cache, queue.cluster())
    settings = {
        "launch": launch.model_dump(mode="json"),
        "command": command_line(),
        "surroundings": surroundings(),
        "plugins": [str(one.folder) for one in plugins.active()],
        "locks": locks,
        "fail_fast": fail_fast,
    }
    with accessing(run):
        open_folder(run, planned.spec, planned.graph)
        submission.begin(settings, rows)
    return go_on(submission, queue)


def go_on(submission: Submission, queue: Queue) -> SubmittedRun:
    """Queue what a run lacks; what failed too often is tried again."""
    with as_command(submission.settings["locks"], queue):
        if View.of(submission).stored.stopped:
            submission.forgive()
        chained = chain if submission.launch.chain else follow
        step = hand_out if submission.listed else chained
        arrays = step(submission, queue)
        view = View.of(submission)
        return SubmittedRun(submission.run, tuple(arrays), len(view.whole), len(view.graph.nodes))


def intended(planned: Plan, launch: LaunchSpec, there: list[Partition]) -> Intended:
    """Return what :func:`submit` would queue.

    Raises:
        LlmxError: as :func:`submit` does.
    """
    rows = rows_of(planned, launch)
    check(planned, launch, rows, there)
    pairs = list(zip(planned.graph, rows, strict=True))
    shares = [one.parts for one in planned.stages]
    works = [
        NodeWork(node.fingerprint, tuple(node.inputs.values()), row.asks, number)
        for (node, row), number in zip(pairs, shares, strict=True)
    ]
    stored, whole = StoredNodes(planned.done, machine_known=False), planned.done
    now = reconcile(works, stored, {}, launch.workers)
    later = [one for wave in waves(works, stored, launch.workers)[1:] for one in wave]
    todo = [row for node, row in pairs if node.fingerprint not in whole]
    return Intended(
        scripts=tuple(script(_batch(planned, launch, one)) for one in now),
        now=now,
        later=tuple(_merged(later)),
        hours=_hours(todo, launch, there),
        unknown=sum(row.seconds is None for row in todo),
        done=len(planned.done),
        total=len(planned.graph.nodes),
    )


def _batch(planned: Plan, launch: LaunchSpec, array: Array) -> Batch:
    folder = Submission(RunFolder(planned.folder.absolute())).folder
    return Batch(planned.folder.name, array, launch, folder, sys.executable)


def _merged(arrays: Iterable[Array]) -> Iterator[Array]:
    most: dict[Resources, int] = {}
    for one in arrays:
        most[one.asks] = max(most.get(one.asks, 0), one.workers)
    yield from (Array(asks, number) for asks, number in most.items())


def _hours(todo: Sequence[Row], launch: LaunchSpec, there: list[Partition]) -> dict[str, float]:
    """Return GPU hours by partition; of stages on the processor, hours of one job."""
    default = next((one.name for one in there if one.default), "default")
    found: dict[str, float] = {}
    for row in todo:
        gpus = row.asks.gpus
        name = (launch.gpu_partition if gpus else None) or launch.partition or default
        unit = f"{name}, {'GPU hours' if gpus else 'hours'}"
        found[unit] = found.get(unit, 0.0) + (row.seconds or 0.0) * max(1, gpus)
    return {name: seconds / 3600 for name, seconds in found.items()}
