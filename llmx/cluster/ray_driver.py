"""``launch=ray``: this process walks the graph and gives each ready node to Ray as a task.

Ray decides who works and begins again what dies. The store is a folder that every machine sees, and
records are the state: nothing passes through Ray but which node is to be done, and why one failed.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llmx.cluster.here import surroundings
from llmx.cluster.ray_task import TaskRun, do
from llmx.cluster.resources import Resources, resources_of
from llmx.cluster.submission import Submission
from llmx.core import plugins
from llmx.core.errors import ConfigError, RunError
from llmx.core.install import with_extra
from llmx.core.launch import LaunchSpec
from llmx.graph.folder import RunFolder
from llmx.graph.graph import Node, entry_of
from llmx.graph.observer import Observer
from llmx.graph.parts import open_parts
from llmx.graph.plan import Plan
from llmx.graph.workers import ProgressView
from llmx.store.cache import Entry

_POLL = 0.2  # seconds between looks at what tasks have written
_GIB = 2**30
_TRIES = 3  # on a busy machine Ray's own processes find each other too late
# Nothing is told to anybody; a start may take its time.
_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "90"}


@dataclass(frozen=True)
class SentTask:
    """A task: a node, or one of its parts."""

    node: Node
    part: str | None = None


@dataclass
class TaskQueue:
    """What is to be sent, in the order of the graph; a node when its inputs are whole.

    Attributes:
        nodes: that no measurement comes before and that are not whole yet.
        classes: fingerprint → class.
        most: tasks of one class at once.
    """

    nodes: Sequence[Node]
    entries: dict[str, Entry]
    classes: dict[str, Resources]
    most: int
    ready: deque[SentTask] = field(default_factory=deque)
    flying: Counter[Resources] = field(default_factory=Counter)
    parts_left: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.left = {node.fingerprint: node for node in self.nodes}
        self.seen: set[str] = set()
        self._look()

    def take(self) -> Iterator[SentTask]:
        """Yield what may be sent now."""
        for _ in range(len(self.ready)):
            sent = self.ready.popleft()
            asks = self.classes[sent.node.fingerprint]
            if self.flying[asks] < self.most:
                self.flying[asks] += 1
                yield sent
            else:
                self.ready.append(sent)

    def ended(self, sent: SentTask) -> None:
        """Note that a task has ended; what became ready is to be sent."""
        name = sent.node.fingerprint
        self.flying[self.classes[name]] -= 1
        if sent.part is not None:
            self.parts_left[name] -= 1
            if not self.parts_left[name]:
                self.ready.append(SentTask(sent.node))
        elif self.entries[name].whole:
            del self.left[name]
            self._look()
        else:  # another command has it, or its input has gone and is made again
            self.ready.append(sent)

    def _look(self) -> None:
        for name, node in self.left.items():
            if name not in self.seen and self._can(node):
                self.seen.add(name)
                parts = open_parts(node, self.entries[name])
                self.parts_left[name] = len(parts) if len(parts) > 1 else 0
                several = (
                    [SentTask(node, part) for part in parts] if len(parts) > 1 else [SentTask(node)]
                )
                self.ready.extend(several)

    def _can(self, node: Node) -> bool:
        return all(self.entries[one].whole for one in node.inputs.values())


def classes_of(planned: Plan, launch: LaunchSpec) -> dict[str, Resources]:
    """Return fingerprint → what its task asks for."""
    rows = zip(planned.graph, planned.stages, strict=True)
    return {node.fingerprint: resources_of(node, row.cost, launch) for node, row in rows}


def check_nodes(asked: dict[str, Resources], cpus: int, nodes: Sequence[dict[str, Any]]) -> None:
    """Refuse what no machine of the cluster can take: Ray would wait for one without end.

    Args:
        asked: title → class.
        nodes: as ``ray.nodes()`` tells them.

    Raises:
        ConfigError: naming the first such stage.
    """
    there = [one["Resources"] for one in nodes if one["Alive"]]
    for title, asks in asked.items():
        wanted = {"GPU": asks.gpus, "CPU": cpus, "memory": asks.memory * _GIB}
        if not any(all(one.get(k, 0) >= n for k, n in wanted.items()) for one in there):
            gpus = f"{asks.gpus} GPUs, " if asks.gpus else ""
            text = f"'{title}' asks for {gpus}{cpus} cores and {asks.memory} GiB, and no machine"
            raise ConfigError(
                f"{text} of Ray has them", "launch.address=HOST:PORT, launch.memory=N"
            )


class RayTasks:
    """Does the stages of a plan that no measurement comes before, as tasks of Ray.

    Args:
        launch: `address` of a cluster (None = one that is begun and ended here), `workers` of one
            class at once, `cpus`, `memory`, `gpus_per_worker`, and how often a task that dies is
            begun again (`max_restarts`).
    """

    def __init__(self, launch: LaunchSpec) -> None:
        self.launch = launch

    def check(self) -> None:
        """Make sure that Ray is installed, before anything begins.

        Raises:
            ConfigError: if it is not.
        """
        if find_spec("ray") is None:
            raise ConfigError("launch=ray needs the package ray", with_extra("ray"))

    def __call__(self, planned: Plan, cache: Path, observer: Observer) -> None:
        """Bring them to completion.

        Raises:
            ConfigError: if no machine of Ray can take a stage.
            LlmxError: what the first failing task reported.
        """
        graph = planned.graph
        nodes = [n for n in graph if graph.before_timing(n) and not entry_of(cache, n).whole]
        if not nodes:
            return
        classes = classes_of(planned, self.launch)
        with _connected(self.launch.address) as ray:
            asked = {node.title: classes[node.fingerprint] for node in nodes}
            check_nodes(asked, self.launch.cpus, ray.nodes())
            entries = {node.fingerprint: entry_of(cache, node) for node in graph}
            queue = TaskQueue(nodes, entries, classes, self.launch.workers)
            self._drive(ray, queue, _task_run(planned, cache), ProgressView(cache, observer))

    def _drive(self, ray: Any, queue: TaskQueue, run: TaskRun, view: ProgressView) -> None:
        told, flying = ray.put(run), dict[Any, SentTask]()
        while queue.left:
            for sent in queue.take():
                flying[self._send(ray, told, sent, queue.classes)] = sent
            over, _ = ray.wait(list(flying), num_returns=len(flying), timeout=_POLL)
            view.refresh(list(queue.nodes))
            for one in over:
                sent = flying.pop(one)
                _check(ray, one, sent)
                queue.ended(sent)
        view.refresh(list(queue.nodes))

    def _send(self, ray: Any, told: Any, sent: SentTask, classes: dict[str, Resources]) -> Any:
        name = sent.node.fingerprint
        asks = classes[name]
        task = ray.remote(do).options(
            name=sent.node.title,
            num_cpus=self.launch.cpus,
            num_gpus=asks.gpus,
            memory=asks.memory * _GIB,
            max_retries=self.launch.max_restarts,
        )
        return task.remote(told, name, sent.part, asks)


def _task_run(planned: Plan, cache: Path) -> TaskRun:
    folder = planned.folder.absolute()
    (Submission(RunFolder(folder)).folder / "work").mkdir(parents=True, exist_ok=True)
    return TaskRun(
        spec=planned.spec.model_dump(mode="json"),
        folder=folder,
        cache=cache.absolute(),
        home=Path.cwd(),
        plugins=tuple(str(one.folder) for one in plugins.active()),
        surroundings=surroundings(),
    )


def _check(ray: Any, one: Any, sent: SentTask) -> None:
    """Raise what a task failed of."""
    try:
        failure = ray.get(one)
    except ray.exceptions.RayError as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        text = f"Ray could not do '{sent.node.title}': {first}"
        raise RunError(text, "the same command resumes") from error
    if failure is not None:
        raise failure.error()


@contextmanager
def _connected(address: str | None) -> Iterator[Any]:
    """Begin Ray on this machine, or use a cluster; what was begun here ends here."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray

    # Ray lets tasks import from the folder that it is begun in, and they begin there: a stranger's
    # torch.py may lie in the one that somebody works in.
    with tempfile.TemporaryDirectory() as empty:
        with _own_signals(), chdir(empty):
            _begin(ray, address, 1 if address else _TRIES)
        try:
            yield ray
        finally:
            ray.shutdown()


def _begin(ray: Any, address: str | None, tries: int) -> None:
    try:
        ray.init(
            address=address or "local",
            log_to_driver=False,
            logging_level="ERROR",
            **({} if address else {"include_dashboard": False}),
        )
    except Exception as error:  # plain ones among them
        ray.shutdown()
        if tries > 1:
            return _begin(ray, address, tries - 1)
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        text = f"no Ray answers at {address}" if address else "Ray does not begin here"
        raise RunError(f"{text}: {first}", "launch.address=HOST:PORT, or none") from error


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what signals do in this process: Ray takes SIGTERM for itself."""
    before: dict[signal.Signals, Callable[..., Any] | int | None] = {
        number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
