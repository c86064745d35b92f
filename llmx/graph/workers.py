"""Several processes on one graph; this one starts them, shows their progress and stops them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from llmx.core.errors import LlmxError, RunError
from llmx.core.progress import Progress
from llmx.core.spec import RunSpec
from llmx.engines.engine import engine_class
from llmx.graph.graph import Graph, Node, entry_of
from llmx.graph.observer import Observer
from llmx.graph.parts import Glance, glance_at, open_parts, scored_in
from llmx.stages.availability import reason
from llmx.store.cache import names
from llmx.store.files import write_json
from llmx.store.machine import machine

_POLL = 0.2
_MOST = 4
_GRACE = 1.0  # seconds


def default_workers(spec: RunSpec | None = None) -> int:
    """Return how many processes to use when nobody says: one a core up to four, one with a GPU.

    One also where an engine keeps many requests in flight itself: each process would start a vLLM
    of its own, or ask an endpoint for more at once than the recipe allows.
    """
    found = machine()
    engines = {arm.engine.kind for arm in spec.arms.values()} if spec is not None else set()
    if any(hasattr(engine_class(kind), "arrivals") for kind in engines):
        return 1
    return 1 if found["accelerators"] else min(_MOST, found["cores"])


def run_with_workers(
    spec: RunSpec, graph: Graph, cache: Path, observer: Observer, workers: int
) -> None:
    """Do every stage that no measurement comes before, in `workers` processes.

    Raises:
        LlmxError: what the first failing worker reported.
    """
    nodes = [n for n in graph if graph.before_timing(n) and not entry_of(cache, n).whole]
    shares = sum(max(1, len(open_parts(node, entry_of(cache, node)))) for node in nodes)
    if shares < 2:
        return
    with tempfile.TemporaryDirectory() as scratch:
        spec_path = Path(scratch) / "spec.json"
        write_json(spec_path, spec.model_dump(mode="json"))
        started = [_Worker(spec_path, cache) for _ in range(min(workers, shares))]
        try:
            _watch(started, nodes, cache, observer)
        finally:
            _stop(started)


def _command(spec: Path, cache: Path) -> list[str]:
    arguments = (spec, cache, os.getpid())
    # Without the folder that somebody works in: a stranger's torch.py may lie there.
    return [sys.executable, "-P", "-m", "llmx.graph.worker", *map(str, arguments)]


class _Worker:
    """A process, and the file that it writes its errors to: a pipe that fills up would stop it."""

    def __init__(self, spec: Path, cache: Path) -> None:
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by _stop
        self.process = subprocess.Popen(
            _command(spec, cache), stderr=self.errors, stdout=subprocess.DEVNULL
        )

    def error(self) -> LlmxError:
        """Return what the process reported before it ended."""
        self.errors.seek(0)
        text = self.errors.read()
        for line in reversed(text.splitlines()):
            try:
                found = json.loads(line)
                error = RunError(found["message"], found["hint"])
            except (ValueError, KeyError, TypeError):
                continue
            error.__notes__ = [found["trace"]] if found.get("trace") else []
            return error
        ending = text.strip().splitlines()[-1:] or [f"exit code {self.process.returncode}"]
        return RunError(f"a worker process ended: {ending[0]}", "the same command resumes")


def _watch(workers: Sequence[_Worker], nodes: list[Node], cache: Path, observer: Observer) -> None:
    view = ProgressView(cache, observer)
    while True:
        running = [worker for worker in workers if worker.process.poll() is None]
        view.refresh(nodes)
        for worker in workers:
            if worker.process.returncode:
                _wait_for_the_same(worker.process.returncode)
                raise worker.error()
        if not running:
            return
        time.sleep(_POLL)


def _wait_for_the_same(code: int) -> None:
    """A signal to all of us, of a scheduler or a closed terminal, reaches this process too."""
    if -code in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        time.sleep(_GRACE)


class ProgressView:
    """Turns the progress files of partial folders into calls of an observer."""

    def __init__(self, cache: Path, observer: Observer) -> None:
        self.cache, self.observer = cache, observer
        self.bars: dict[str, tuple[Progress, int, float]] = {}
        self.over: set[str] = set()

    def refresh(self, nodes: list[Node]) -> None:
        """Look at every node that is not over, by one listing of each kind of stage."""
        waiting = [node for node in nodes if node.fingerprint not in self.over]
        there = names(self.cache, {node.stage.kind for node in waiting})
        for node in waiting:
            entry = entry_of(self.cache, node)
            if entry.folder.name in there and entry.whole:
                self._finish(node)
            elif {entry.partial.name, entry.shared_out.name} & there:
                seen = glance_at(node, entry)
                if seen is not None:
                    self._move(node, seen)

    def _move(self, node: Node, seen: Glance) -> None:
        if node.fingerprint not in self.bars:
            self._begin(node)
        bar, before, since = self.bars[node.fingerprint]
        if before < 0 and seen.total:  # before that the worker does not know how much there is
            bar.start(seen.total, seen.done, seen.unit)
        elif before >= 0:
            bar.advance(max(seen.done - before, 0))
        if seen.note:
            bar.note(seen.note)
        if seen.judged[1]:
            bar.scored(*seen.judged)
        known = max(seen.done, before) if seen.total else before
        self.bars[node.fingerprint] = (bar, known, since)

    def _begin(self, node: Node) -> None:
        self.bars[node.fingerprint] = (self.observer.started(node.title), -1, time.perf_counter())

    def _finish(self, node: Node) -> None:
        self.over.add(node.fingerprint)
        entry = entry_of(self.cache, node)
        if node.fingerprint not in self.bars:  # it was too short to be seen at work
            self._begin(node)
        bar, _, since = self.bars[node.fingerprint]
        if judged := scored_in(entry):
            bar.scored(*judged)
        self.observer.finished(node.title, time.perf_counter() - since)
        if why := reason(entry):
            self.observer.note(f"{node.title} is not available: {why}")


def _stop(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.terminate()
    for worker in workers:
        worker.process.wait()
        worker.errors.close()
