"""The target's half of a round: which drafted tokens stand, and the token that follows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llmx.core.philox import Purpose
from llmx.decoding import accept
from llmx.decoding.accept import Flags, Floats, Ints
from llmx.decoding.accept_rule import accept_brought
from llmx.decoding.block_model import BlockModel, CompareJob, reads
from llmx.decoding.cached_model import CachedModel, tokens_on_host
from llmx.decoding.lossless import own_test, ratio_test
from llmx.decoding.options import DecodeOptions
from llmx.decoding.propose import Proposal
from llmx.decoding.rivals import accept_read, accept_rival
from llmx.decoding.rows import Rows, penalise
from llmx.decoding.stateful_rule import Closeness, StatefulRule, ThresholdState
from llmx.decoding.verification import Verification

if TYPE_CHECKING:
    from torch import Tensor


def verify(
    lane: CachedModel,
    rows: Rows,
    proposal: Proposal,
    options: DecodeOptions,
    valid: Ints | None = None,
) -> Verification:
    """Run the target over the last token and the drafted block, and apply the accept rule.

    Args:
        proposal: on the target's device.
        valid: (B,), how many tokens count, where nothing behind a rejection will be looked at;
            None = the rule is applied to every token.
    """
    logits = lane.feed(_block(lane, rows, proposal.tokens), lane.put(rows.length - 1))
    scores = penalise(logits, rows, proposal.tokens, options)
    u = rows.draws(Purpose.ACCEPT, proposal.tokens.shape[1])
    if lane.blocks is not None and reads(options):
        return _read(lane.blocks, logits, proposal, u, rows.state, options, valid)
    return apply_rule(logits, scores, proposal, u, rows.state, options, valid)


def _block(lane: CachedModel, rows: Rows, drafted: Any) -> Any:
    """Return the last token of each row and what was drafted behind it, (B, K+1)."""
    last = rows.tokens[rows.index, rows.length - 1][:, None]
    if lane.host is not None:
        return np.concatenate((last, drafted), 1)
    import torch

    return torch.cat((lane.put(last), drafted), 1)


def apply_rule(
    logits: Tensor,
    scores: Tensor,
    proposal: Proposal,
    u: Floats,
    state: ThresholdState,
    options: DecodeOptions,
    valid: Ints | None = None,
) -> Verification:
    """Apply the accept rule to every drafted token.

    Args:
        logits: of the target, float32 (B, K+1, V), raw.
        scores: the same with penalties.
        u: float32 (B, K), in [0, 1).
        valid: see :func:`verify`.
    """
    if options.algorithm == "random":
        flags = accept.random(u, options.threshold)
        return Verification(logits, scores, None, flags, np.abs(u - options.threshold))
    if options.brought:
        return accept_brought(logits, scores, proposal, u, options)
    if options.algorithm == "ensemble" and options.temperature == 0:
        scores = _mixed(scores, proposal, options.ensemble_weight, valid)
    probs = _warped(scores, options)
    if options.joint or options.rival:
        return accept_rival(logits, scores, probs, proposal, u, options, valid)
    own = own_test(scores, probs, proposal, u, options)
    rule = options.stateful
    if rule is None:
        assert own is not None
        return Verification(logits, scores, probs, *own)
    inside = None if probs is None else probs[:, :-1]
    close = rule.compare(logits[:, :-1], inside, proposal, options)
    # Only the ratio's residual needs p at the place of a rejection that is not known yet.
    kept = probs if options.tests_ratio else None
    tokens = tokens_on_host(proposal.tokens)
    return _joined(rule, logits, scores, kept, close, own, tokens, state, options)


def _read(
    model: BlockModel,
    logits: Tensor,
    proposal: Proposal,
    u: Floats,
    state: ThresholdState,
    options: DecodeOptions,
    valid: Ints | None,
) -> Verification:
    """Apply the accept rule to the numbers that a block model reads; see :func:`apply_rule`."""
    if options.algorithm == "random":
        return apply_rule(logits, logits, proposal, u, state, options)
    tokens = tokens_on_host(proposal.tokens)
    # What an answer may still spend depends on all tokens of the block.
    whole = options.algorithm == "ensemble" or options.looks_ahead or options.budget < np.inf
    stop = valid is not None and not whole
    counted = np.full(len(tokens), tokens.shape[1]) if valid is None else valid
    rule = options.stateful
    asked = state.threshold[:, None] if rule is None else rule.limits(tokens, state, options)
    job = CompareJob(logits, proposal.logits, tokens, counted, u, asked, options, stop)
    found = model.compare(job)
    if options.joint or options.rival:
        return accept_read(logits, found, tokens, u, options, valid)
    own = None
    if options.tests_first:
        own = found.best == tokens, found.lead
    elif options.tests_ratio:
        own = ratio_test(found.p, found.q, u, options)
    if rule is None:
        assert own is not None
        return Verification(logits, logits, None, *own)
    close = rule.read(found, options)
    return _joined(rule, logits, logits, None, close, own, tokens, state, options)


def _joined(
    rule: StatefulRule,
    logits: Tensor,
    scores: Tensor,
    probs: Tensor | None,
    close: Closeness,
    own: tuple[Flags, Floats] | None,
    tokens: Ints,
    state: ThresholdState,
    options: DecodeOptions,
) -> Verification:
    """Join a rule with a memory and the lossless test that stands beside it."""
    exempt = None if own is None else own[0]
    found = rule.decide(close, tokens, exempt, state, options)
    flags, margin = found.accept, found.margin
    if own is not None:
        flags, margin = flags | own[0], np.minimum(margin, own[1])
    return Verification(logits, scores, probs, flags, margin, close.divergence, found.charge)


def _warped(scores: Tensor, options: DecodeOptions) -> Tensor | None:
    """Return p at every column where a rule reads it."""
    from llmx.decoding.warp import warp

    soft = (options.tests_ratio or options.rival) and options.temperature > 0
    rule = options.stateful
    if soft or (rule is not None and rule.reads_warped(options)):
        return warp(scores, options.temperature, options.top_p, options.top_k)
    return None


def _mixed(scores: Tensor, proposal: Proposal, weight: float, valid: Ints | None) -> Tensor:
    """Return scores whose arg-max is the mixture's at every drafted column, as transformers has it.

    The bonus stays the target's, wherever it comes: behind the last token that counts in its row.
    """
    import torch

    p, q = scores[:, :-1].softmax(-1), proposal.scores.softmax(-1)
    mixed = torch.cat(((weight * p + (1 - weight) * q).log(), scores[:, -1:]), 1)
    if valid is None:
        return mixed
    counts = np.arange(scores.shape[1]) < valid[:, None]
    return torch.where(torch.from_numpy(counts).to(scores.device).unsqueeze(-1), mixed, scores)


def settle(rows: Rows, verdict: Verification, run: Ints, room: Ints) -> None:
    """Charge the accepted tokens to their answers, and move thresholds that hold a share.

    A draft that stopped at once had room, and its round counts: its token is the target's.

    Args:
        run: (B,), accepted tokens.
        room: (B,), tokens that might have been drafted.
    """
    if verdict.charge is None:
        return
    rows.state.pay(verdict.charge, run)
    rows.state.turn(run, np.where(room > 0, run + 1, 0))
