"""The order of a training: the batches of a plan, slice by slice for several processes.

A launcher of several processes hands consecutive small batches to consecutive ranks, so the slices
of one batch must follow each other: what the ranks gather is then that batch and no other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from llmx.core.errors import ConfigError
from llmx.train.contrastive.plan import PlannedBatches, negatives_of

if TYPE_CHECKING:
    from numpy import int32, int64
    from numpy.typing import NDArray


def slices(batches: NDArray[int32], devices: int) -> NDArray[int32]:
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


def of_device(batches: NDArray[int32], devices: int, rank: int) -> NDArray[int32]:
    """Return the slices that the device `rank` takes, int32 (batches, |B| / devices)."""
    return slices(batches, devices)[rank::devices]


class PlannedOrder:
    """A batch sampler for a DataLoader; accelerate gives consecutive slices to consecutive ranks.

    A slice is int64 (rows, 1 + h): the row whose query and target are trained on, and the rows of
    its hard negatives, -1 for none.

    Attributes:
        passed: epochs that are done; the next one depends on this number and the plan alone.
    """

    drop_last = True

    def __init__(self, plan: PlannedBatches, processes: int = 1) -> None:
        self.plan, self.processes, self.passed = plan, processes, 0
        first = slices(plan.epoch(0).batches, processes)
        self.batch_size = int(first.shape[1])
        self.negatives = 0 if (held := negatives_of(plan, 0)) is None else int(held.shape[1])

    def __len__(self) -> int:
        """Slices of an epoch: as many as batches, times the processes."""
        return self.plan.count() * self.processes

    def __iter__(self) -> Iterator[NDArray[int64]]:
        """Yield the slices of the epoch that begins."""
        import numpy as np

        drawn = negatives_of(self.plan, self.passed)
        for part in slices(self.plan.epoch(self.passed).batches, self.processes):
            own = part[:, None]
            rows = own if drawn is None else np.concatenate([own, drawn[part]], axis=1)
            yield rows.astype(np.int64)


def follow(trainer: Any, order: PlannedOrder) -> None:
    """Have a trainer begin each epoch with the batches of its number, wherever it goes on."""
    from transformers import TrainerCallback

    class _Epochs(TrainerCallback):  # type: ignore[misc]
        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            order.passed = int(state.epoch or 0)

    trainer.add_callback(_Epochs())
