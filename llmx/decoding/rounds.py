"""One round of decoding: a single token of one model, or a drafted block and its verification."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmx.core.philox import Purpose
from llmx.decoding.accept import Flags, Floats, Ints, leading, valid_lengths
from llmx.decoding.asides import deferred
from llmx.decoding.block_model import BlockModel, FollowJob, reads
from llmx.decoding.cached_model import CachedModel, on_host, tokens_on_host
from llmx.decoding.constraint import forbid
from llmx.decoding.draw import FRAGILE, band, draw, is_split, lead, residual
from llmx.decoding.logprobs import log_probabilities
from llmx.decoding.options import DecodeOptions
from llmx.decoding.propose import Proposal, at_column, propose
from llmx.decoding.rows import RoundTokens, Rows, penalise
from llmx.decoding.verification import Verification
from llmx.decoding.verify import settle, verify

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Final:
    """The last token of a round, int64 (B,), and whether it was nearly another, (B,)."""

    token: Ints
    fragile: Flags


def follow(
    lane: CachedModel,
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


def solo_token(lane: CachedModel, scores: Tensor, u: Floats, options: DecodeOptions) -> Final:
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


def solo_round(
    lane: CachedModel,
    rows: Rows,
    options: DecodeOptions,
    purpose: Purpose,
    allowed: Flags | None = None,
) -> RoundTokens:
    """Emit one token in every row, from one model alone.

    The draft alone counts no rounds of the target, and all it emits as drafted and accepted.

    Args:
        allowed: (B, V), the tokens that may come; None = all.
    """
    last = rows.tokens[rows.index, rows.length - 1][:, None]
    logits = lane.feed(lane.put(last), lane.put(rows.length - 1))
    scores = penalise(logits, rows, None, options)
    if allowed is not None:
        scores = forbid(scores, allowed)
    final = solo_token(lane, scores, rows.draws(purpose, 1)[:, 0], options)
    tokens = final.token[:, None]
    own = np.full(len(rows.index), int(purpose == Purpose.DRAFT))
    return RoundTokens(
        tokens=tokens,
        count=np.ones_like(own),
        fragile=final.fragile[:, None],
        drafted=own,
        accepted=own,
        rounds=int(purpose == Purpose.TARGET),
        logprobs=log_probabilities(logits, tokens) if options.logprobs else None,
    )


def block_round(
    target: CachedModel, draft: CachedModel, rows: Rows, options: DecodeOptions, ends: Flags
) -> RoundTokens:
    """Draft a block in every row, verify it with one target forward, emit what stands.

    Args:
        ends: (V,), whether a token is an EOS.
    """
    room = rows.room()
    if not room.any():
        return solo_round(target, rows, options.undrafted, Purpose.TARGET)
    # Shapes move the last bits of most models, and must not depend on a neighbour's room.
    exact = target.blocks is not None and draft.blocks is not None
    width = int(room.max()) if exact else options.gamma
    proposal = propose(draft, rows, options, width, room)
    if target.host is None:
        proposal = proposal.to(target.model.device)
    closing = ends[tokens_on_host(proposal.tokens)]
    valid = proposal.within(valid_lengths(closing, room))
    if exact:  # what no row can use is not verified, but where a draft stopped is looked at
        proposal = proposal.cut(max(1, int(valid.max()) + (proposal.stops is not None)))
    drafted = tokens_on_host(proposal.tokens)
    verdict = verify(target, rows, proposal, options, valid)
    run = leading(verdict.accept, valid)
    final = follow(target, rows, proposal, verdict, run, valid, options)
    settle(rows, verdict, run, room)
    tokens = _place(drafted, run, final.token)
    unsafe = _fragile(proposal, verdict, valid, options) | _unsure(proposal, valid, room, options)
    unsafe = _gathered(unsafe, run, options)
    unsafe[rows.index, run] |= final.fragile
    # An accepted EOS ends the output: no bonus follows it.
    over = (run == valid) & (run > 0) & closing[rows.index, run - 1]
    kept = log_probabilities(verdict.logits, tokens) if options.logprobs else None
    return RoundTokens(tokens, run + 1 - over, unsafe, valid, run, rounds=1, logprobs=kept)


def _place(drafted: Ints, run: Ints, final: Ints) -> Ints:
    """Return (B, K+1): the drafted tokens with `final` at column `run`."""
    tokens = np.concatenate((drafted, final[:, None]), 1)
    tokens[np.arange(len(run)), run] = final
    return tokens


def _fragile(
    proposal: Proposal, verdict: Verification, valid: Ints, options: DecodeOptions
) -> Flags:
    """Return (B, K+1): where a draft's draw or the accept rule was nearly another.

    Greedy speculative decoding emits the target's arg-max whatever was drafted: there the draft's
    own margin decides nothing. Nor does a drafted token that does not count: how many of those a
    row has is its neighbours' doing.
    """
    fragile: Flags = np.zeros((len(valid), verdict.margin.shape[1] + 1), dtype=np.bool_)
    fragile[:, :-1] = verdict.margin < FRAGILE
    if proposal.bands is not None:
        fragile[:, :-1] |= is_split(tokens_on_host(proposal.bands))
    elif options.draft_decides:
        fragile[:, :-1] |= proposal.lead < FRAGILE
    return fragile & (np.arange(fragile.shape[1]) < valid[:, None])


def _unsure(proposal: Proposal, valid: Ints, room: Ints, options: DecodeOptions) -> Flags:
    """Return (B, K+1): where the draft nearly stopped, or nearly went on."""
    fragile: Flags = np.zeros((len(valid), proposal.tokens.shape[1] + 1), dtype=np.bool_)
    if proposal.stops is not None and options.draft_decides:
        fragile[:, :-1] = proposal.stops.in_doubt(valid, room)
    return fragile


def _gathered(fragile: Flags, run: Ints, options: DecodeOptions) -> Flags:
    """Return the same where a rule looks back only; else a doubt behind the run is its end's."""
    if options.looks_ahead:
        behind = np.arange(fragile.shape[1]) >= run[:, None]
        fragile[np.arange(len(run)), run] |= (fragile & behind).any(1)
    return fragile
