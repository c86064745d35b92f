"""The order in which devices take their slices of a batch.

A launcher of several processes hands consecutive small batches to consecutive ranks, so the slices
of one batch must follow each other: what the ranks gather is then that batch and no other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import ConfigError


def slices(batches: NDArray[np.int32], devices: int) -> NDArray[np.int32]:
    """Return the slices of each batch, device by device, int32 (batches · devices, |B| / devices).

    Raises:
        ConfigError: the devices cannot share a batch equally.
    """
    count, size = batches.shape
    if devices < 1 or size % devices:
        raise ConfigError(
            f"{devices} devices cannot share batches of {size} rows equally",
            f"a multiple of {devices}" if devices > 0 else "1 device or more",
        )
    return batches.reshape(count * devices, size // devices)


def of_device(batches: NDArray[np.int32], devices: int, rank: int) -> NDArray[np.int32]:
    """Return the slices that the device `rank` takes, int32 (batches, |B| / devices)."""
    return slices(batches, devices)[rank::devices]
