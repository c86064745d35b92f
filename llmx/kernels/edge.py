"""Top-p and top-k as one number a row: the least logit that they leave."""

from __future__ import annotations

import torch
from torch import Tensor


def edge(logits: Tensor, temperature: float, top_p: float = 1.0, top_k: int = 0) -> Tensor:
    """Return the least logit kept by top-k, then top-p, at this temperature.

    Tokens that tie with the last one kept are kept, as in :mod:`llmx.decoding.warp`, so the
    kept set is exactly the logits at or above the edge. This sorts, and so writes arrays of
    vocabulary size: a truncated target pays for them outside of the fused kernels.

    Args:
        logits: float (..., V).
        temperature: above 0.
        top_k: 0 = off.

    Returns:
        float32 (...); -inf where nothing is cut off.
    """
    if top_p >= 1 and not 0 < top_k < logits.shape[-1]:
        return torch.full(logits.shape[:-1], -torch.inf, device=logits.device)
    ranked = logits.float().sort(-1, descending=True).values
    least = torch.full_like(ranked[..., 0], -torch.inf)
    if 0 < top_k < ranked.shape[-1]:
        least = ranked[..., top_k - 1]
    if top_p < 1:
        least = torch.maximum(least, _nucleus(ranked, least, temperature, top_p))
    return least


def _nucleus(ranked: Tensor, least: Tensor, temperature: float, top_p: float) -> Tensor:
    cut = ranked.masked_fill(ranked < least.unsqueeze(-1), -torch.inf)
    before = (cut / temperature).softmax(-1).cumsum(-1)
    # A token belongs to the nucleus iff the mass before it is still short of top_p.
    last = (before < top_p).sum(-1, keepdim=True).clamp_(max=ranked.shape[-1] - 1)
    return ranked.gather(-1, last).squeeze(-1)
