"""Several processes on one graph; this one starts them, shows their progress and stops them."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from llmx.core.errors import LlmxError, RunError
from llmx.core.progress import Progress
from llmx.core.spec import RunSpec
from llmx.run.execute import entry_of
from llmx.run.graph import Graph, Node
from llmx.run.observer import Observer
from llmx.run.shared_progress import glance
from llmx.store.files import write_json
from llmx.store.machine import machine

_POLL = 0.2
_MOST = 4


def default_workers() -> int:
    """Return how many processes to use when nobody says: one a core up to four, one with a GPU."""
    found = machine()
    return 1 if found["accelerators"] else min(_MOST, found["cores"])


def run_with_workers(
    spec: RunSpec, graph: Graph, cache: Path, observer: Observer, workers: int
) -> None:
    """Do every stage that no measurement comes before, in `workers` processes.

    Raises:
        LlmxError: what the first failing worker reported.
    """
    nodes = [n for n in graph if graph.before_timing(n) and not entry_of(cache, n).whole]
    if len(nodes) < 2:
        return
    with tempfile.TemporaryDirectory() as scratch:
        spec_path = Path(scratch) / "spec.json"
        write_json(spec_path, spec.model_dump(mode="json"))
        processes = [_start(spec_path, cache) for _ in range(min(workers, len(nodes)))]
        try:
            _watch(processes, nodes, cache, observer)
        finally:
            _stop(processes)


def _start(spec: Path, cache: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "llmx.run.worker", str(spec), str(cache)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def _watch(
    processes: Sequence[subprocess.Popen[str]],
    nodes: list[Node],
    cache: Path,
    observer: Observer,
) -> None:
    view = _View(cache, observer)
    while True:
        running = [process for process in processes if process.poll() is None]
        view.refresh(nodes)
        for process in processes:
            if process.returncode:
                raise _error(process)
        if not running:
            return
        time.sleep(_POLL)


class _View:
    """Turns the progress files of partial folders into calls of an observer."""

    def __init__(self, cache: Path, observer: Observer) -> None:
        self.cache, self.observer = cache, observer
        self.bars: dict[str, tuple[Progress, int, float]] = {}
        self.over: set[str] = set()

    def refresh(self, nodes: list[Node]) -> None:
        """Look at every node once."""
        for node in nodes:
            entry = entry_of(self.cache, node)
            if node.fingerprint in self.over:
                continue
            if entry.whole:
                self._finish(node)
            elif entry.partial.exists():
                self._move(node, *glance(entry))

    def _move(self, node: Node, done: int, total: int) -> None:
        if not total:
            return
        if node.fingerprint not in self.bars:
            bar = self.observer.started(node.title)
            bar.start(total, done)
            self.bars[node.fingerprint] = (bar, done, time.perf_counter())
        bar, before, since = self.bars[node.fingerprint]
        bar.advance(max(done - before, 0))
        self.bars[node.fingerprint] = (bar, max(done, before), since)

    def _finish(self, node: Node) -> None:
        self.over.add(node.fingerprint)
        _, _, since = self.bars.get(node.fingerprint, (None, 0, time.perf_counter()))
        self.observer.finished(node.title, time.perf_counter() - since)


def _error(process: subprocess.Popen[str]) -> LlmxError:
    text = process.stderr.read() if process.stderr else ""
    for line in reversed(text.splitlines()):
        try:
            found = json.loads(line)
            error = RunError(found["message"], found["hint"])
        except (ValueError, KeyError, TypeError):
            continue
        error.__notes__ = [found["trace"]] if found.get("trace") else []
        return error
    ending = text.strip().splitlines()[-1:] or [f"exit code {process.returncode}"]
    return RunError(f"a worker process ended: {ending[0]}", "the same command goes on")


def _stop(processes: Sequence[subprocess.Popen[str]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        process.wait()
        if process.stderr:
            process.stderr.close()
