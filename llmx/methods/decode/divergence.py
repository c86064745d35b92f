"""How far the target's next-token distribution is from the draft's, in nats.

All work on raw logits (temperature 1, nothing cut off), in float32 and in log space: a product
``p ln p`` of an underflowed p would be NaN, and a NaN is never at most a threshold.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from llmx.core.errors import ConfigError, nearest

Rule = Callable[[Tensor, Tensor], Tensor]

# exp() of it is 0 in float32, while its products with 0 are 0 rather than NaN (masked tokens).
_FLOOR = -1e5
# Past this ratio one of the two probabilities is below 1e-34 and adds nothing.
_CAP = 80.0


def js(p: Tensor, q: Tensor) -> Tensor:
    """Jensen-Shannon: ``½ KL(p‖m) + ½ KL(q‖m)``, m = (p+q)/2; in [0, ln 2]."""
    ratio = (q - p).clamp_(max=_CAP)
    # ln(m/p), written so that equal distributions give exactly zero.
    rise = torch.log1p(0.5 * torch.expm1(ratio))
    return 0.5 * (q.exp() * (ratio - rise) - p.exp() * rise).sum(-1).clamp_(min=0)


def ag(p: Tensor, q: Tensor) -> Tensor:
    """Arithmetic-geometric: ``½ KL(m‖p) + ½ KL(m‖q)`` = (KL(p‖q) + KL(q‖p))/4 - JS; unbounded.

    What the authors' research code computes under the name of JS; thresholds published with that
    code belong to this one.
    """
    jeffreys = ((q.exp() - p.exp()) * (q - p)).sum(-1)
    return (0.25 * jeffreys - js(p, q)).clamp_(min=0)


def kl(p: Tensor, q: Tensor) -> Tensor:
    """KL(draft‖target) = ``Σ q ln(q/p)``; in [0, ∞)."""
    return (q.exp() * (q - p)).sum(-1).clamp_(min=0)


def kl_reversed(p: Tensor, q: Tensor) -> Tensor:
    """KL(target‖draft) = ``Σ p ln(p/q)``; in [0, ∞)."""
    return kl(q, p)


def tv(p: Tensor, q: Tensor) -> Tensor:
    """Total variation: ``½ Σ |p - q|``; in [0, 1]."""
    return 0.5 * (p.exp() - q.exp()).abs_().sum(-1)


RULES: dict[str, Rule] = {"js": js, "ag": ag, "kl": kl, "kl_reversed": kl_reversed, "tv": tv}


def divergence(name: str, target: Tensor, draft: Tensor) -> Tensor:
    """Return the named divergence of two rows of logits.

    Args:
        target: logits of the target, float (..., V).
        draft: logits of the draft, float (..., V).

    Returns:
        float32 (...), nats (a share of mass for ``tv``); NaN only where a logit is NaN.

    Raises:
        ConfigError: for an unknown name.
    """
    if name not in RULES:
        raise ConfigError(f"unknown divergence '{name}'", nearest(name, RULES))
    return RULES[name](_log_probs(target), _log_probs(draft))


def _log_probs(logits: Tensor) -> Tensor:
    return torch.log_softmax(logits.float(), -1).clamp_(min=_FLOOR)
