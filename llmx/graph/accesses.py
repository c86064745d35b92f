"""Who has run a run folder, and how that ended: lines that are added and never changed.

The manifest tells of the command that made the outputs, this file of every command.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core.errors import LlmxError, StoreError
from llmx.core.names import on_one_line
from llmx.core.secrets import struck_out, without_secrets
from llmx.graph.environment import made_with
from llmx.graph.folder import RunFolder, command_line, is_going_on, planned_outputs
from llmx.graph.graph import CACHE
from llmx.store.cache import Entry
from llmx.store.files import Appender, read_lines

ACCESSES = "accesses.jsonl"
BEGUN, FINISHED, FAILED, INTERRUPTED = "begun", "finished", "failed", "interrupted"


@contextmanager
def accessing(folder: RunFolder) -> Iterator[None]:
    """Add a line when a command begins to work at a run, and one when it ends, saying how."""
    began = time.monotonic()
    _add(folder, {"outcome": BEGUN, "command": command_line()})
    try:
        yield
    except BaseException as error:
        # A disk that takes nothing more is what the error says already.
        with suppress(StoreError):
            _add_end(folder, began, *_ending(error))
        raise
    _add_end(folder, began, FINISHED, "")


def _ending(error: BaseException) -> tuple[str, str]:
    if not isinstance(error, Exception):
        return INTERRUPTED, ""
    told = error.message if isinstance(error, LlmxError) else f"{type(error).__name__}: {error}"
    return FAILED, struck_out(on_one_line(told))


def _add_end(folder: RunFolder, began: float, outcome: str, reason: str) -> None:
    row = {"outcome": outcome, "seconds": round(time.monotonic() - began, 1)}
    row |= {"code": made_with()["code"]}
    _add(folder, {**row, "reason": reason} if reason else row)


def _add(folder: RunFolder, row: Mapping[str, Any]) -> None:
    written = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with Appender(folder.path / ACCESSES) as lines:
        lines.append([{"written": written, **row}])


@dataclass(frozen=True)
class State:
    """How far a run is.

    Attributes:
        word: ``finished``, ``in progress``, ``failed`` or ``unfinished``.
        reason: why it failed; empty where it did not.
        done: stages whose output is whole, of `total`; 0 of 0 where the run does not say.
    """

    word: str
    reason: str = ""
    done: int = 0
    total: int = 0

    def __str__(self) -> str:
        far = f", {self.done} of {self.total} stages" if self.total else ""
        return self.word if self.word == FINISHED else f"{self.word}{far}"


def state_of(run: RunFolder) -> State:
    """Return how far a run is, by its folder, its lock and the outputs that are there."""
    if run.finished:
        return State(FINISHED)
    outputs = planned_outputs(run)
    cache = run.path.parent / CACHE
    done = sum(Entry(cache, kind, name).whole for kind, name in outputs)
    last = (_rows(run.path) or [{}])[-1]
    if is_going_on(run.path):
        return State("in progress", "", done, len(outputs))
    if last.get("outcome") == FAILED:
        return State(FAILED, str(last.get("reason", "")), done, len(outputs))
    return State("unfinished", "", done, len(outputs))


def resume_command(run: RunFolder) -> str:
    """Return what goes on with a run: the last command, else one of the recipe and its settings.

    Raises:
        StoreError: if no command is known, and the specification is of another version.
    """
    commands = [row["command"] for row in _rows(run.path) if row.get("command")]
    words = commands[-1] if commands else [""]
    if words[0] == "llmx":  # not a notebook, or a test
        return shlex.join(words)
    spec = run.spec()
    return shlex.join(["llmx", "run", f"recipe={spec.name}", *without_secrets(spec.overrides)])


def _rows(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a run, oldest first; none where they cannot be read."""
    try:
        return [row for row in read_lines(folder / ACCESSES) if isinstance(row, dict)]
    except StoreError:
        return []
