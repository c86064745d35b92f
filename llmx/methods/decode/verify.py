"""The target's half of a round: which drafted tokens stand, and the token that follows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from llmx.core.philox import Purpose
from llmx.methods.decode import accept
from llmx.methods.decode.accept import Flags, Floats, Ints
from llmx.methods.decode.divergence import divergence
from llmx.methods.decode.draw import FRAGILE, band, draw, is_split, lead, residual
from llmx.methods.decode.lane import Lane, on_host, tokens_on_host
from llmx.methods.decode.options import DecodeOptions
from llmx.methods.decode.propose import Proposal, at_column
from llmx.methods.decode.rows import Rows
from llmx.methods.decode.warp import warp


@dataclass(frozen=True)
class Verdict:
    """The target's view of a drafted block of K tokens.

    Attributes:
        logits: raw logits of the target, float32 (B, K+1, V).
        probs: p, warped, (B, K+1, V); None where the rule needs p at one position only.
        accept: (B, K), the rule at each drafted token, taken alone.
        margin: float32 (B, K), distance of the nearest comparison from turning over.
        divergence: float32 (B, K); None where the rule does not use it.
    """

    logits: Tensor
    probs: Tensor | None
    accept: Flags
    margin: Floats
    divergence: Floats | None


def verify(lane: Lane, rows: Rows, proposal: Proposal, options: DecodeOptions) -> Verdict:
    """Run the target over the last token and the drafted block, and apply the accept rule.

    Args:
        proposal: on the target's device.
    """
    last = lane.put(rows.tokens[rows.index, rows.length - 1])
    block = torch.cat((last.unsqueeze(1), proposal.tokens), 1)
    logits = lane.feed(block, lane.put(rows.length - 1))
    return judge(logits, proposal, rows.draws(Purpose.ACCEPT, proposal.tokens.shape[1]), options)


def judge(logits: Tensor, proposal: Proposal, u: Floats, options: DecodeOptions) -> Verdict:
    """Apply the accept rule to every drafted token.

    Args:
        logits: of the target, float32 (B, K+1, V).
        u: float32 (B, K), in [0, 1).
    """
    if options.algorithm == "random":
        flags = accept.random(u, options.threshold)
        return Verdict(logits, None, flags, np.abs(u - options.threshold), None)
    d = _divergence(logits, proposal, options) if options.algorithm == "fuzzy" else None
    if not options.tests_ratio:
        assert d is not None
        flags = accept.research(d, options.threshold)
        return Verdict(logits, None, flags, np.abs(d - options.threshold), d)
    return _ratio_verdict(logits, proposal, u, d, options)


def _divergence(logits: Tensor, proposal: Proposal, options: DecodeOptions) -> Floats:
    return on_host(divergence(options.divergence, logits[:, :-1], proposal.logits))


def _ratio_verdict(
    logits: Tensor, proposal: Proposal, u: Floats, d: Floats | None, options: DecodeOptions
) -> Verdict:
    p, q, probs = _chances(logits, proposal, options)
    if options.temperature == 0:
        margin = on_host(lead(logits[:, :-1]))
    else:
        margin = np.abs(u - p / np.maximum(q, np.float32(1e-30)))
    if d is None:
        return Verdict(logits, probs, accept.speculative(p, q, u), margin, None)
    flags = accept.fallback(d, options.threshold, p, q, u)
    return Verdict(logits, probs, flags, np.minimum(margin, np.abs(d - options.threshold)), d)


def _chances(
    logits: Tensor, proposal: Proposal, options: DecodeOptions
) -> tuple[Floats, Floats, Tensor | None]:
    """Return p and q of the drafted tokens, and p of all tokens where it had to be computed."""
    if options.temperature == 0:
        # Both are one-hot: the test is "drafted token = arg-max", no distribution is needed.
        same = logits[:, :-1].argmax(-1) == proposal.tokens
        return on_host(same), np.ones(same.shape, dtype=np.float32), None
    probs = warp(logits, options.temperature, options.top_p, options.top_k)
    p = probs[:, :-1].gather(-1, proposal.tokens.unsqueeze(-1)).squeeze(-1)
    pair = on_host(torch.stack((p, proposal.q_of_tokens())))
    return pair[0], pair[1], probs


@dataclass(frozen=True)
class Final:
    """The last token of a round, int64 (B,), and whether it was nearly another, (B,)."""

    token: Ints
    fragile: Flags


def follow(
    lane: Lane,
    rows: Rows,
    proposal: Proposal,
    verdict: Verdict,
    run: Ints,
    valid: Ints,
    options: DecodeOptions,
) -> Final:
    """Draw the token after the accepted ones: a replacement, or the bonus after a whole block.

    Under the speculative test a replacement comes from the residual; otherwise, and for every
    bonus, from the target itself. A rejection by divergence says nothing about which token was
    drafted, so there is nothing to compensate (and the rejected token may come again).

    Args:
        run: (B,), accepted tokens.
        valid: (B,), tokens that counted.
    """
    row, column = lane.put(rows.index), lane.put(run)
    drawn = rows.draws(Purpose.TARGET, verdict.logits.shape[1])[rows.index, run]
    u = lane.put(band(drawn))
    if verdict.probs is None:
        return final_token(at_column(verdict.logits, row, column), u, options)
    weights = at_column(verdict.probs, row, column)
    if (run < valid).any():
        rejected = lane.put((run < valid).astype(np.float32)).unsqueeze(1)
        q = proposal.q_at(row, column.clamp(max=proposal.tokens.shape[1] - 1))
        weights = residual(weights, q * rejected)
    return _drawn(draw(weights, u))


def final_token(logits: Tensor, u: Tensor, options: DecodeOptions) -> Final:
    """Take the token of logits (B, V): from bands of uniforms (B, 3), or the arg-max."""
    if options.temperature == 0:
        return Final(tokens_on_host(logits.argmax(-1)), on_host(lead(logits)) < FRAGILE)
    return _drawn(draw(warp(logits, options.temperature, options.top_p, options.top_k), u))


def _drawn(bands: Tensor) -> Final:
    tokens = tokens_on_host(bands)
    return Final(tokens[:, 0], is_split(tokens))
