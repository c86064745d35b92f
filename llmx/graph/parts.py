"""One node shared out: processes take its parts one by one, and the last one joins them.

A part is an entry of its own below the node's, with its own lock: it is resumed like a stage, and a
process that dies leaves it to the next. Which parts there are does not depend on who does them.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import StoreError, UnavailableError
from llmx.core.progress import Progress, Silent
from llmx.core.stage import Parted, StageContext
from llmx.graph.graph import Node
from llmx.graph.observer import Observer
from llmx.stages.decode import DRAWS
from llmx.store.cache import ABOUT, PROGRESS, Entry
from llmx.store.files import read_json

_EVERY = 0.5  # seconds between writes


class SharedProgress:
    """Passes progress on and writes it where a waiting process looks."""

    def __init__(self, inner: Progress, folder: Path) -> None:
        self._inner = inner
        self._path = folder / PROGRESS
        self._written = 0.0
        self._note, self._unit = "", ""
        self.total = self.done = 0
        self.judged = (0, 0)  # right answers, of those that have been scored

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        """Announce the work."""
        self.total, self.done, self._unit = total, done, unit
        self._inner.start(total, done, unit)
        self._write()

    def advance(self, amount: int = 1) -> None:
        """Report finished work."""
        self.done += amount
        self._inner.advance(amount)
        self._write_if_due()

    def note(self, text: str) -> None:
        """Pass one line on; of several in short time others may see the last."""
        self._note = text
        self._inner.note(text)
        self._write_if_due()

    def scored(self, correct: int, of: int) -> None:
        """Report right answers."""
        self.judged = (correct, of)
        self._inner.scored(correct, of)
        self._write_if_due()

    def _write_if_due(self) -> None:
        if time.monotonic() - self._written > _EVERY:
            self._write()

    def _write(self) -> None:
        # Not durable on purpose: losing it costs a waiting process one glance.
        self._written = time.monotonic()
        scratch = self._path.with_name(f".{PROGRESS}.{os.getpid()}.tmp")
        with suppress(OSError):
            seen = {"done": self.done, "total": self.total, "note": self._note}
            seen |= {"unit": self._unit, _JUDGED: self.judged}
            scratch.write_text(json.dumps(seen))
            scratch.replace(self._path)


@dataclass(frozen=True)
class Glance:
    """What another process's stage has done, of how much, and its latest line; 0 = unknown.

    `unit` is what is counted, `judged` holds right answers, and how many have been scored.
    """

    done: int = 0
    total: int = 0
    note: str = ""
    judged: tuple[int, int] = (0, 0)
    unit: str = "samples"


def glance(entry: Entry) -> Glance:
    """Look at a stage that another process works on."""
    try:
        found = json_text.parse((entry.partial / PROGRESS).read_text())
        note, judged = str(found.get("note", "")), _judged(found)
        unit = str(found.get("unit") or Glance.unit)
        return Glance(int(found["done"]), int(found["total"]), note, judged, unit)
    except (OSError, ValueError, KeyError, TypeError):
        return Glance()


def _judged(found: Mapping[str, Any]) -> tuple[int, int]:
    correct, of = found.get(_JUDGED, (0, 0))
    return int(correct), int(of)


_SECONDS, _JUDGED = "seconds", "judged"


def parts_of(node: Node) -> Mapping[str, int]:
    """Return name → samples of each part of a node; nothing where it is done as a whole."""
    shared = isinstance(node.stage, Parted) and not node.stage.timing
    return _parted(node).parts(node.given) if shared else {}


def open_parts(node: Node, entry: Entry) -> list[str]:
    """Return the parts of a node that are still to be done."""
    return [name for name in parts_of(node) if not entry.part(name).whole]


def do_parts(
    node: Node, parts: Mapping[str, int], entries: Mapping[str, Entry], observer: Observer
) -> bool:
    """Do every part that is free; True if all are whole afterwards.

    The node's lock is shared meanwhile: nobody joins or deletes parts under another's hands, and
    none begins where they were joined and are gone.
    """
    entry = entries[node.fingerprint]
    lock = entry.lock
    if not lock.try_acquire(shared=True):
        return False
    try:
        bar = _Sum(node, entry, observer)
        for name in parts:
            _do(node, name, entries, bar)
    except UnavailableError:
        return True  # the joining process says so for the whole
    finally:
        lock.release()
    return entry.whole or all(entry.part(name).whole for name in parts)


def do_part(node: Node, name: str, entries: Mapping[str, Entry], observer: Observer) -> None:
    """Do one part of a node if it is free; what is not available is said by who joins the parts."""
    entry = entries[node.fingerprint]
    lock = entry.lock
    if not lock.try_acquire(shared=True):
        return
    try:
        _do(node, name, entries, _Sum(node, entry, observer))
    except UnavailableError:
        return
    finally:
        lock.release()


def _do(node: Node, name: str, entries: Mapping[str, Entry], bar: _Sum) -> None:
    entry = entries[node.fingerprint]
    part = entry.part(name)
    if entry.whole or part.whole:
        return
    lock = part.lock
    if not lock.try_acquire():
        return
    try:
        if not (entry.whole or part.whole):
            out = part.begin()
            progress = SharedProgress(bar, out)
            context = context_of(node, entries, out, progress)
            started = time.perf_counter()
            _parted(node).run_part(context, name)
            seconds = time.perf_counter() - started
            part.complete({_SECONDS: seconds, _JUDGED: progress.judged})
    finally:
        lock.release()


def join_parts(node: Node, entry: Entry, context: StageContext, parts: Sequence[str]) -> str | None:
    """Write the node's output from its parts; return why it cannot be had, where it cannot."""
    try:
        if not all(entry.part(name).whole for name in parts):
            node.stage.run(context)
        else:
            _parted(node).join(context, {name: entry.part(name).folder for name in parts})
    except UnavailableError as error:
        return error.message
    return None


def _parted(node: Node) -> Parted:
    assert isinstance(node.stage, Parted)
    return node.stage


def seconds_of(entry: Entry, parts: Sequence[str]) -> float:
    """Return what the parts took together, whoever did them."""
    whole = [entry.part(name) for name in parts if entry.part(name).whole]
    return sum(float(part.about()[_SECONDS]) for part in whole)


def context_of(
    node: Node, entries: Mapping[str, Entry], out: Path, progress: Progress
) -> StageContext:
    """Return what a stage works with."""
    inputs = {name: entries[found].folder for name, found in node.inputs.items()}
    return StageContext(node.given, node.identity, inputs, out, progress)


def glance_at(node: Node, entry: Entry) -> Glance | None:
    """Return how far other processes are with a node; None if nobody has begun."""
    if entry.shared_out.exists():  # first: who joins them has a partial folder and no progress
        parts = parts_of(node)
        return Glance(_done(entry, parts), sum(parts.values()), "", _judged_in(entry, parts))
    return glance(entry) if entry.partial.exists() else None


def _done(entry: Entry, parts: Mapping[str, int]) -> int:
    """Return how many samples of a node's parts are there."""
    return sum(_done_of(entry.part(name), size) for name, size in parts.items())


def scored_in(entry: Entry) -> tuple[int, int] | None:
    """Return right answers, of how many, of a whole output that says so in its summary."""
    try:
        found = read_json(entry.folder / "summary.json")
        return int(found["correct"]), int(found["problems"]) * int(found.get(DRAWS, 1))
    except (StoreError, KeyError, TypeError, ValueError):
        return None


def _judged_in(entry: Entry, parts: Iterable[str]) -> tuple[int, int]:
    """Return right answers, of those scored, in all parts of a node."""
    found = [_judged_of(entry.part(name)) for name in parts]
    return sum(correct for correct, _ in found), sum(of for _, of in found)


def _judged_of(part: Entry) -> tuple[int, int]:
    try:
        return _judged(part.about()) if part.whole else glance(part).judged
    except StoreError:
        return 0, 0  # joined and gone at this moment


def _done_of(part: Entry, size: int) -> int:
    seen = glance(part).done
    # In this order: a part that is being completed has no progress, and then another name.
    over = (part.partial / ABOUT).exists() or part.whole
    return size if over else min(seen, size)


class _Sum:
    """One bar for all parts of a node: what others have done meanwhile is counted in."""

    def __init__(self, node: Node, entry: Entry, observer: Observer) -> None:
        self.node, self.entry, self.observer = node, entry, observer
        self.bar: Progress = Silent()
        self.shown: int | None = None
        self.before = (0, 0)  # judged in the other parts

    def start(self, total: int, done: int = 0, unit: str = "samples") -> None:
        """A part begins."""
        parts = parts_of(self.node)
        there = _done(self.entry, parts)
        if self.shown is None:
            self.bar = self.observer.started(self.node.title)
            self.bar.start(sum(parts.values()), there, unit)
        else:
            self.bar.advance(max(there - self.shown, 0))
        self.shown = max(there, self.shown or 0)
        self.before = _judged_in(self.entry, parts)

    def advance(self, amount: int = 1) -> None:
        """Report finished work."""
        self.shown = (self.shown or 0) + amount
        self.bar.advance(amount)

    def note(self, text: str) -> None:
        """Pass one line on."""
        self.bar.note(text)

    def scored(self, correct: int, of: int) -> None:
        """Report right answers of this part, with those of the others when it began."""
        self.bar.scored(self.before[0] + correct, self.before[1] + of)
