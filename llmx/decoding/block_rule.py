"""Block verification: one decision for a whole drafted block (Sun et al., arXiv 2403.10444).

Lossless, and never fewer accepted tokens in expectation than token by token (theorems 1 and 2).
Notation of algorithm 2: ``w_i`` is its ``p_i``, the weight of the first i drafted tokens, and
``h_i`` the chance at which it accepts them as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmx.decoding.accept import Flags, Floats, Ints

if TYPE_CHECKING:
    from torch import Tensor

_TINY = np.float32(1e-30)


@dataclass(frozen=True)
class BlockRule:
    """What block verification says of K drafted tokens a row.

    Attributes:
        accept: (B, K), whether a token stands: the longest prefix that its own test accepts.
        margin: float32 (B, K), distance of the nearest comparison from turning `accept` over.
        weights: float32 (B, K+1), w: after an accepted prefix of i tokens the next one comes from
            ``max(0, w_i p - q)``.
    """

    accept: Flags
    margin: Floats
    weights: Floats


def block_rule(p: Floats, q: Floats, left: Floats, u: Floats, valid: Ints) -> BlockRule:
    """Apply algorithm 2 of the paper.

    Args:
        p: probability of each drafted token under the target, float32 (B, K).
        q: the same under the draft.
        left: float32 (B, K), ``Σ max(0, w_i p_i - q_i)`` over the vocabulary, of column i the
            distributions of drafted token i + 1 and the weight of the i tokens before it.
        u: uniforms in [0, 1).
        valid: (B,), tokens that count: the block ends there.
    """
    weights = prefix_weights(p, q)
    chance = accept_chances(weights, left, valid)
    inside = np.arange(p.shape[1]) < valid[:, None]
    passes, gap = (u < chance) & inside, np.abs(u - chance)
    accept = np.logical_or.accumulate(passes[:, ::-1], axis=1)[:, ::-1]
    return BlockRule(accept, _margin(passes, inside, gap).astype(np.float32), weights)


def prefix_weights(p: Floats, q: Floats) -> Floats:
    """Return ``w_0 = 1``, ``w_i = min(1, w_{i-1} p_i / q_i)``, float32 (B, K+1)."""
    ratio = p / np.maximum(q, _TINY)
    weights = np.ones((len(p), p.shape[1] + 1), dtype=np.float32)
    for column in range(p.shape[1]):
        weights[:, column + 1] = np.minimum(weights[:, column] * ratio[:, column], 1)
    return weights


def accept_chances(weights: Floats, left: Floats, valid: Ints) -> Floats:
    """Return h of each prefix, float32 (B, K): ``left / (left + 1 - w)``, w where the block ends.

    Where both are 0 the models agree on all that follows, and so far: 1.
    """
    weight, after = weights[:, 1:], np.roll(left, -1, axis=1)
    below = after + (1 - weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = np.where(below > 0, after / below, np.float32(1))
    ends = np.arange(1, weight.shape[1] + 1) >= valid[:, None]
    found: Floats = np.where(ends, weight, chance).astype(np.float32)
    return found


def _margin(passes: Flags, inside: Flags, gap: Floats) -> Floats:
    """Return how far each token is from another fate.

    One that stands falls once all tests from it on fail, one that falls stands once any passes.
    """
    held = np.where(passes, gap, -np.inf)[:, ::-1]
    lost = np.where(inside, gap, np.inf)[:, ::-1]
    hold = np.maximum.accumulate(held, axis=1)[:, ::-1]
    lose = np.minimum.accumulate(lost, axis=1)[:, ::-1]
    margin: Floats = np.where(hold >= 0, hold, lose)
    return margin


def left_over(probs: Tensor, drafted: Tensor | None, tokens: Tensor) -> Tensor:
    """Return ``Σ max(0, w p - q)`` of each column, float32 (B, K); see :func:`block_rule`.

    Args:
        probs: p, warped, float32 (B, K, V).
        drafted: q, the same; None = one-hot on the tokens.
        tokens: int64 (B, K).
    """
    import torch

    p = probs.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    q = torch.ones_like(p)
    if drafted is not None:
        q = drafted.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    ratio, weights = p / q.clamp(min=float(_TINY)), [torch.ones_like(p[:, 0])]
    for column in range(p.shape[1] - 1):
        weights.append((weights[-1] * ratio[:, column]).clamp(max=1))
    weight = torch.stack(weights, 1)
    if drafted is None:
        return weight * (1 - p)
    return (weight.unsqueeze(-1) * probs - drafted).clamp_(min=0).sum(-1)
