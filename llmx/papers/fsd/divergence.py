"""How far the target's next-token distribution is from the draft's, in nats.

All work in float32 and in log space: a product ``p ln p`` of an underflowed p would be NaN, and a
NaN is never at most a threshold.
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
# What the authors' code adds to every warped probability before it takes logarithms.
_WARPED_FLOOR = 1e-10


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
NAMES = (*RULES, "draft_token")


def measure(
    name: str, p: Tensor, q: Tensor, tokens: Tensor | None = None, top_k: int = 0
) -> Tensor:
    """Return the named divergence of log-probabilities, as :func:`log_probs` makes them.

    Args:
        p: of the target, float32 (..., V).
        q: of the draft, float32 (..., V).
        tokens: int64 (...), the drafted tokens; for ``draft_token`` = ``|p(c) - q(c)|`` alone.
        top_k: look at the target's `top_k` most likely tokens and one bucket that holds the mass
            of all others (the authors' code: 50); 0 = at all tokens. A drafted token outside of
            them is compared by its bucket.

    Returns:
        float32 (...), nats (a share of mass for ``tv`` and ``draft_token``).

    Raises:
        ConfigError: for an unknown name.
    """
    if name not in NAMES:
        raise ConfigError(f"unknown divergence '{name}'", nearest(name, NAMES))
    if 0 < top_k < p.shape[-1] - 1:
        p, q, tokens = truncate(p, q, tokens, top_k)
    if name == "draft_token":
        assert tokens is not None
        chosen = tokens.unsqueeze(-1)
        return (p.gather(-1, chosen).exp() - q.gather(-1, chosen).exp()).abs_().squeeze(-1)
    return RULES[name](p, q)


def truncate(
    p: Tensor, q: Tensor, tokens: Tensor | None, top_k: int
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return both distributions over the target's top k tokens and a bucket for the rest.

    Returns:
        p and q, float32 (..., top_k + 1), the bucket last; and the places of `tokens` in them.
    """
    best = p.topk(top_k).indices
    short = tuple(torch.cat((lp.gather(-1, best), _rest(lp, best)), -1) for lp in (p, q))
    if tokens is None:
        return short[0], short[1], None
    same = best == tokens.unsqueeze(-1)
    place = torch.where(same.any(-1), same.int().argmax(-1), top_k)
    return short[0], short[1], place


def _rest(lp: Tensor, best: Tensor) -> Tensor:
    # Summed over the others, not 1 - the sum of the best: that would leave rounding noise alone.
    others = lp.scatter(-1, best, -torch.inf)
    return others.logsumexp(-1, keepdim=True).clamp_(min=_FLOOR)


def divergence(
    name: str, target: Tensor, draft: Tensor, tokens: Tensor | None = None, top_k: int = 0
) -> Tensor:
    """Return the named divergence of two rows of raw logits (temperature 1, nothing cut off).

    Args:
        target: logits of the target, float (..., V).
        draft: logits of the draft, float (..., V).
        tokens: see :func:`measure`, as for `top_k`.

    Returns:
        float32 (...), nats; NaN only where a logit is NaN.
    """
    return measure(name, log_probs(target), log_probs(draft), tokens, top_k)


def log_probs(logits: Tensor) -> Tensor:
    """Return float32 log-probabilities (..., V) of raw logits, none below -1e5."""
    return torch.log_softmax(logits.float(), -1).clamp_(min=_FLOOR)


def warped_log_probs(probs: Tensor) -> Tensor:
    """Return float32 log-probabilities (..., V) of a warped distribution.

    A cut-off token would be infinitely far from one that is not: as the authors' code does, 1e-10
    is added to every entry, and the sum brought back to one.
    """
    filled = probs.float() + _WARPED_FLOOR
    return filled.div_(filled.sum(-1, keepdim=True)).log_()
