"""Which devices the Triton kernels are for."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

import torch


def fuses(device: torch.device) -> bool:
    """Whether work on this device goes to the Triton kernels. Imports nothing."""
    return device.type == "cuda" and _has_triton()


@lru_cache(maxsize=1)
def _has_triton() -> bool:
    # Looks through folders, which takes longer than a launch.
    return find_spec("triton") is not None
