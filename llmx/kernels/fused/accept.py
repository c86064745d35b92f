"""From the sums of a pair of rows to its divergences and the accept decision."""

from __future__ import annotations

import triton
import triton.language as tl

from llmx.kernels.fused.compare import AG_PART, FLOOR_2, JS_PART, TV_PART
from llmx.kernels.fused.load import BIG, LOG2E, floored, kept, log_prob
from llmx.kernels.fused.survey import (
    KL_PART,
    KL_REVERSED_PART,
    OWN_P,
    OWN_Q,
    RAW_P,
    RAW_Q,
    TOP_P,
    TOP_Q,
    kl_of,
    mass_of_row,
)

# The planes of `notes`, each (pairs,): those of the survey's first six (masses as logs), p and q
# of the drafted token, then the divergences in the order of block.DIVERGENCES.
CHANCE_P = tl.constexpr(6)
CHANCE_Q = tl.constexpr(7)
FIRST_DIVERGENCE = tl.constexpr(8)
NOTES = 14
# Philox's counters (llmx.core.philox): four purposes a position, of which the second accepts.
PURPOSES = tl.constexpr(4)
ACCEPT = tl.constexpr(1)


@triton.jit
def decide(
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
    threshold,
    threshold_b,
    threshold_k,
    stats,
    parts,
    best,
    notes,
    accept,
    rate,
    width,
    vocab,
    chunks,
    plane,
    pairs,
    RAW: tl.constexpr,
    RATIO: tl.constexpr,
    KEEPS_BEST: tl.constexpr,
    ONE_HOT: tl.constexpr,
    DECIDES: tl.constexpr,
    EDGED_P: tl.constexpr,
    EDGED_Q: tl.constexpr,
    JS: tl.constexpr,
    AG: tl.constexpr,
    TV: tl.constexpr,
    KL: tl.constexpr,
    KL_REVERSED: tl.constexpr,
    TOKEN: tl.constexpr,
    CHUNKS: tl.constexpr,
):
    """Decide one drafted token; grid (pairs,). DECIDES is the divergence's place, -1 = none."""
    pair = tl.program_id(0)
    b, k = (pair // width).to(tl.int64), pair % width
    pair = pair.to(tl.int64)
    token = tl.load(tokens + pair)
    zp = one_logit(target + b * target_b + k * target_k + token * target_v)
    zq = one_logit(draft + b * draft_b + k * draft_k + token * draft_v)
    note = notes + pair
    if RAW:
        top_p, mass_p, tops_p, sums_p = mass_of_row(
            stats, pair, chunks, plane, TOP_P, RAW_P, LOG2E, CHUNKS
        )
        top_q, mass_q, tops_q, sums_q = mass_of_row(
            stats, pair, chunks, plane, TOP_Q, RAW_Q, LOG2E, CHUNKS
        )
        tl.store(note + TOP_P * pairs, top_p)
        tl.store(note + TOP_Q * pairs, top_q)
        tl.store(note + RAW_P * pairs, mass_p)
        tl.store(note + RAW_Q * pairs, mass_q)
    found = note + FIRST_DIVERGENCE * pairs
    if JS:
        js = whole(parts, JS_PART, pair, chunks, plane, CHUNKS)
        tl.store(found, js)
        if DECIDES == 0:
            decisive = js
    if AG:
        ag = whole(parts, AG_PART, pair, chunks, plane, CHUNKS)
        tl.store(found + pairs, ag)
        if DECIDES == 1:
            decisive = ag
    if TV:
        tv = whole(parts, TV_PART, pair, chunks, plane, CHUNKS)
        tl.store(found + 2 * pairs, tv)
        if DECIDES == 2:
            decisive = tv
    if KL:
        part = chunks_of(stats, KL_PART, pair, chunks, plane, CHUNKS)
        kl = kl_of(part, tops_q, sums_q, top_q, mass_q, tops_p, top_p, mass_p)
        tl.store(found + 3 * pairs, kl)
        if DECIDES == 3:
            decisive = kl
    if KL_REVERSED:
        part = chunks_of(stats, KL_REVERSED_PART, pair, chunks, plane, CHUNKS)
        reversed = kl_of(part, tops_p, sums_p, top_p, mass_p, tops_q, top_q, mass_q)
        tl.store(found + 4 * pairs, reversed)
        if DECIDES == 4:
            decisive = reversed
    if TOKEN:
        lp = floored(log_prob(zp, top_p, mass_p, LOG2E), FLOOR_2)
        lq = floored(log_prob(zq, top_q, mass_q, LOG2E), FLOOR_2)
        apart = tl.exp2(lp) - tl.exp2(lq)
        tl.store(found + 5 * pairs, tl.abs(apart))
        if DECIDES == 5:
            decisive = tl.abs(apart)
    stands = token < 0
    if DECIDES >= 0:
        stands = decisive <= tl.load(threshold + b * threshold_b + k * threshold_k)
    if RATIO:
        top_p, own_p, _t, _s = mass_of_row(stats, pair, chunks, plane, TOP_P, OWN_P, rate, CHUNKS)
        p = kept(tl.exp2(log_prob(zp, top_p, own_p, rate)), zp, target_edge, pair + b, EDGED_P)
        tl.store(note + TOP_P * pairs, top_p)
        tl.store(note + OWN_P * pairs, own_p)
        tl.store(note + CHANCE_P * pairs, p)
        q = 1.0
        if not ONE_HOT:
            top_q, own_q, _t, _s = mass_of_row(
                stats, pair, chunks, plane, TOP_Q, OWN_Q, rate, CHUNKS
            )
            q = kept(tl.exp2(log_prob(zq, top_q, own_q, rate)), zq, draft_edge, pair, EDGED_Q)
            tl.store(note + TOP_Q * pairs, top_q)
            tl.store(note + OWN_Q * pairs, own_q)
        tl.store(note + CHANCE_Q * pairs, q)
        first = tl.load(position + b)
        counter = ((first + k) * PURPOSES + ACCEPT).to(tl.int32)
        # Strict and without a quotient, as accept.speculative.
        stands = stands | (tl.rand(tl.load(keys + b), counter) * q < p)
    if KEEPS_BEST:
        stands = stands | (
            token == first_best(stats, best, pair, chunks, TOP_P * plane, vocab, CHUNKS)
        )
    tl.store(accept + pair, stands.to(tl.int8))


@triton.jit
def one_logit(at):
    """Return one logit, as float32 and at most BIG."""
    z = tl.load(at).to(tl.float32)
    return tl.where(z > BIG, BIG, z)


@triton.jit
def chunks_of(base, WHICH: tl.constexpr, row, chunks, plane, CHUNKS: tl.constexpr):
    """Return one number of every chunk of a row, zero past the last."""
    at = tl.arange(0, CHUNKS)
    return tl.load(base + WHICH * plane + row * chunks + at, mask=at < chunks, other=0.0)


@triton.jit
def whole(base, WHICH: tl.constexpr, row, chunks, plane, CHUNKS: tl.constexpr):
    """Return the sum over a row's chunks, not negative."""
    total = tl.sum(chunks_of(base, WHICH, row, chunks, plane, CHUNKS), 0)
    return tl.where(total < 0, 0.0, total)


@triton.jit
def first_best(tops, best, row, chunks, skip, vocab, CHUNKS: tl.constexpr):
    """Return the first token with a row's largest logit, from the first of every chunk."""
    at = tl.arange(0, CHUNKS)
    heads = tl.load(tops + skip + row * chunks + at, mask=at < chunks, other=float("-inf"))
    firsts = tl.load(best + row * chunks + at, mask=at < chunks, other=0)
    first = tl.min(tl.where(heads == tl.max(heads, 0), firsts, vocab), 0)
    return tl.minimum(first, vocab - 1)
