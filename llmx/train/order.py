"""The order in which a training takes its rows: a function of the seed and the pass alone.

The samplers of the trainers draw each pass from a generator that no checkpoint holds, or count the
passes in their own process: a training that goes on inside a later pass would see other rows. The
orders here are the very ones that an undisturbed training has always had, pass by pass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any


class Order(ABC):
    """A sampler of row numbers for a DataLoader.

    Attributes:
        passed: passes over the rows that are done.
    """

    def __init__(self, length: int, seed: int) -> None:
        """Begin with the first pass.

        Args:
            length: row numbers of one pass.
            seed: of the training.
        """
        self.length, self.seed, self.passed = length, seed, 0

    def __len__(self) -> int:
        """Row numbers of one pass."""
        return self.length

    def __iter__(self) -> Iterator[int]:
        """Yield the row numbers of the pass that begins."""
        return iter(self.rows(self.passed))

    @abstractmethod
    def rows(self, passed: int) -> list[int]:
        """Return the row numbers of the pass that follows `passed` others."""


class ByLength(Order):
    """Rows of about the same length share a batch, as transformers' LengthGroupedSampler has it."""

    def __init__(self, lengths: Sequence[int], batch: int, seed: int) -> None:
        """Group rows of these lengths, in tokens, in batches of `batch`."""
        super().__init__(len(lengths), seed)
        self.lengths, self.batch = list(lengths), batch

    def __iter__(self) -> Iterator[int]:
        """Yield a pass; the global generator moves on as it did when the pass was drawn from it.

        Dropout draws from that one, and would drop other weights.
        """
        import torch

        torch.randperm(self.length)
        return super().__iter__()

    def rows(self, passed: int) -> list[int]:
        """Draw every pass up to this one, each after the seed that a DataLoader draws first."""
        import torch
        from transformers.trainer_pt_utils import get_length_grouped_indices

        generator = torch.Generator().manual_seed(self.seed)
        for _ in range(passed):
            _seed_of_workers(generator)
            torch.randperm(self.length, generator=generator)
        _seed_of_workers(generator)
        return list(get_length_grouped_indices(self.lengths, self.batch, generator=generator))


class Shuffled(Order):
    """Every row once, as accelerate's SeedableRandomSampler has it."""

    def rows(self, passed: int) -> list[int]:
        """Draw one pass from a seed of its own."""
        import torch

        generator = torch.Generator().manual_seed(self.seed + passed)
        return [int(row) for row in torch.randperm(self.length, generator=generator)]


class Repeated(Order):
    """A row for each completion of a group, and again for each step, as TRL's RepeatSampler."""

    def __init__(self, sampler: Any) -> None:
        """Take the numbers of rows, of a group and of the steps from TRL's sampler."""
        super().__init__(len(sampler), sampler.seed)
        self.sampler = sampler

    def rows(self, passed: int) -> list[int]:
        """Draw every pass up to this one from one generator."""
        import torch

        if self.sampler.shuffle:
            generator = self.sampler.generator.manual_seed(self.seed)
            for _ in range(passed):
                torch.randperm(self.sampler.num_samples, generator=generator)
        return list(self.sampler)


def order_of(sampler: Any, seed: int) -> Order | None:
    """Return the order that a trainer's sampler stands for; None for one that draws nothing."""
    from torch.utils.data import RandomSampler
    from trl.trainer.utils import RepeatSampler

    if isinstance(sampler, RepeatSampler):
        return Repeated(sampler)
    return Shuffled(len(sampler), seed) if isinstance(sampler, RandomSampler) else None


def follow(trainer: Any, order: Order) -> None:
    """Have a trainer of transformers take its rows in this order, wherever it goes on."""
    from transformers import TrainerCallback

    class _Passes(TrainerCallback):  # type: ignore[misc]
        def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            order.passed = int(state.epoch or 0)

    trainer._get_train_sampler = lambda *_: order
    trainer.add_callback(_Passes())


def _seed_of_workers(generator: Any) -> None:
    import torch

    torch.empty((), dtype=torch.int64).random_(generator=generator)
