"""What one task of Ray does: a node of the graph or a part of one, by the same code as anywhere.

Ray begins a task that died again, perhaps on another machine; it goes on in the partial folder.
Ray is not imported here.
"""

from __future__ import annotations

import os
import socket
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.cluster.here import refuse_others
from llmx.cluster.resources import Resources
from llmx.cluster.submission import BEGUN, DONE, FAILED, STOPPED, JobEvent, Submission
from llmx.core import plugins
from llmx.core.errors import LlmxError, RunError
from llmx.core.names import on_one_line
from llmx.core.progress import Progress, Silent
from llmx.core.secrets import struck_out
from llmx.core.spec import RunSpec
from llmx.graph.execute import advance
from llmx.graph.folder import RunFolder
from llmx.graph.graph import Graph, Node, build_graph, entry_of
from llmx.graph.observer import SilentObserver
from llmx.graph.parts import do_part
from llmx.store.cache import Entry


@dataclass(frozen=True)
class TaskRun:
    """What every task of a run is told.

    Attributes:
        folder: of the run, and `cache` of stage outputs: absolute, the same on every machine.
        home: folder that the command was typed in; a relative path of a recipe means it.
        surroundings: what every machine must have alike (:func:`llmx.cluster.here.surroundings`).
    """

    spec: Mapping[str, Any]
    folder: Path
    cache: Path
    home: Path
    plugins: tuple[str, ...]
    surroundings: Mapping[str, Any]


@dataclass(frozen=True)
class TaskFailure:
    """Why a task failed: an error for a person, and its trace where it is none of ours."""

    message: str
    hint: str = ""
    trace: str = ""

    def error(self) -> LlmxError:
        """Return it as an error of this process."""
        found = RunError(self.message, self.hint)
        found.__notes__ = [self.trace] if self.trace else []
        return found


def do(run: TaskRun, fingerprint: str, part: str | None, asks: Resources) -> TaskFailure | None:
    """Do a node, or one of its parts; return why it failed, None if it did not.

    Args:
        part: None = the whole node, or what joins its parts.
    """
    try:
        graph, entries = _opened(run)
        node = next((one for one in graph if one.fingerprint == fingerprint), None)
        if node is None:
            text = f"{socket.gethostname()} knows the stages of the run by other names"
            raise RunError(text, "the same llmx and plugins on every machine")
        _do(run, node, part, entries, asks)
    except LlmxError as error:
        return TaskFailure(error.message, error.hint)
    except Exception as error:
        return TaskFailure(f"{type(error).__name__}: {error}", "", traceback.format_exc())
    return None


_HELD: dict[Path, tuple[Graph, dict[str, Entry]]] = {}
"""Run folder → what a process that does many tasks has expanded once."""


def _opened(run: TaskRun) -> tuple[Graph, dict[str, Entry]]:
    if run.folder not in _HELD:
        with suppress(OSError):  # it may be a folder of the driver's machine alone
            os.chdir(run.home)
        refuse_others(run.surroundings)
        plugins.use([Path(one) for one in run.plugins])
        graph = build_graph(RunSpec.model_validate(run.spec))
        entries = {node.fingerprint: entry_of(run.cache, node) for node in graph}
        _HELD[run.folder] = graph, entries
    return _HELD[run.folder]


def _do(
    run: TaskRun, node: Node, part: str | None, entries: dict[str, Entry], asks: Resources
) -> None:
    events = _TaskEvents(run, node, asks)
    try:
        if part is None:
            advance(node, entries, events)
        else:
            do_part(node, part, entries, events)
    except Exception as error:
        told = error.message if isinstance(error, LlmxError) else f"{type(error).__name__}: {error}"
        events.note(FAILED, struck_out(on_one_line(told)))
        raise
    if events.begun:
        events.note(DONE if entries[node.fingerprint].whole else STOPPED)


class _TaskEvents(SilentObserver):
    """Keeps lines of what was done, as workers of Slurm do."""

    def __init__(self, run: TaskRun, node: Node, asks: Resources) -> None:
        self.submission = Submission(RunFolder(run.folder))
        self.node, self.asks, self.begun = node, asks, False

    def started(self, title: str) -> Progress:
        """The stage starts."""
        self.begun = True
        self.note(BEGUN)
        return Silent()

    def note(self, outcome: str, error: str = "") -> None:
        """Keep a line; that of an observer has nothing to say here."""
        if outcome not in (BEGUN, DONE, FAILED, STOPPED):
            return
        host = socket.gethostname()
        event = JobEvent(
            node=self.node.fingerprint,
            title=self.node.title,
            outcome=outcome,
            host=host,
            job=f"{host}.{os.getpid()}",
            at=round(time.time(), 2),
            error=error,
            key=self.asks.key,
            gpus=self.asks.gpus,
        )
        self.submission.log(event.job, event)
