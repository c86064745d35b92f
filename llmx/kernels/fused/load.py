"""What all kernels share: how a chunk of logits is read, and how its mass is written down."""

from __future__ import annotations

import triton
import triton.language as tl

# Logits beyond these count as infinite: differences of two clamped ones stay finite.
BIG = tl.constexpr(1e30)
LOW = tl.constexpr(-1e30)
# The least log-probability of a divergence (llmx.papers.fsd.divergence).
FLOOR = tl.constexpr(-1e5)


LOG2E = tl.constexpr(1.4426950408889634)
LN2 = tl.constexpr(0.6931471805599453)


@triton.jit
def load_chunk(row, step, chunk, vocab, TILE: tl.constexpr):
    """Return (token ids, float32 logits) of a chunk; -inf past the end of the vocabulary."""
    at = chunk * TILE + tl.arange(0, TILE)
    z = tl.load(row + at.to(tl.int64) * step, mask=at < vocab, other=float("-inf"))
    return at, z.to(tl.float32)


@triton.jit
def bounded(z, top):
    """Return logits and their maximum with infinities as BIG and LOW where they would meet.

    ``z - top`` is then finite or -inf. A branch that is all but never taken costs nothing.
    """
    if top >= BIG:
        z = tl.where(z > BIG, BIG, z)
        top = BIG
    return z, tl.maximum(top, LOW)


@triton.jit
def soft(z, top, rate):
    """Return ``2^((z - top) rate)``."""
    return tl.exp2((z - top) * rate)


@triton.jit
def log_prob(z, top, mass, rate):
    """Return base-2 log-probabilities; the two subtractions keep huge logits exact."""
    return (z - top) * rate - mass


@triton.jit
def floored(values, floor):
    """Return values, none below the floor but NaN."""
    return tl.maximum(values, floor, propagate_nan=tl.PropagateNan.ALL)


@triton.jit
def kept(weights, z, least, at, EDGED: tl.constexpr):
    """Return the weights with zeros below the edge that `least` points to."""
    if EDGED:
        edge = tl.load(least + at)
        weights = tl.where(z < tl.where(edge > BIG, BIG, edge), 0.0, weights)
    return weights


@triton.jit
def log_mass(tops, sums, top, rate):
    """Return the base-2 log of a row's mass at `top`; NaN where nothing is possible."""
    total = tl.sum(sums * tl.exp2((tops - top) * rate), 0)
    return tl.log2(tl.where(total > 0, total, float("nan")))
