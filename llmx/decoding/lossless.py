"""The tests that keep the target's law: of the ratio, and of the arg-max."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmx.decoding import accept
from llmx.decoding.accept import Flags, Floats
from llmx.decoding.cached_model import on_host
from llmx.decoding.draw import lead
from llmx.decoding.options import DecodeOptions
from llmx.decoding.propose import Proposal

if TYPE_CHECKING:
    from torch import Tensor


def own_test(
    scores: Tensor, probs: Tensor | None, proposal: Proposal, u: Floats, options: DecodeOptions
) -> tuple[Flags, Floats] | None:
    """Return (accept, margin) of the test that stands beside a stateful rule; None without."""
    import torch

    if options.tests_first:
        return first_test(scores, proposal)
    if not options.tests_ratio:
        return None
    assert probs is not None
    p = probs[:, :-1].gather(-1, proposal.tokens.unsqueeze(-1)).squeeze(-1)
    pair = on_host(torch.stack((p, proposal.q_of_tokens())))
    return ratio_test(pair[0], pair[1], u, options)


def ratio_test(p: Floats, q: Floats, u: Floats, options: DecodeOptions) -> tuple[Flags, Floats]:
    """Return (accept, margin) of the speculative test, or of its test against a mixture."""
    ratio = p / np.maximum(q, np.float32(1e-30))
    if options.algorithm != "ensemble":
        return accept.speculative(p, q, u), np.abs(u - ratio)
    weight = options.ensemble_weight
    return accept.ensemble(p, q, u, weight), np.abs(u - (1 - weight) - weight * ratio)


def first_test(scores: Tensor, proposal: Proposal) -> tuple[Flags, Floats]:
    """Both distributions are one-hot: the test is "drafted token = arg-max"."""
    same = scores[:, :-1].argmax(-1) == proposal.tokens
    return on_host(same) > 0, on_host(lead(scores[:, :-1]))
