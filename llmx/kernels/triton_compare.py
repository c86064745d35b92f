"""Second pass, for divergences that need both normalisers at every token: js, ag, tv."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

from llmx.kernels.triton_load import FLOOR, load_chunk
from llmx.kernels.triton_survey import RAW_P, RAW_Q, TOP_P, TOP_Q, mass_of_row

LN2 = tl.constexpr(0.6931471805599453)
# Where ``ln q - ln p`` is smaller than this, series keep what subtractions would lose.
NEAR = tl.constexpr(0.5)
JS_PART = tl.constexpr(0)
AG_PART = tl.constexpr(1)
TV_PART = tl.constexpr(2)
PARTS = 3


@triton.jit
def compare(
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
    parts: Any,
    width: Any,
    vocab: Any,
    chunks: Any,
    plane: Any,
    JS: tl.constexpr,
    AG: tl.constexpr,
    TV: tl.constexpr,
    CHUNKS: tl.constexpr,
    TILE: tl.constexpr,
    SPAN: tl.constexpr,
) -> None:
    """Write the sums of SPAN chunks of one pair of rows; grid (pairs, chunks / SPAN)."""
    pair = tl.program_id(0).to(tl.int64)
    b, k = pair // width, pair % width
    p_row = target + b * target_b + k * target_k
    q_row = draft + b * draft_b + k * draft_k
    top_p, mass_p, _, _ = mass_of_row(stats, pair, chunks, plane, TOP_P, RAW_P, 1.0, CHUNKS)
    top_q, mass_q, _, _ = mass_of_row(stats, pair, chunks, plane, TOP_Q, RAW_Q, 1.0, CHUNKS)
    for chunk in range(tl.program_id(1) * SPAN, tl.minimum(tl.program_id(1) * SPAN + SPAN, chunks)):
        _, zp = load_chunk(p_row, target_v, chunk, vocab, TILE)
        _, zq = load_chunk(q_row, draft_v, chunk, vocab, TILE)
        lp, lq = log_prob(zp, top_p, mass_p), log_prob(zq, top_q, mass_q)
        out = parts + pair * chunks + chunk
        gap = tl.abs(lq - lp)
        more = tl.exp(tl.where(lp > lq, lp, lq))
        ratio = tl.exp(-gap)
        less = more * ratio
        if TV:
            tl.store(out + TV_PART * plane, 0.5 * tl.sum(more - less, 0))
        if JS:
            tl.store(out + JS_PART * plane, 0.5 * tl.sum(js_term(more, less, gap, ratio), 0))
        if AG:
            tl.store(out + AG_PART * plane, 0.5 * tl.sum(ag_term(more, less, gap, ratio), 0))


@triton.jit
def log_prob(z: Any, top: Any, mass: Any) -> Any:
    """Return log-probabilities, none below FLOOR; the two subtractions keep huge logits exact."""
    lp = (z - top) - mass
    return tl.where(lp < FLOOR, FLOOR, lp)


@triton.jit
def js_term(more: Any, less: Any, gap: Any, ratio: Any) -> Any:
    """Return ``(p+q) (h tanh h - ln cosh h)``, h = gap/2: twice a token's share of js.

    From ``½ p ln(p/m) + ½ q ln(q/m)`` with m = (p+q)/2 and p, q = √(pq) e^∓h. Every term is
    positive; equal probabilities give exactly zero.
    """
    h2 = 0.25 * gap * gap
    series = h2 * (0.5 + h2 * (-1 / 4 + h2 * (1 / 9 + h2 * (-17 / 360 + h2 * (31 / 1575)))))
    both = more + less
    direct = both * (LN2 - tl.log(1.0 + ratio)) - gap * less
    return tl.where(gap < NEAR, both * series, direct)


@triton.jit
def ag_term(more: Any, less: Any, gap: Any, ratio: Any) -> Any:
    """Return ``(p+q) ln cosh(gap/2)``: twice a token's share of ``½ KL(m‖p) + ½ KL(m‖q)``."""
    h2 = 0.25 * gap * gap
    series = h2 * (0.5 + h2 * (-1 / 12 + h2 * (1 / 45 + h2 * (-17 / 2520 + h2 * (31 / 14175)))))
    direct = 0.5 * gap + tl.log(1.0 + ratio) - LN2
    return (more + less) * tl.where(gap < NEAR, series, direct)
