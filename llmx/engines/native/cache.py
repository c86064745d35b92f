"""Keys and values at fixed slots, as the compiled forward lays them out."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from llmx.engines.native.shape import LlamaShape

_STRIDE = 16  # slots of a block of keys


class CCache(ctypes.Structure):
    """``LlmxCache`` of forward.h."""

    _fields_ = [
        ("keys", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("rows", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
    ]


@dataclass(frozen=True)
class NativeCache:
    """The slots of a batch.

    Attributes:
        keys: float32 (layers, rows, kv heads, capacity / 16, head_dim, 16), flat.
        values: float32 (layers, rows, kv heads, capacity, padded head_dim), flat.
        row: int64 (B,), where each row of the batch stands: rows that are over drop out of it.
        passed: the same as the library takes it.
    """

    keys: NDArray[np.float32]
    values: NDArray[np.float32]
    row: NDArray[np.int64]
    passed: CCache

    @property
    def capacity(self) -> int:
        """Slots of a row."""
        return int(self.passed.capacity)

    def of(self, kept: NDArray[np.int64]) -> NativeCache:
        """Return the same memory seen by some of its rows alone."""
        return replace(self, row=np.ascontiguousarray(self.row[kept]))


def new_cache(shape: LlamaShape, rows: int, capacity: int) -> NativeCache:
    """Return an empty cache; memory is taken when slots are written."""
    capacity = -(-capacity // _STRIDE) * _STRIDE
    heads = shape.layers * rows * shape.kv_heads
    keys = np.zeros(heads * capacity * shape.head_dim, np.float32)
    values = np.zeros(heads * capacity * (-(-shape.head_dim // 16) * 16), np.float32)
    passed = CCache(keys.ctypes.data, values.ctypes.data, rows, capacity)
    return NativeCache(keys, values, np.arange(rows), passed)
