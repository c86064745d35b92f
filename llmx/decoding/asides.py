"""What the rivals' rules read of whole distributions, besides p and q of the drafted tokens."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from llmx.decoding.options import DecodeOptions

if TYPE_CHECKING:
    from torch import Tensor

    from llmx.decoding.propose import Proposal

TOP = 3
"""Tokens in FLy's entropy: the number that its authors' code and vLLM's use."""


def read_asides(
    logits: Tensor,
    scores: Tensor,
    probs: Tensor | None,
    proposal: Proposal,
    options: DecodeOptions,
) -> Tensor:
    """Return two numbers of every drafted token, float32 (2, B, K); zeros where there is one.

    ``typical``: entropy of p in nats. ``fly``: entropy of the target's three likeliest tokens, raw.
    ``cascade`` with ``opt``: max p - max q, raw, and the total variation of what tokens are drawn
    from; with ``token_v3``: p(c) over max p, raw, and the mass under q of the tokens deferred.

    Args:
        logits: of the target, raw, float32 (B, K, V).
        scores: the same with penalties.
        probs: p, warped, the same; None at temperature 0.
    """
    import torch

    if options.algorithm == "typical":
        one = torch.zeros_like(logits[..., 0]) if probs is None else entropy(probs)
        return torch.stack((one, torch.zeros_like(one)))
    if options.algorithm == "fly":
        one = top_entropy(logits)
        return torch.stack((one, torch.zeros_like(one)))
    if options.deferral == "opt":
        gap = logits.softmax(-1).amax(-1) - proposal.logits.softmax(-1).amax(-1)
        return torch.stack((gap, _apart(scores, probs, proposal)))
    chosen = logits.gather(-1, proposal.tokens.unsqueeze(-1)).squeeze(-1)
    return torch.stack(((chosen - logits.amax(-1)).exp(), _deferred(logits, proposal, options)))


def entropy(probs: Tensor) -> Tensor:
    """Return the entropy of distributions (..., V) in nats; a token of no mass adds nothing."""
    import torch

    total: Tensor = torch.special.xlogy(probs, probs).sum(-1)
    return -total


def top_entropy(logits: Tensor) -> Tensor:
    """Return ``-Σ p ln p`` over the likeliest tokens of raw logits (..., V), in nats."""
    import torch

    best = torch.log_softmax(logits, -1).topk(min(TOP, logits.shape[-1])).values
    return -(best.exp() * best.clamp(min=-1e5)).sum(-1)


def _apart(scores: Tensor, probs: Tensor | None, proposal: Proposal) -> Tensor:
    """Return the total variation of the distributions that tokens are drawn from, (B, K)."""
    chosen = proposal.tokens.unsqueeze(-1)
    if probs is None:
        return (scores.argmax(-1) != proposal.tokens).float()
    if proposal.probs is None:
        return 1 - probs.gather(-1, chosen).squeeze(-1)
    return (proposal.probs - probs).clamp_(min=0).sum(-1)


def deferred(logits: Tensor, options: DecodeOptions) -> Tensor:
    """Return (..., V): which tokens ``token_v3`` leaves to the target."""
    return logits < logits.amax(-1, keepdim=True) + slack(options)


def slack(options: DecodeOptions) -> float:
    """Return ln(1 - α): a token is kept if its logit is at most this below the largest one.

    Infinite, so that none is, for a rule without such a level.
    """
    if options.algorithm != "cascade" or options.deferral == "opt":
        return math.inf
    return math.log1p(-options.threshold) if options.threshold < 1 else -math.inf


def _deferred(logits: Tensor, proposal: Proposal, options: DecodeOptions) -> Tensor:
    left = deferred(logits, options).float()
    if proposal.probs is None:
        return left.gather(-1, proposal.tokens.unsqueeze(-1)).squeeze(-1)
    return (proposal.probs * left).sum(-1)
