"""Outputs that are not what they say are moved aside before a run makes them again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from llmx.run.entry import entry_of
from llmx.run.graph import Node
from llmx.store.cache import Entry


def set_damaged_aside(nodes: Iterable[Node], cache: Path, say: Callable[[str], None]) -> None:
    """Move the damaged outputs of nodes, and of their parts, aside; say so, a line each.

    What another process holds is left to it.
    """
    for node in nodes:
        entry = entry_of(cache, node)
        for one in (entry, *entry.parts_there()):
            told = set_aside(one)
            if told is not None:
                say(f"{node.title} was damaged and is made again: {told}")


def set_aside(entry: Entry) -> str | None:
    """Move one output aside if it is damaged and nobody works at it; return why and where to."""
    lock = entry.lock
    if entry.damage() is None or not lock.try_acquire():
        return None
    try:
        why = entry.damage()
        return None if why is None else f"{why}; kept as {entry.set_aside()}"
    finally:
        lock.release()
