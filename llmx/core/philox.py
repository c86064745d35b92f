"""Counter-based uniforms: the same number for (seed, sample, position, purpose) on every engine.

Philox-4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) with counter
``(offset, 0, 0, 0)`` and key ``(low, high)``, first output word, then the float conversion of
Triton: bit for bit what ``tl.rand(seed, offset)`` returns, so that a Triton kernel can draw the
same numbers. Needs numpy, so nothing that must start fast imports it.

A position is the index of an output token (0 = first generated token). A block that is rejected at
position ``i`` leaves the draws of later positions to be used again by the next block. That is
exact: whether the block was rejected at ``i``, and what was emitted there, depends on the draws of
positions up to ``i`` alone, so those of later positions are still independent of everything said.

A rule that looks ahead, whose decision at ``i`` reads tokens behind ``i``, breaks this: what it
refused would be drawn again from the numbers it was refused for. Each of its rounds has streams of
its own instead, by the position that the round begins at (:func:`round_uniforms`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

# One more than is used, so that a later purpose does not move the draws of the present ones.
PURPOSES = 4
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ROUND = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
# The largest float32 whose product with 2**31 - 1 stays below one (Triton, language/random.py).
_SCALE = np.float32(4.6566127342e-10)


class Purpose(IntEnum):
    """What a uniform decides; each has a stream of its own at every position."""

    DRAFT = 0
    ACCEPT = 1
    TARGET = 2


def keys(seed: int, ids: Sequence[str]) -> Words:
    """Return the Philox key of each sample, uint64 of shape (len(ids),)."""
    digests = [blake2b(f"{seed}|{name}".encode()).digest()[:8] for name in ids]
    return np.array([int.from_bytes(digest, "little") for digest in digests], dtype=np.uint64)


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[Any, Any]) -> tuple[Words, ...]:
    """Philox-4x32-10 on broadcastable uint64 arrays that hold 32-bit words; four words out."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first, second = _ROUND[0] * c0, _ROUND[1] * c2
        c0, c1 = (second >> _HALF) ^ c1 ^ k0, second & _LOW
        c2, c3 = (first >> _HALF) ^ c3 ^ k1, first & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return c0, c1, c2, c3


def as_uniform(word: Words) -> NDArray[np.float32]:
    """Map 32-bit words to float32 in [0, 1) as Triton's ``uint_to_uniform_float`` does."""
    signed = word.astype(np.uint32).view(np.int32)
    # For negatives ~x is -x - 1, and x ^ (x >> 31) takes it only there.
    return (signed ^ (signed >> 31)).astype(np.float32) * _SCALE


def uniforms(key: Words, first: int, count: int) -> NDArray[np.float32]:
    """Draw every purpose at `count` positions from `first` on.

    Args:
        key: uint64 of shape (rows,), from :func:`keys`.

    Returns:
        float32 of shape (rows, count, PURPOSES) in [0, 1).
    """
    start = first * PURPOSES
    offset = np.arange(start, start + count * PURPOSES, dtype=np.uint64) & _LOW
    return _drawn(key, offset[None, :], np.zeros(1, dtype=np.uint64), count)


def round_uniforms(key: Words, start: NDArray[np.int64], count: int) -> NDArray[np.float32]:
    """Draw every purpose at the `count` positions of a round, from streams of that round alone.

    Word 1 of the counter, zero in :func:`uniforms`, is one more than the round's first position.

    Args:
        key: uint64 of shape (rows,), from :func:`keys`.
        start: int64 of shape (rows,), position that each row's round begins at.

    Returns:
        float32 of shape (rows, count, PURPOSES) in [0, 1).
    """
    begin = start.astype(np.uint64)[:, None]
    ahead = np.arange(count * PURPOSES, dtype=np.uint64)
    offset = (begin * np.uint64(PURPOSES) + ahead) & _LOW
    return _drawn(key, offset, begin + np.uint64(1), count)


def _drawn(key: Words, offset: Words, stream: Words, count: int) -> NDArray[np.float32]:
    zero = np.zeros(1, dtype=np.uint64)
    pair = ((key & _LOW)[:, None], (key >> _HALF)[:, None])
    word = philox((offset, stream, zero, zero), pair)[0]
    return as_uniform(word).reshape(len(key), count, PURPOSES)
