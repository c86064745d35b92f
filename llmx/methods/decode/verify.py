"""The target's half of a round: which drafted tokens stand, and the token that follows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from llmx.core.philox import Purpose
from llmx.methods.decode import accept
from llmx.methods.decode.accept import Doubles, Flags, Floats, Ints
from llmx.methods.decode.block_model import BlockModel, CompareJob, reads
from llmx.methods.decode.block_rule import block_rule, left_over
from llmx.methods.decode.dial import Dial
from llmx.methods.decode.draw import lead
from llmx.methods.decode.fuzzy import Closeness, closeness, fuzzy_rule, limits
from llmx.methods.decode.lane import Lane, on_host, tokens_on_host
from llmx.methods.decode.options import DecodeOptions
from llmx.methods.decode.penalty import penalise
from llmx.methods.decode.propose import Proposal
from llmx.methods.decode.rows import Rows

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Verdict:
    """The target's view of a drafted block of K tokens.

    Attributes:
        logits: raw logits of the target, float32 (B, K+1, V).
        scores: those that tokens are drawn from, penalties included.
        probs: p, warped, (B, K+1, V); None where the rule needs p at one position only.
        accept: (B, K), the rule at each drafted token, taken alone.
        margin: float32 (B, K), distance of the nearest comparison from turning over.
        divergence: float32 (B, K); None where the rule does not use it.
        charge: float64 (B, K), what each token costs the answer's budget; None as above.
        weights: float32 (B, K+1), of the target in the residual after so many accepted tokens;
            None = 1.
    """

    logits: Tensor
    scores: Tensor
    probs: Tensor | None
    accept: Flags
    margin: Floats
    divergence: Floats | None = None
    charge: Doubles | None = None
    weights: Floats | None = None


def verify(
    lane: Lane,
    rows: Rows,
    proposal: Proposal,
    options: DecodeOptions,
    valid: Ints | None = None,
) -> Verdict:
    """Run the target over the last token and the drafted block, and apply the accept rule.

    Args:
        proposal: on the target's device.
        valid: (B,), how many tokens count, where nothing behind a rejection will be looked at;
            None = every token is judged.
    """
    logits = lane.feed(_block(lane, rows, proposal.tokens), lane.put(rows.length - 1))
    scores = penalise(logits, rows, proposal.tokens, options)
    u = rows.draws(Purpose.ACCEPT, proposal.tokens.shape[1])
    if lane.blocks is not None and reads(options):
        return _read(lane.blocks, logits, proposal, u, rows.dial, options, valid)
    return judge(logits, scores, proposal, u, rows.dial, options, valid)


def _block(lane: Lane, rows: Rows, drafted: Any) -> Any:
    """Return the last token of each row and what was drafted behind it, (B, K+1)."""
    last = rows.tokens[rows.index, rows.length - 1][:, None]
    if lane.host is not None:
        return np.concatenate((last, drafted), 1)
    import torch

    return torch.cat((lane.put(last), drafted), 1)


def judge(
    logits: Tensor,
    scores: Tensor,
    proposal: Proposal,
    u: Floats,
    dial: Dial,
    options: DecodeOptions,
    valid: Ints | None = None,
) -> Verdict:
    """Apply the accept rule to every drafted token.

    Args:
        logits: of the target, float32 (B, K+1, V), raw.
        scores: the same with penalties.
        u: float32 (B, K), in [0, 1).
        valid: see :func:`verify`.
    """
    import torch

    if options.algorithm == "random":
        flags = accept.random(u, options.threshold)
        return Verdict(logits, scores, None, flags, np.abs(u - options.threshold))
    if options.algorithm == "ensemble" and options.temperature == 0:
        scores = _mixed(scores, proposal, options.ensemble_weight, valid)
    probs = _warped(scores, options)
    if options.joint:
        assert probs is not None
        p, left = left_over(probs[:, :-1], proposal.probs, proposal.tokens)
        read = on_host(torch.stack((p, proposal.q_of_tokens(), left)))
        return _jointly(logits, scores, probs, (read[0], read[1], read[2]), u, valid)
    own = _own_test(scores, probs, proposal, u, options)
    if options.algorithm != "fuzzy":
        assert own is not None
        return Verdict(logits, scores, probs, *own)
    close = closeness(logits[:, :-1], None if probs is None else probs[:, :-1], proposal, options)
    # Only the ratio's residual needs p at the place of a rejection that is not known yet.
    kept = probs if options.tests_ratio else None
    tokens = tokens_on_host(proposal.tokens)
    return _fuzzy(logits, scores, kept, close, own, tokens, dial, options)


def _read(
    model: BlockModel,
    logits: Tensor,
    proposal: Proposal,
    u: Floats,
    dial: Dial,
    options: DecodeOptions,
    valid: Ints | None,
) -> Verdict:
    """Apply the accept rule to the numbers that a block model reads; see :func:`judge`."""
    if options.algorithm == "random":
        return judge(logits, logits, proposal, u, dial, options)
    tokens = tokens_on_host(proposal.tokens)
    # What an answer may still spend depends on all tokens of the block.
    whole = options.algorithm == "ensemble" or options.looks_ahead or options.budget < np.inf
    stop = valid is not None and not whole
    counted = np.full(len(tokens), tokens.shape[1]) if valid is None else valid
    asked = limits(tokens, dial, options)
    job = CompareJob(logits, proposal.logits, tokens, counted, u, asked, options, stop)
    found = model.compare(job)
    if options.joint:
        return _jointly(logits, logits, None, (found.p, found.q, found.aside[0]), u, valid)
    own = None
    if options.tests_first:
        own = found.best == tokens, found.lead
    elif options.tests_ratio:
        own = _ratio_test(found.p, found.q, u, options)
    if options.algorithm != "fuzzy":
        assert own is not None
        return Verdict(logits, logits, None, *own)
    close = Closeness(found.divergence, found.chance if options.floor > 0 else None)
    return _fuzzy(logits, logits, None, close, own, tokens, dial, options)


def _jointly(
    logits: Tensor,
    scores: Tensor,
    probs: Tensor | None,
    read: tuple[Floats, Floats, Floats],
    u: Floats,
    valid: Ints | None,
) -> Verdict:
    """Decide a block as a whole, from (p, q, left) of each drafted token."""
    counted = np.full(len(u), u.shape[1]) if valid is None else valid
    rule = block_rule(*read, u, counted)
    return Verdict(logits, scores, probs, rule.accept, rule.margin, weights=rule.weights)


def _fuzzy(
    logits: Tensor,
    scores: Tensor,
    probs: Tensor | None,
    close: Closeness,
    own: tuple[Flags, Floats] | None,
    tokens: Ints,
    dial: Dial,
    options: DecodeOptions,
) -> Verdict:
    """Join the fuzzy rule and the test that stands beside it."""
    exempt = None if own is None else own[0]
    rule = fuzzy_rule(close, tokens, exempt, dial, options)
    flags, margin = rule.accept, rule.margin
    if own is not None:
        flags, margin = flags | own[0], np.minimum(margin, own[1])
    return Verdict(logits, scores, probs, flags, margin, close.divergence, rule.charge)


def _warped(scores: Tensor, options: DecodeOptions) -> Tensor | None:
    """Return p at every column where a rule reads it."""
    from llmx.methods.decode.warp import warp

    ratio = options.tests_ratio and options.temperature > 0
    if ratio or (options.algorithm == "fuzzy" and options.divergence_on == "warped"):
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


def _own_test(
    scores: Tensor, probs: Tensor | None, proposal: Proposal, u: Floats, options: DecodeOptions
) -> tuple[Flags, Floats] | None:
    """Return (accept, margin) of the test that stands beside the fuzzy rule; None without one."""
    import torch

    if options.tests_first:
        # Both distributions are one-hot: the test is "drafted token = arg-max".
        same = scores[:, :-1].argmax(-1) == proposal.tokens
        return on_host(same) > 0, on_host(lead(scores[:, :-1]))
    if not options.tests_ratio:
        return None
    assert probs is not None
    p = probs[:, :-1].gather(-1, proposal.tokens.unsqueeze(-1)).squeeze(-1)
    pair = on_host(torch.stack((p, proposal.q_of_tokens())))
    return _ratio_test(pair[0], pair[1], u, options)


def _ratio_test(p: Floats, q: Floats, u: Floats, options: DecodeOptions) -> tuple[Flags, Floats]:
    ratio = p / np.maximum(q, np.float32(1e-30))
    if options.algorithm != "ensemble":
        return accept.speculative(p, q, u), np.abs(u - ratio)
    weight = options.ensemble_weight
    return accept.ensemble(p, q, u, weight), np.abs(u - (1 - weight) - weight * ratio)


def settle(rows: Rows, verdict: Verdict, run: Ints, room: Ints) -> None:
    """Charge the accepted tokens to their answers, and move thresholds that hold a share.

    A draft that stopped at once had room, and its round counts: its token is the target's.

    Args:
        run: (B,), accepted tokens.
        room: (B,), tokens that might have been drafted.
    """
    if verdict.charge is None:
        return
    rows.dial.pay(verdict.charge, run)
    rows.dial.turn(run, np.where(room > 0, run + 1, 0))
