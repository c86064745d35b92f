"""Second pass, for divergences that need both normalisers at every token: js, ag, tv."""

from __future__ import annotations

import triton
import triton.language as tl

from llmx.kernels.fused.load import FLOOR, LN2, LOG2E, bounded, floored, load_chunk, log_prob
from llmx.kernels.fused.survey import RAW_P, RAW_Q, TOP_P, TOP_Q, mass_of_row

FLOOR_2 = tl.constexpr(FLOOR.value * LOG2E.value)
HALF_LN2 = tl.constexpr(0.5 * LN2.value)
JS_PART = tl.constexpr(0)
AG_PART = tl.constexpr(1)
TV_PART = tl.constexpr(2)
PARTS = 3


@triton.jit
def compare(
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
    parts,
    width,
    vocab,
    chunks,
    plane,
    JS: tl.constexpr,
    AG: tl.constexpr,
    TV: tl.constexpr,
    CHUNKS: tl.constexpr,
    TILE: tl.constexpr,
    SPAN: tl.constexpr,
):
    """Write the sums of SPAN chunks of one pair of rows; grid (pairs, chunks / SPAN)."""
    pair = tl.program_id(0)
    b, k = (pair // width).to(tl.int64), pair % width
    pair = pair.to(tl.int64)
    p_row = target + b * target_b + k * target_k
    q_row = draft + b * draft_b + k * draft_k
    top_p, mass_p, _t, _s = mass_of_row(stats, pair, chunks, plane, TOP_P, RAW_P, LOG2E, CHUNKS)
    top_q, mass_q, _t, _s = mass_of_row(stats, pair, chunks, plane, TOP_Q, RAW_Q, LOG2E, CHUNKS)
    start = tl.program_id(1) * SPAN
    for chunk in range(start, tl.minimum(start + SPAN, chunks)):
        _at, zp = load_chunk(p_row, target_v, chunk, vocab, TILE)
        _at, zq = load_chunk(q_row, draft_v, chunk, vocab, TILE)
        zp, _top = bounded(zp, top_p)
        zq, _top = bounded(zq, top_q)
        lp = floored(log_prob(zp, top_p, mass_p, LOG2E), FLOOR_2)
        lq = floored(log_prob(zq, top_q, mass_q, LOG2E), FLOOR_2)
        out = parts + pair * chunks + chunk
        gap = tl.abs(lq - lp)
        more = tl.exp2(tl.maximum(lp, lq))
        ratio = tl.exp2(-gap)
        if TV:
            tl.store(out + TV_PART * plane, 0.5 * tl.sum(more - more * ratio, 0))
        if JS:
            tl.store(out + JS_PART * plane, tl.sum(more * js_term(gap, ratio), 0) * HALF_LN2)
        if AG:
            tl.store(out + AG_PART * plane, tl.sum(more * ag_term(gap, ratio), 0) * HALF_LN2)


@triton.jit
def spread(ratio):
    """Return ``(1 + r)(1 - log2(1 + r))`` for r in [0, 1], to 2e-7, and exactly zero at 1.

    A logarithm costs more than all else here: 1 - r times the Chebyshev fit of degree 7 instead.
    """
    fit = -0.00759426234 + ratio * 0.00138155004
    fit = -0.0407592495 + ratio * (0.0206248848 + ratio * fit)
    fit = -0.163959153 + ratio * (0.0757001562 + ratio * fit)
    return (1.0 - ratio) * (1.00000003 + ratio * (0.557301102 + ratio * fit))


@triton.jit
def js_term(gap, ratio):
    """Return twice a token's share of js, in bits, over its larger probability.

    With r = 2^-gap the ratio of the two, ``p log(p/m) + q log(q/m)``, m = (p+q)/2, is this times
    the larger. It cancels near r = 1, to an error of about 1e-7; equal ones give exactly zero.
    """
    return spread(ratio) - ratio * gap


@triton.jit
def ag_term(gap, ratio):
    """Return the same of ag: of ``m log(m/p) + m log(m/q)``."""
    return (0.5 + 0.5 * ratio) * gap - spread(ratio)
