"""Theorem 1: how far the loss over a batch can be from the loss over all targets.

``L_G - L_B <= Σ_i log((N/K) · H_i / H_{B,i})``, for every K up to |B|, where H_i is the sum of the
K largest exponentials of query i over all N targets, and H_{B,i} the same over its batch. Each of
the N - K others is at most H_i / K, so the whole sum is at most (N/K) · H_i; that of the batch is
at least H_{B,i}. The temperature is in the similarities.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import ConfigError

Floats = NDArray[np.float64]


def log_sum(scores: NDArray[np.floating[Any]], largest: int | None = None) -> Floats:
    """Return the logarithm of the sum of the `largest` exponentials, or of all, over the last axis.

    Args:
        scores: (…, count), similarities over the temperature; -inf is nothing.
        largest: the paper's K.
    """
    held = scores.astype(np.float64)
    if largest is not None:
        held = -np.partition(-held, largest - 1, axis=-1)[..., :largest]
    most = held.max(axis=-1, keepdims=True)
    found: Floats = most[..., 0] + np.log(np.exp(held - most).sum(-1))
    return found


def sides(
    scores: NDArray[np.floating[Any]], batch_of: NDArray[np.int32], largest: int
) -> tuple[Floats, Floats]:
    """Return what each query adds to L_G - L_B and to its bound, float64 (N,) each.

    Args:
        scores: (N, N), query by target over the temperature; a query's own target is on the
            diagonal, and falls out of the difference.
        batch_of: int32 (N,), each row's batch.
        largest: the paper's K, at most the rows of the smallest batch.
    """
    smallest = int(np.bincount(batch_of).min())
    if not 1 <= largest <= smallest:
        raise ConfigError(
            f"the bound holds up to K = {smallest}, the smallest batch, and not at {largest}",
            f"K from 1 to {smallest}",
        )
    inside = np.where(batch_of[:, None] == batch_of, scores, -np.inf)
    gap = log_sum(scores) - log_sum(inside)
    above = np.log(len(scores) / largest)
    return gap, above + log_sum(scores, largest) - log_sum(inside, largest)


def top_ratio(
    nearest: NDArray[np.floating[Any]], inside: NDArray[np.floating[Any]], largest: int
) -> Floats:
    """Return log(H_i / H_{B,i}) of each query, float64: 0 where a batch holds its K nearest.

    Args:
        nearest: (…, at least K), the similarities of each query's nearest targets, over the
            temperature.
        inside: (…, |B|), those of the targets of its batch.
        largest: the paper's K.
    """
    return log_sum(nearest, largest) - log_sum(inside, largest)
