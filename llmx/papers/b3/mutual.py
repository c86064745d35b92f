"""From directed edges to a graph: those that both ends agree on, or either of them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from llmx.core.errors import ConfigError

Rule = Literal["mutual", "either"]


def symmetric(edges: Any, rule: Rule = "mutual") -> Any:
    """Return the undirected graph of directed edges.

    Args:
        edges: CSR (n, n), float32 above 0, no loops: `Directed.edges`.
        rule: keep i–j if i → j and j → i (`mutual`), or if one of them is there (`either`).

    Returns:
        CSR (n, n), symmetric bit for bit, no loops; a weight is the mean of the directions there.
    """
    if rule not in ("mutual", "either"):
        raise ConfigError(f"no rule of edges is called {rule!r}", "mutual or either")
    total = _both(edges)
    there = edges.copy()
    there.data = np.ones(len(edges.data), np.float32)
    count = _both(there)
    # Both have the pattern of the union, since no weight is negative or zero.
    weights = total.data / count.data
    total.data = weights if rule == "either" else np.where(count.data == 2, weights, 0)
    total.eliminate_zeros()
    return total


def _both(edges: Any) -> Any:
    found = (edges + edges.T).tocsr()
    found.sort_indices()
    return found
