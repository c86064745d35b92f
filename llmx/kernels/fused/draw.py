"""The token after the accepted ones: rate CDF in two steps, a chunk and then a token in it."""

from __future__ import annotations

import triton
import triton.language as tl

from llmx.kernels.fused.accept import PURPOSES, chunks_of, first_best
from llmx.kernels.fused.load import LOW, bounded, kept, load_chunk, log_prob, soft
from llmx.kernels.fused.survey import OWN_P, OWN_Q, TOP_P, TOP_Q

# The planes of `masses`, each (rows, chunks): maxima and masses of p, masses of max(0, p - q).
TOP = tl.constexpr(0)
MASS = tl.constexpr(1)
LEFT = tl.constexpr(2)
MASSES = 3
TARGET = tl.constexpr(2)


@triton.jit
def weigh(
    target,
    draft,
    target_b,
    target_k,
    target_v,
    draft_b,
    draft_k,
    draft_v,
    target_edge,
    draft_edge,
    tokens,
    keys,
    position,
    valid,
    notes,
    accept,
    masses,
    best,
    rate,
    width,
    vocab,
    chunks,
    row_plane,
    pairs,
    GREEDY: tl.constexpr,
    RATIO: tl.constexpr,
    ONE_HOT: tl.constexpr,
    EDGED_P: tl.constexpr,
    EDGED_Q: tl.constexpr,
    WIDTH: tl.constexpr,
    TILE: tl.constexpr,
):
    """Write the masses of one chunk of the row to draw from; grid (rows, chunks)."""
    b, chunk = tl.program_id(0).to(tl.int64), tl.program_id(1)
    run, end = leading(accept, valid, b, width, WIDTH)
    row = target + b * target_b + run * target_k
    at, zp = load_chunk(row, target_v, chunk, vocab, TILE)
    out = masses + b * chunks + chunk
    zp, top = bounded(zp, tl.max(zp, 0))
    tl.store(out + TOP * row_plane, top)
    if GREEDY:
        tl.store(best + b * chunks + chunk, tl.min(tl.where(zp == top, at, vocab), 0))
    else:
        own = kept(soft(zp, top, rate), zp, target_edge, b * (width + 1) + run, EDGED_P)
        tl.store(out + MASS * row_plane, tl.sum(own, 0))
    if RATIO:
        rejected = run < end
        left = residual(
            zp,
            at,
            rejected,
            draft + b * draft_b + run * draft_k,
            draft_v,
            target_edge,
            draft_edge,
            tokens,
            notes,
            b,
            run,
            width,
            vocab,
            chunk,
            pairs,
            rate,
            ONE_HOT,
            EDGED_P,
            EDGED_Q,
            TILE,
        )
        tl.store(out + LEFT * row_plane, tl.sum(left, 0))


@triton.jit
def pick(
    target,
    draft,
    target_b,
    target_k,
    target_v,
    draft_b,
    draft_k,
    draft_v,
    target_edge,
    draft_edge,
    tokens,
    keys,
    position,
    valid,
    notes,
    accept,
    masses,
    best,
    rate,
    width,
    vocab,
    chunks,
    row_plane,
    pairs,
    length,
    token,
    GREEDY: tl.constexpr,
    RATIO: tl.constexpr,
    ONE_HOT: tl.constexpr,
    EDGED_P: tl.constexpr,
    EDGED_Q: tl.constexpr,
    WIDTH: tl.constexpr,
    TILE: tl.constexpr,
    CHUNKS: tl.constexpr,
):
    """Draw one token and write the accepted length; grid (rows,)."""
    b = tl.program_id(0).to(tl.int64)
    run, end = leading(accept, valid, b, width, WIDTH)
    tl.store(length + b, run.to(tl.int64))
    if GREEDY:
        drawn = first_best(masses, best, b, chunks, TOP * row_plane, vocab, CHUNKS)
    else:
        c = tl.arange(0, CHUNKS)
        tops = tl.load(masses + TOP * row_plane + b * chunks + c, mask=c < chunks, other=LOW)
        top = tl.max(tops, 0)
        share = chunks_of(masses, MASS, b, chunks, row_plane, CHUNKS)
        share = share * tl.exp2((tops - top) * rate)
        if RATIO:
            left = chunks_of(masses, LEFT, b, chunks, row_plane, CHUNKS)
            # Where rounding leaves nothing, p itself; the same where nothing was rejected.
            from_left = (run < end) & (tl.sum(left, 0) > 0)
            share = tl.where(from_left, left, share)
        counter = ((tl.load(position + b) + run) * PURPOSES + TARGET).to(tl.int32)
        share = share.to(tl.float64)
        goal = tl.rand(tl.load(keys + b), counter).to(tl.float64) * tl.sum(share, 0)
        chunk = first_past(share, tl.cumsum(share, 0), goal, c, chunks)
        goal -= tl.sum(tl.where(c < chunk, share, 0.0), 0)
        row = target + b * target_b + run * target_k
        at, zp = load_chunk(row, target_v, chunk, vocab, TILE)
        zp, _top = bounded(zp, top)
        weights = kept(soft(zp, top, rate), zp, target_edge, b * (width + 1) + run, EDGED_P)
        if RATIO:
            left = residual(
                zp,
                at,
                from_left,
                draft + b * draft_b + run * draft_k,
                draft_v,
                target_edge,
                draft_edge,
                tokens,
                notes,
                b,
                run,
                width,
                vocab,
                chunk,
                pairs,
                rate,
                ONE_HOT,
                EDGED_P,
                EDGED_Q,
                TILE,
            )
            weights = tl.where(from_left, left, weights)
        drawn = first_past(weights, tl.cumsum(weights, 0), goal.to(tl.float32), at, vocab)
    tl.store(token + b, drawn.to(tl.int64))


@triton.jit
def leading(accept, valid, b, width, WIDTH: tl.constexpr):
    """Return (accepted tokens before the first rejection, tokens that count)."""
    k = tl.arange(0, WIDTH)
    stands = tl.load(accept + b * width + k, mask=k < width, other=0)
    first = tl.min(tl.where(stands == 0, k, WIDTH), 0)
    end = tl.maximum(tl.minimum(tl.load(valid + b), width), 0)
    return tl.minimum(first, end), end


@triton.jit
def residual(
    zp,
    at,
    wanted,
    q_row,
    q_step,
    target_edge,
    draft_edge,
    tokens,
    notes,
    b,
    run,
    width,
    vocab,
    chunk,
    pairs,
    rate,
    ONE_HOT: tl.constexpr,
    EDGED_P: tl.constexpr,
    EDGED_Q: tl.constexpr,
    TILE: tl.constexpr,
):
    """Return ``max(0, p - q)`` over a chunk (Leviathan et al., section 2.3); zero if not wanted.

    The notes hold what a column without a pair (the bonus) lacks, so all reads ask for `wanted`.
    """
    pair = b * width + run
    note = notes + pair
    top_p = tl.load(note + TOP_P * pairs, mask=wanted, other=0.0)
    own_p = tl.load(note + OWN_P * pairs, mask=wanted, other=0.0)
    p = tl.exp2(log_prob(zp, top_p, own_p, rate))
    p = kept(p, zp, target_edge, b * (width + 1) + run, EDGED_P)
    if ONE_HOT:
        left = tl.where(at == tl.load(tokens + pair, mask=wanted, other=-1), 0.0, p)
    else:
        _at, zq = load_chunk(q_row, q_step, chunk, tl.where(wanted, vocab, 0), TILE)
        top_q = tl.load(note + TOP_Q * pairs, mask=wanted, other=0.0)
        own_q = tl.load(note + OWN_Q * pairs, mask=wanted, other=0.0)
        zq, _top = bounded(zq, top_q)
        # No product stands beside the difference below: contracted, equal p and q would differ.
        q = tl.exp2(log_prob(zq, top_q, own_q, rate))
        q = kept(q, zq, draft_edge, tl.where(wanted, pair, 0), EDGED_Q)
        left = tl.where(p > q, p - q, 0.0)
    return tl.where(wanted, left, 0.0)


@triton.jit
def first_past(weights, sums, goal, at, size):
    """Return the first place of positive weight whose cumulative weight exceeds the goal.

    Rounding may leave none: then the last of positive weight, and after a NaN the last of all.
    Sums of a parallel scan need not rise, so a place of weight zero has to be ruled out.
    """
    first = tl.min(tl.where((weights > 0) & (sums > goal), at, size), 0)
    last = tl.max(tl.where(weights > 0, at, -1), 0)
    found = tl.where(first < size, first, last)
    return tl.where(found < 0, size - 1, found)
