"""Inverse-CDF draws from given uniforms: the same token whatever else is in the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmx.decoding.accept import Flags, Floats, Ints

if TYPE_CHECKING:
    from torch import Tensor

FRAGILE = 1e-4
_BAND = np.array([0, -FRAGILE, FRAGILE], dtype=np.float32)
_BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))


def draw(weights: Tensor, u: Tensor) -> Tensor:
    """Draw tokens with probability proportional to `weights`, one for each uniform of a row.

    The first token whose cumulative weight exceeds ``u * total``; so no token of weight zero is
    ever drawn. Sums run in float64 in vocabulary order.

    Args:
        weights: float (B, V), not negative, at least one positive a row.
        u: float (B, n), in [0, 1).

    Returns:
        int64 (B, n).
    """
    import torch

    cdf = weights.cumsum(-1, dtype=torch.float64)
    # Without the clamp a row of NaN, from a broken model, would index past the vocabulary.
    return torch.searchsorted(cdf, u * cdf[:, -1:], right=True).clamp_(max=cdf.shape[-1] - 1)


def band(u: Floats) -> Floats:
    """Return (..., 3): each uniform, and those 1e-4 to its sides.

    A draw is fragile if a side gives another token (:func:`is_split`): u is then within 1e-4 of an
    edge of the CDF. Asking for two more tokens costs less than finding the edges. Edges of a
    nucleus, which move all others, are not looked at.
    """
    sides: Floats = u[..., None] + _BAND
    np.maximum(sides, 0, out=sides)
    return np.minimum(sides, _BELOW_ONE, out=sides)


def is_split(tokens: Ints) -> Flags:
    """Return (...): whether the tokens (..., 3) drawn from a band differ."""
    split: Flags = (tokens[..., 1:] != tokens[..., :1]).any(-1)
    return split


def lead(logits: Tensor) -> Tensor:
    """Return float (...): how far the largest logit is above the second; infinite if alone."""
    import torch

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
    import torch

    left = (target - draft).clamp_(min=0)
    return torch.where(left.amax(-1, keepdim=True) > 0, left, target)
