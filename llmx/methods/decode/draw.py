"""Inverse-CDF draws from given uniforms: the same token whatever else is in the batch."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Draw(NamedTuple):
    """Drawn tokens, and how near each draw came to giving another token."""

    token: Tensor
    """int64 (...)."""
    margin: Tensor
    """float (...): distance of u to the nearer inner edge of the token's CDF interval, or the gap
    between the two largest logits for an arg-max. Edges of a nucleus are not looked at."""


def draw(weights: Tensor, u: Tensor) -> Draw:
    """Draw one token a row, with probability proportional to `weights`.

    The first token whose cumulative weight exceeds ``u * total``; so no token of weight zero is
    ever drawn. Sums run in float64 in vocabulary order.

    Args:
        weights: float (..., V), not negative, at least one positive.
        u: float (...), in [0, 1).
    """
    cdf = weights.cumsum(-1, dtype=torch.float64)
    point = u.unsqueeze(-1) * cdf[..., -1:]
    # Without the clamp a row of NaN, from a broken model, would index past the vocabulary.
    token = torch.searchsorted(cdf, point, right=True).clamp_(max=cdf.shape[-1] - 1)
    return Draw(token.squeeze(-1), _edge_distance(cdf, point, token))


def _edge_distance(cdf: Tensor, point: Tensor, token: Tensor) -> Tensor:
    total = cdf[..., -1:]
    around = torch.cat((token - 1, token), -1).clamp_(min=0)
    # The ends of the whole CDF separate nothing, and float64 leaves them exact.
    edges = cdf.gather(-1, around)
    distance = (edges - point).abs_().masked_fill_((edges <= 0) | (edges >= total), torch.inf)
    return (distance / total).amin(-1)


def arg_max(logits: Tensor) -> Draw:
    """Return the largest logit's token (the first of equals) and its lead over the second."""
    if logits.shape[-1] == 1:
        token = torch.zeros(logits.shape[:-1], dtype=torch.int64, device=logits.device)
        return Draw(token, torch.full(token.shape, torch.inf, device=logits.device))
    best = logits.topk(2).values
    return Draw(logits.argmax(-1), best[..., 0] - best[..., 1])


def residual(target: Tensor, draft: Tensor) -> Tensor:
    """Return the weights that make rejection lossless: ``max(0, p - q)``, not normalised.

    Leviathan et al., arXiv 2211.17192, section 2.3. Where rounding leaves nothing, p itself.

    Args:
        target: p, float (..., V).
        draft: q, float (..., V); all zero in rows where nothing was rejected.
    """
    left = (target - draft).clamp_(min=0)
    return torch.where(left.sum(-1, keepdim=True) > 0, left, target)
