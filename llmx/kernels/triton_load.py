"""What all kernels share: how a chunk of logits is read, and how its mass is written down."""

from __future__ import annotations

from typing import Any

import triton
import triton.language as tl

# Logits beyond these count as infinite: differences of two clamped ones stay finite.
BIG = tl.constexpr(1e30)
LOW = tl.constexpr(-1e30)
# The least log-probability of a divergence (llmx.methods.decode.divergence).
FLOOR = tl.constexpr(-1e5)


@triton.jit
def load_chunk(row: Any, step: Any, chunk: Any, vocab: Any, TILE: tl.constexpr) -> Any:
    """Return (token ids, float32 logits) of a chunk; LOW past the end of the vocabulary."""
    at = chunk * TILE + tl.arange(0, TILE)
    z = tl.load(row + at.to(tl.int64) * step, mask=at < vocab, other=float("-inf"))
    z = z.to(tl.float32)
    # Comparisons, not minimum and maximum: those drop a NaN.
    z = tl.where(z > BIG, BIG, z)
    return at, tl.where(z < LOW, LOW, z)


@triton.jit
def soft(z: Any, top: Any, scale: Any) -> Any:
    """Return ``exp((z - top) * scale)``, zero for masked tokens."""
    return tl.where(z <= LOW, 0.0, tl.exp((z - top) * scale))


@triton.jit
def kept(weights: Any, z: Any, least: Any, at: Any, EDGED: tl.constexpr) -> Any:
    """Return the weights with zeros below the edge that `least` points to."""
    if EDGED:
        edge = tl.load(least + at)
        edge = tl.where(edge > BIG, BIG, edge)
        weights = tl.where(z < edge, 0.0, weights)
    return weights


@triton.jit
def log_mass(tops: Any, sums: Any, top: Any, scale: Any) -> Any:
    """Return the log of a row's mass at `top` from its chunks; NaN where nothing is possible."""
    total = tl.sum(sums * tl.exp((tops - top) * scale), 0)
    return tl.log(tl.where(total > 0, total, float("nan")))
