"""Rotary position embedding: the angles of every position (Su et al., arXiv 2104.09864)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


def frequencies(rope: Mapping[str, Any], head_dim: int) -> Floats:
    """Return the angle a position of each pair of a head, float32 (head_dim / 2,).

    Computed in float64 and rounded once, so that it does not depend on a library's `pow`.
    """
    powers = np.arange(0, head_dim, 2, dtype=np.float64) / head_dim
    plain: Doubles = 1.0 / float(rope["rope_theta"]) ** powers
    if rope["rope_type"] == "linear":
        plain = plain / float(rope["factor"])
    if rope["rope_type"] == "llama3":
        plain = _llama3(plain, rope)
    return plain.astype(np.float32)


def _llama3(plain: Doubles, rope: Mapping[str, Any]) -> Doubles:
    """Slow the low frequencies down, as Llama 3.1 does for texts longer than it was born with."""
    low, high = float(rope["low_freq_factor"]), float(rope["high_freq_factor"])
    born = float(rope["original_max_position_embeddings"])
    turns = born * plain / (2 * math.pi)  # within the original context
    share = ((turns - low) / (high - low)).clip(0, 1)
    slow: Doubles = (1 - share) * plain / float(rope["factor"]) + share * plain
    return slow


def rotations(frequency: Floats, positions: int) -> Floats:
    """Return cos and sin by turns of every position, float32 (positions, head_dim).

    Angles are float32, as in transformers; cos and sin are rounded from float64.
    """
    place = np.arange(positions, dtype=np.float32)
    angle = (place[:, None] * frequency).astype(np.float64)
    both = np.stack((np.cos(angle), np.sin(angle)), -1)
    return both.reshape(positions, -1).astype(np.float32)
