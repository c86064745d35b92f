"""Random numbers of a plan: functions of a seed, a name and a place, without a state.

Philox-4x32-10 with the key of :func:`llmx.core.philox.keys` and the place as its counter, so that
epoch 7 can be had without the six before it, and in any number of processes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmx.core.philox import keys, philox

_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)


def words(shape: tuple[int, int], seed: int, name: str) -> NDArray[np.uint64]:
    """Return 64 random bits for each (row, column): a wider table begins with a narrower one."""
    key = keys(seed, [name])[0]
    row = np.arange(shape[0], dtype=np.uint64)[:, None]
    column = np.arange(shape[1], dtype=np.uint64)[None, :]
    zero = np.zeros(1, dtype=np.uint64)
    counter = (column & _LOW, row & _LOW, row >> _HALF, zero)
    high, low, _, _ = philox(counter, (key & _LOW, key >> _HALF))
    return (high << _HALF) | low


def uniforms(shape: tuple[int, int], seed: int, name: str) -> NDArray[np.float64]:
    """Return float64 strictly between 0 and 1, of 52 random bits each."""
    bits = words(shape, seed, name) >> np.uint64(12)
    return (bits.astype(np.float64) + 0.5) * 2.0**-52


def permutation(count: int, seed: int, name: str) -> NDArray[np.int64]:
    """Return a random order of 0 … count - 1, int64."""
    return np.argsort(words((count, 1), seed, name)[:, 0], kind="stable")
