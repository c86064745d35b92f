"""Where the output of a node stands."""

from __future__ import annotations

from pathlib import Path

from llmx.run.graph import Node
from llmx.store.cache import Entry

CACHE = "cache"
"""Where the outputs of all stages stand, under the folder of the runs."""


def entry_of(cache: Path, node: Node) -> Entry:
    """Return where a node's output stands."""
    return Entry(cache, node.stage.kind, node.fingerprint)
