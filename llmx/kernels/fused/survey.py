"""First pass over the logits: one read of both rows, a handful of sums for each chunk.

A chunk is TILE tokens. Each is reduced on its own, about its own maximum (a running normaliser
whose last step, the sum over chunks, is left to the reader), so the bits of a sum depend on TILE,
never on how the chunks were dealt out to programs.
"""

from __future__ import annotations

import triton
import triton.language as tl

from llmx.kernels.fused.load import (
    FLOOR,
    LN2,
    LOG2E,
    LOW,
    bounded,
    floored,
    kept,
    load_chunk,
    log_mass,
    soft,
)

# The planes of `stats`, each (pairs, chunks): maxima, masses at temperature 1 and at that of the
# draws, and the sums of both Kullback-Leibler divergences.
TOP_P = tl.constexpr(0)
TOP_Q = tl.constexpr(1)
RAW_P = tl.constexpr(2)
RAW_Q = tl.constexpr(3)
OWN_P = tl.constexpr(4)
OWN_Q = tl.constexpr(5)
KL_PART = tl.constexpr(6)
KL_REVERSED_PART = tl.constexpr(7)
PLANES = 8


@triton.jit
def survey(
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
    stats,
    best,
    rate,
    width,
    vocab,
    chunks,
    plane,
    RAW: tl.constexpr,
    OWN: tl.constexpr,
    OWN_DRAFT: tl.constexpr,
    TEMPERED: tl.constexpr,
    READS_Q: tl.constexpr,
    BEST: tl.constexpr,
    EDGED_P: tl.constexpr,
    EDGED_Q: tl.constexpr,
    KL: tl.constexpr,
    KL_REVERSED: tl.constexpr,
    TILE: tl.constexpr,
    SPAN: tl.constexpr,
):
    """Write the sums of SPAN chunks of one pair of rows; grid (pairs, chunks / SPAN)."""
    pair = tl.program_id(0)
    b, k = (pair // width).to(tl.int64), pair % width
    pair = pair.to(tl.int64)
    p_row = target + b * target_b + k * target_k
    q_row = draft + b * draft_b + k * draft_k
    start = tl.program_id(1) * SPAN
    for chunk in range(start, tl.minimum(start + SPAN, chunks)):
        out = stats + pair * chunks + chunk
        at, zp = load_chunk(p_row, target_v, chunk, vocab, TILE)
        if READS_Q:
            _at, zq = load_chunk(q_row, draft_v, chunk, vocab, TILE)
        zp, top_p = bounded(zp, tl.max(zp, 0))
        tl.store(out + TOP_P * plane, top_p)
        if BEST:
            first = tl.min(tl.where(zp == top_p, at, vocab), 0)
            tl.store(best + pair * chunks + chunk, first)
        if RAW or (OWN and not TEMPERED):
            ep = soft(zp, top_p, LOG2E)
            tl.store(out + RAW_P * plane, tl.sum(ep, 0))
        if OWN:
            if TEMPERED:
                own = soft(zp, top_p, rate)
                own = kept(own, zp, target_edge, pair + b, EDGED_P)
                tl.store(out + OWN_P * plane, tl.sum(own, 0))
            else:
                tl.store(out + OWN_P * plane, tl.sum(ep, 0))
        if READS_Q:
            zq, top_q = bounded(zq, tl.max(zq, 0))
            tl.store(out + TOP_Q * plane, top_q)
            if RAW or (OWN_DRAFT and not TEMPERED):
                eq = soft(zq, top_q, LOG2E)
                tl.store(out + RAW_Q * plane, tl.sum(eq, 0))
            if OWN_DRAFT:
                if TEMPERED:
                    own = soft(zq, top_q, rate)
                    own = kept(own, zq, draft_edge, pair, EDGED_Q)
                    tl.store(out + OWN_Q * plane, tl.sum(own, 0))
                else:
                    tl.store(out + OWN_Q * plane, tl.sum(eq, 0))
            if KL or KL_REVERSED:
                gap = under(zq, top_q) - under(zp, top_p)
                if KL:
                    tl.store(out + KL_PART * plane, tl.sum(eq * gap, 0))
                if KL_REVERSED:
                    tl.store(out + KL_REVERSED_PART * plane, -tl.sum(ep * gap, 0))


@triton.jit
def under(z, top):
    """Return ``z - top``, none below FLOOR; zero in a chunk that is masked whole.

    There the offset of the chunk's maximum from the row's is at the floor already.
    """
    return floored(z - top, tl.where(top <= LOW, 0.0, FLOOR))


@triton.jit
def kl_of(
    parts,
    tops_q,
    sums_q,
    top_q,
    mass_q,
    tops_p,
    top_p,
    mass_p,
):
    """Return ``Σ q ln(q/p)`` from chunks: each was summed about its own maxima.

    In chunk c, ``ln q = (z - m_c) + (m_c - M) - ln S``, and so for p; so its share is
    ``e^(m_c - M)/S · (part + sum · (offset of q - offset of p))``.
    """
    offset_q = floored(tops_q - top_q, FLOOR) - mass_q * LN2
    offset_p = floored(tops_p - top_p, FLOOR) - mass_p * LN2
    share = tl.exp2((tops_q - top_q) * LOG2E - mass_q)
    total = tl.sum(share * (parts + sums_q * (offset_q - offset_p)), 0)
    return tl.where(total < 0, 0.0, total)


@triton.jit
def mass_of_row(
    stats,
    pair,
    chunks,
    plane,
    TOP: tl.constexpr,
    SUM: tl.constexpr,
    rate,
    CHUNKS: tl.constexpr,
):
    """Return a row's maximum and base-2 log of the mass about it; both of each chunk."""
    c = tl.arange(0, CHUNKS)
    at = stats + pair * chunks + c
    tops = tl.load(at + TOP * plane, mask=c < chunks, other=LOW)
    sums = tl.load(at + SUM * plane, mask=c < chunks, other=0.0)
    top = tl.max(tops, 0)
    return top, log_mass(tops, sums, top, rate), tops, sums
