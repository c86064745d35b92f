"""Inverse-CDF draws from given uniforms: the same token whatever else is in the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Draw(NamedTuple):
    """Drawn tokens, and what :func:`edge_margin` needs to tell how near another token was."""

    token: Tensor
    """int64 (...)."""
    cdf: Tensor
    """float64 (..., V), cumulative weights."""
    point: Tensor
    """float64 (..., 1), where the uniform fell on them."""


def draw(weights: Tensor, u: Tensor) -> Draw:
    """Draw one token a row, with probability proportional to `weights`.

    The first token whose cumulative weight exceeds ``u * total``; so no token of weight zero is
    ever drawn. Sums run in float64 in vocabulary order.

    Args:
        weights: float (..., V), not negative, at least one positive.
        u: float (..., 1), in [0, 1).
    """
    cdf = weights.cumsum(-1, dtype=torch.float64)
    point = u * cdf[..., -1:]
    # Without the clamp a row of NaN, from a broken model, would index past the vocabulary.
    token = torch.searchsorted(cdf, point, right=True).clamp_(max=cdf.shape[-1] - 1)
    return Draw(token.squeeze(-1), cdf, point)


def edge_margin(drawn: Draw) -> Tensor:
    """Return float64 (...): distance of u to the nearer inner edge of the token's CDF interval.

    Infinite for a token that has all the mass. The edge of a nucleus is not looked at.
    """
    token, total = drawn.token.unsqueeze(-1), drawn.cdf[..., -1:]
    edges = drawn.cdf.gather(-1, torch.cat((token - 1, token), -1).clamp_(min=0))
    # The two ends of the whole CDF separate nothing, and float64 leaves them exact.
    outer = (edges <= 0) | (edges >= total)
    distance = (edges - drawn.point).abs_().masked_fill_(outer, torch.inf)
    return (distance / total).amin(-1)


def edge_margins(draws: Sequence[Draw]) -> Tensor:
    """Return float64 (B, n) for n draws of (B,): all at once, as each would cost as much."""
    return edge_margin(Draw(*(torch.stack(part, 1) for part in zip(*draws, strict=True))))


def lead(logits: Tensor) -> Tensor:
    """Return float (...): how far the largest logit is above the second; infinite if alone."""
    if logits.shape[-1] == 1:
        return torch.full(logits.shape[:-1], torch.inf, device=logits.device)
    best = logits.topk(2).values
    return best[..., 0] - best[..., 1]


def residual(target: Tensor, draft: Tensor) -> Tensor:
    """Return the weights that make rejection lossless: ``max(0, p - q)``, not normalised.

    Leviathan et al., arXiv 2211.17192, section 2.3. Where rounding leaves nothing, p itself.

    Args:
        target: p, float (..., V).
        draft: q, float (..., V); all zero in rows where nothing was rejected.
    """
    left = (target - draft).clamp_(min=0)
    return torch.where(left.amax(-1, keepdim=True) > 0, left, target)
