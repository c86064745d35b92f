"""``leaks.npz``: what a loss needs to mask likely and certain false negatives."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llmx.store.files import write_bytes

FILE = "leaks.npz"


def write_near(folder: Path, near: NDArray[np.int32], target_id: NDArray[np.int64]) -> None:
    """Write both; equal arrays are equal bytes.

    Args:
        near: int32 (n, p): rows whose targets are a row's first p ranks, -1 for none and itself.
        target_id: int64 (n,); equal texts have equal numbers.
    """
    memory = io.BytesIO()
    np.savez(memory, near=near.astype("<i4"), target_id=target_id.astype("<i8"))
    write_bytes(folder / FILE, memory.getvalue())
