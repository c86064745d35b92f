"""``--ask-again``: what a judge gave no readable verdict on is asked again, and nothing else.

The outputs that rest on such judgements go with them, in whichever run they were made: they are
made again from the new ones. Run folders keep what they hold until their command is run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from llmx.core.errors import StoreError
from llmx.core.stage import AsksAgain
from llmx.graph.graph import Node, entry_of
from llmx.runs.check import resting
from llmx.store.cache import ABOUT, Entry, entries


def in_vain(nodes: Iterable[Node], cache: Path) -> Iterator[tuple[Node, int]]:
    """Yield each finished node with how many of its questions hold no readable answer."""
    for node in nodes:
        entry, stage = entry_of(cache, node), node.stage
        if not isinstance(stage, AsksAgain) or not entry.whole:
            continue
        if count := len(stage.unanswered(entry.folder)):
            yield node, count


def ask_again(nodes: Iterable[Node], cache: Path, say: Callable[[str], None]) -> bool:
    """Make unfinished what holds questions without an answer; say so, and return whether any did.

    Raises:
        LlmxError: if nobody could be asked, or another process works at one of the outputs.
    """
    found = list(in_vain(nodes, cache))
    for node, _ in found:
        if (refused := node.stage.plan(node.given).refusal) is not None:
            raise refused
    for node, count in found:
        _reopen(node, cache)
        say(f"{node.title}: {count} without a readable verdict, asked again")
    if not found:
        say("every judgement holds a verdict: nothing is asked again")
    return bool(found)


def _reopen(node: Node, cache: Path) -> None:
    entry = entry_of(cache, node)
    # What rests on it first: a kill then costs work that is done again, and nothing is stale.
    for one in resting(entry, list(entries(cache))):
        _held(one, one.remove)
    _held(entry, lambda: _unfinished(entry, node))


def _unfinished(entry: Entry, node: Node) -> None:
    assert isinstance(node.stage, AsksAgain)
    entry.folder.rename(entry.partial)
    (entry.partial / ABOUT).unlink(missing_ok=True)
    node.stage.reopen(entry.partial)


def _held(entry: Entry, work: Callable[[], object]) -> None:
    lock = entry.lock
    if not lock.try_acquire():
        raise StoreError(f"another process works at {entry.folder}", "try again when it has ended")
    try:
        work()
    finally:
        lock.release()
