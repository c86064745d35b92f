"""The chance at which random acceptance has a wanted draft share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from llmx.papers.fsd.replay import BlockLog


def solve_random(share: float, gamma: int) -> float:
    """Return p with ``p(1-p^γ)/(1-p) = s/(1-s)``: accepted tokens a round for accept chance p.

    1 where even that gives less, that is for shares above γ/(γ+1).
    """
    return _solve(lambda chance: random_share(chance, gamma), share)


def random_share(chance: float, gamma: int) -> float:
    """Return the draft share of accepting each of γ tokens with a fixed chance."""
    accepted = sum(chance**power for power in range(1, gamma + 1))
    return accepted / (accepted + 1)


def solve_blocks(share: float, log: BlockLog) -> float:
    """Like :func:`solve_random`, for blocks that end early: a draft that stops drafts fewer."""
    return _solve(lambda chance: blocks_share(chance, log), share)


def blocks_share(chance: float, log: BlockLog) -> float:
    """Return the draft share of accepting each token of the logged blocks with a fixed chance."""
    powers = chance ** np.arange(1, log.divergence.shape[1] + 1)
    # By length, not by block: a sum of floats would tell in which order the texts were replayed.
    size = log.divergence.shape[1] + 1
    blocks = np.bincount(log.valid, minlength=size)
    closed = np.bincount(log.valid[log.closed], minlength=size)
    accepted = (blocks * np.concatenate(([0.0], np.cumsum(powers)))).sum()
    # After an accepted EOS nothing follows.
    followed = len(log.valid) - (closed * chance ** np.arange(size)).sum()
    return float(accepted / (accepted + followed))


def _solve(share_of: Callable[[float], float], share: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if share_of(middle) < share else (low, middle)
    return (low + high) / 2
