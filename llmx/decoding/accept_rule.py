"""Accept rules by token that a package or a paper brings: ``accept.NAME``.

``sampler.algorithm`` chooses one. It looks at one drafted token and says whether it stands. A token
that is refused is drawn anew, from the target's own distribution. A rule that compares whole
distributions, or remembers what an answer was given, is a
:class:`~llmx.decoding.stateful_rule.StatefulRule`. The lossless rules and their rivals have
code of their own in the loop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmx.core.errors import ConfigError
from llmx.core.registry import lookup
from llmx.decoding.accept import Flags, Floats
from llmx.decoding.cached_model import on_host
from llmx.decoding.options import DecodeOptions
from llmx.decoding.propose import Proposal
from llmx.decoding.verification import Verification

if TYPE_CHECKING:
    from torch import Tensor

_NEAR = np.float32(1e-4)
"""How much a probability may be off by rounding; see `fragile` of a record."""


@dataclass(frozen=True)
class AcceptRule:
    """One rule.

    Attributes:
        accept: of (p, q, u, threshold), each but the last float32 (B, K): the probability of the
            drafted token under the target and under the draft, both as they are drawn from, and a
            uniform number in [0, 1). Returns which stand, elementwise. Of arg-maxes p is 1 or 0.
        version: to be raised whenever the rule changes; it is part of what a sample depends on.
    """

    accept: Callable[[Floats, Floats, Floats, float], Flags]
    version: int = 1


def brought_rule(name: str) -> AcceptRule:
    """Return the rule of an algorithm that llmx itself does not know.

    Raises:
        ConfigError: if there is none of that name, or what a plugin brings is no rule.
    """
    found = lookup("accept", name)
    if not isinstance(found, AcceptRule):
        hint = "write AcceptRule(accept=…), of llmx.decoding.accept_rule"
        text = f"accept rule '{name}' is {found!r}, no AcceptRule and no StatefulRule"
        raise ConfigError(text, hint)
    return found


def accept_brought(
    logits: Tensor, scores: Tensor, proposal: Proposal, u: Floats, options: DecodeOptions
) -> Verification:
    """Apply the rule to every drafted token; see :func:`~llmx.decoding.verify.apply_rule`."""
    rule = brought_rule(options.algorithm).accept
    p = on_host(_p_of_tokens(scores[:, :-1], proposal, options))
    q = on_host(proposal.q_of_tokens())
    flags = rule(p, q, u, options.threshold)
    # Where a little more or less of p or q would turn it over, rounding may.
    moved = [rule(p + up, q - up, u, options.threshold) for up in (_NEAR, -_NEAR)]
    turned = (moved[0] != flags) | (moved[1] != flags)
    margin = np.where(turned, np.float32(0), np.float32(1))
    return Verification(logits, scores, None, flags, margin)


def _p_of_tokens(scores: Tensor, proposal: Proposal, options: DecodeOptions) -> Tensor:
    from llmx.decoding.warp import warp

    probs = warp(scores, options.temperature, options.top_p, options.top_k)
    return probs.gather(-1, proposal.tokens.unsqueeze(-1)).squeeze(-1)
