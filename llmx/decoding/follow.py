"""The token after the accepted ones: a replacement, a bonus, or one without a draft."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmx.core.philox import Purpose
from llmx.decoding.accept import Flags, Floats, Ints
from llmx.decoding.asides import deferred
from llmx.decoding.block_model import BlockModel, FollowJob, reads
from llmx.decoding.cached_model import Lane, on_host, tokens_on_host
from llmx.decoding.draw import FRAGILE, band, draw, is_split, lead, residual
from llmx.decoding.options import DecodeOptions
from llmx.decoding.propose import Proposal, at_column
from llmx.decoding.rows import Rows
from llmx.decoding.verification import Verification

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Final:
    """The last token of a round, int64 (B,), and whether it was nearly another, (B,)."""

    token: Ints
    fragile: Flags


def follow(
    lane: Lane,
    rows: Rows,
    proposal: Proposal,
    verdict: Verification,
    run: Ints,
    valid: Ints,
    options: DecodeOptions,
) -> Final:
    """Draw the token after the accepted ones: a replacement, or the bonus after a whole block.

    Under the speculative test a replacement comes from the residual, ``max(0, p - q)``, in which a
    block that was verified as a whole gives p the weight of what stands; otherwise, and for every
    bonus, from the target itself. A rejection by divergence says nothing about which token was
    drafted, so there is nothing to compensate (and the rejected token may come again).

    Args:
        run: (B,), accepted tokens.
        valid: (B,), tokens that counted.
    """
    drawn = rows.draws(Purpose.TARGET, verdict.logits.shape[1])[rows.index, run]
    if lane.blocks is not None and reads(options):
        job = FollowJob(verdict.logits, run, band(drawn), options.undrafted)
        if options.tests_ratio and (run < valid).any():
            tokens = tokens_on_host(proposal.tokens)
            job = replace(job, draft=proposal.logits, tokens=tokens, rejected=run < valid)
            if verdict.weights is not None:
                job = replace(job, weight=verdict.weights[rows.index, run])
        return _final(lane.blocks, job)
    row, column = lane.put(rows.index), lane.put(run)
    u = lane.put(band(drawn))
    if verdict.probs is None:
        return final_token(at_column(verdict.scores, row, column), u, options.undrafted)
    weights = at_column(verdict.probs, row, column)
    if (run < valid).any():
        rejected = lane.put((run < valid).astype(np.float32)).unsqueeze(1)
        q = proposal.q_at(row, column.clamp(max=proposal.tokens.shape[1] - 1))
        if options.algorithm == "cascade":
            q = q * deferred(at_column(verdict.logits, row, column), options)
        if verdict.weights is not None:
            # Of a bonus nothing is taken: there the share may be 0.
            share = np.where(run < valid, verdict.weights[rows.index, run], np.float32(1))
            weights = weights * lane.put(share).unsqueeze(1)
        weights = residual(weights, q * rejected)
    return _drawn(draw(weights, u))


def solo_token(lane: Lane, scores: Tensor, u: Floats, options: DecodeOptions) -> Final:
    """Take one token from scores (B, 1, V) and uniforms (B,)."""
    if lane.blocks is not None:
        column = np.zeros(len(u), dtype=np.int64)
        return _final(lane.blocks, FollowJob(scores, column, band(u), options))
    return final_token(scores[:, 0], lane.put(band(u)), options)


def _final(model: BlockModel, job: FollowJob) -> Final:
    found = model.follow(job)
    if job.options.temperature == 0:
        return Final(found.tokens[:, 0], found.lead < FRAGILE)
    return Final(found.tokens[:, 0], is_split(found.tokens))


def final_token(scores: Tensor, u: Tensor, options: DecodeOptions) -> Final:
    """Take the token of scores (B, V): from bands of uniforms (B, 3), or the arg-max."""
    from llmx.decoding.warp import warp

    if options.temperature == 0:
        return Final(tokens_on_host(scores.argmax(-1)), on_host(lead(scores)) < FRAGILE)
    return _drawn(draw(warp(scores, options.temperature, options.top_p, options.top_k), u))


def _drawn(bands: Tensor) -> Final:
    tokens = tokens_on_host(bands)
    return Final(tokens[:, 0], is_split(tokens))
