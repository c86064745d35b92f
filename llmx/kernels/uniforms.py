"""The numbers of a block, drawn on the host: those that the kernels draw on the device."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from llmx.core.philox import PURPOSES, Purpose, as_uniform, philox
from llmx.kernels.block import Block

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def drawn_at(block: Block, purpose: Purpose, width: int) -> Tensor:
    """Return float32 (B, width): ``uniform(key, position + k, purpose)``.

    Bit for bit :func:`llmx.core.philox.uniforms`, for rows that are at different positions.
    """
    key = block.keys.cpu().numpy().view(np.uint64)[:, None]
    first = block.position.cpu().numpy()[:, None]
    at = (first + np.arange(width)) * PURPOSES + int(purpose)
    zero = np.zeros(1, dtype=np.uint64)
    word = philox((at.astype(np.uint64) & _LOW, zero, zero, zero), (key & _LOW, key >> _HALF))[0]
    return torch.from_numpy(as_uniform(word)).to(block.target.device)
