"""Block verification and the lossy rules, over distributions or what is read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmx.decoding.accept import Floats, Ints
from llmx.decoding.asides import read_asides
from llmx.decoding.block_model import Numbers
from llmx.decoding.block_rule import block_rule, left_over
from llmx.decoding.cached_model import on_host
from llmx.decoding.lossless import first_test
from llmx.decoding.lossy_rules import Reading, lossy_rule
from llmx.decoding.options import DecodeOptions
from llmx.decoding.propose import Proposal
from llmx.decoding.verification import Verification

if TYPE_CHECKING:
    from torch import Tensor


def accept_rival(
    logits: Tensor,
    scores: Tensor,
    probs: Tensor | None,
    proposal: Proposal,
    u: Floats,
    options: DecodeOptions,
    valid: Ints | None,
) -> Verification:
    """Decide a block from whole distributions; see :func:`~llmx.decoding.verify.apply_rule`.

    Args:
        probs: p, warped, (B, K+1, V); None at temperature 0.
    """
    read = _reading(logits, scores, probs, proposal, options)
    return _decided(logits, scores, probs, read, u, valid, options)


def accept_read(
    logits: Tensor,
    found: Numbers,
    tokens: Ints,
    u: Floats,
    options: DecodeOptions,
    valid: Ints | None,
) -> Verification:
    """Decide a block from the numbers that a block model read of it."""
    own = (found.best == tokens, found.lead) if options.tests_first else None
    read = Reading(found.p, found.q, own, found.aside)
    return _decided(logits, logits, None, read, u, valid, options)


def _reading(
    logits: Tensor, scores: Tensor, probs: Tensor | None, proposal: Proposal, options: DecodeOptions
) -> Reading:
    import torch

    if probs is None:
        aside = on_host(read_asides(logits[:, :-1], scores[:, :-1], None, proposal, options))
        nothing = np.full(aside.shape[1:], np.nan, np.float32)
        return Reading(nothing, nothing, first_test(scores, proposal), aside)
    inside, tokens = probs[:, :-1], proposal.tokens
    if options.joint:
        left = left_over(inside, proposal.probs, tokens)
        asides = torch.stack((left, torch.zeros_like(left)))
    else:
        asides = read_asides(logits[:, :-1], scores[:, :-1], inside, proposal, options)
    p = inside.gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    numbers = on_host(torch.cat((torch.stack((p, proposal.q_of_tokens())), asides)))
    return Reading(numbers[0], numbers[1], None, numbers[2:])


def _decided(
    logits: Tensor,
    scores: Tensor,
    probs: Tensor | None,
    read: Reading,
    u: Floats,
    valid: Ints | None,
    options: DecodeOptions,
) -> Verification:
    counted = np.full(len(u), u.shape[1]) if valid is None else valid
    if options.joint:
        whole = block_rule(read.p, read.q, read.aside[0], u, counted)
        return Verification(
            logits, scores, probs, whole.accept, whole.margin, weights=whole.weights
        )
    rule = lossy_rule(read, u, counted, options)
    # Only a residual needs p at the place of a rejection that is not known yet.
    kept = probs if options.tests_ratio else None
    found = (rule.accept, rule.margin, rule.distance)
    return Verification(logits, scores, kept, *found, weights=rule.weights)
