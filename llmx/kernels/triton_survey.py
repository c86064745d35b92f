"""First pass over the logits: one read of both rows, a handful of sums for each chunk.

A chunk is TILE tokens. Each is reduced on its own, about its own maximum (a running normaliser
whose last step, the sum over chunks, is left to the reader), so the bits of a sum depend on TILE,
never on how the chunks were dealt out to programs.
"""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

from llmx.kernels.triton_load import FLOOR, kept, load_chunk, log_mass, soft

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
    target: Any,
    draft: Any,
    target_b: Any,
    target_k: Any,
    target_v: Any,
    draft_b: Any,
    draft_k: Any,
    draft_v: Any,
    target_edge: Any,
    draft_edge: Any,
    stats: Any,
    best: Any,
    inverse: Any,
    width: Any,
    vocab: Any,
    chunks: Any,
    plane: Any,
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
) -> None:
    """Write the sums of SPAN chunks of one pair of rows; grid (pairs, chunks / SPAN)."""
    pair = tl.program_id(0).to(tl.int64)
    b, k = pair // width, pair % width
    p_row = target + b * target_b + k * target_k
    q_row = draft + b * draft_b + k * draft_k
    for chunk in range(tl.program_id(1) * SPAN, tl.minimum(tl.program_id(1) * SPAN + SPAN, chunks)):
        out = stats + pair * chunks + chunk
        at, zp = load_chunk(p_row, target_v, chunk, vocab, TILE)
        top_p = tl.max(zp, 0)
        tl.store(out + TOP_P * plane, top_p)
        if BEST:
            first = tl.min(tl.where(zp == top_p, at, vocab), 0)
            tl.store(best + pair * chunks + chunk, first)
        if RAW or (OWN and not TEMPERED):
            ep = soft(zp, top_p, 1.0)
            tl.store(out + RAW_P * plane, tl.sum(ep, 0))
        if OWN:
            if TEMPERED:
                own = soft(zp, top_p, inverse)
                own = kept(own, zp, target_edge, b * (width + 1) + k, EDGED_P)
                tl.store(out + OWN_P * plane, tl.sum(own, 0))
            else:
                tl.store(out + OWN_P * plane, tl.sum(ep, 0))
        if READS_Q:
            _, zq = load_chunk(q_row, draft_v, chunk, vocab, TILE)
            top_q = tl.max(zq, 0)
            tl.store(out + TOP_Q * plane, top_q)
            if RAW or (OWN_DRAFT and not TEMPERED):
                eq = soft(zq, top_q, 1.0)
                tl.store(out + RAW_Q * plane, tl.sum(eq, 0))
            if OWN_DRAFT:
                if TEMPERED:
                    own = soft(zq, top_q, inverse)
                    own = kept(own, zq, draft_edge, pair, EDGED_Q)
                    tl.store(out + OWN_Q * plane, tl.sum(own, 0))
                else:
                    tl.store(out + OWN_Q * plane, tl.sum(eq, 0))
            if KL or KL_REVERSED:
                gap = below(zq, top_q) - below(zp, top_p)
                if KL:
                    tl.store(out + KL_PART * plane, tl.sum(eq * gap, 0))
                if KL_REVERSED:
                    tl.store(out + KL_REVERSED_PART * plane, -tl.sum(ep * gap, 0))


@triton.jit
def below(z: Any, top: Any) -> Any:
    """Return ``z - top``, at least FLOOR."""
    under = z - top
    return tl.where(under < FLOOR, FLOOR, under)


@triton.jit
def kl_of(
    parts: Any,
    tops_q: Any,
    sums_q: Any,
    top_q: Any,
    mass_q: Any,
    tops_p: Any,
    top_p: Any,
    mass_p: Any,
) -> Any:
    """Return ``Σ q ln(q/p)`` from chunks: each was summed about its own maxima.

    In chunk c, ``ln q = (z - m_c) + (m_c - M) - ln S``, and so for p; so its share is
    ``e^(m_c - M)/S · (part + sum · (offset of q - offset of p))``.
    """
    offset_q = below(tops_q, top_q) - mass_q
    offset_p = below(tops_p, top_p) - mass_p
    share = tl.exp(tops_q - top_q - mass_q)
    total = tl.sum(share * (parts + sums_q * (offset_q - offset_p)), 0)
    return tl.where(total < 0, 0.0, total)


@triton.jit
def mass_of_row(
    stats: Any,
    pair: Any,
    chunks: Any,
    plane: Any,
    TOP: tl.constexpr,
    SUM: tl.constexpr,
    scale: Any,
    CHUNKS: tl.constexpr,
) -> Any:
    """Return (maximum, log of the mass about it, maxima of chunks, masses of chunks) of a row."""
    c = tl.arange(0, CHUNKS)
    at = stats + pair * chunks + c
    tops = tl.load(at + TOP * plane, mask=c < chunks, other=-1e30)
    sums = tl.load(at + SUM * plane, mask=c < chunks, other=0.0)
    top = tl.max(tops, 0)
    return top, log_mass(tops, sums, top, scale), tops, sums
