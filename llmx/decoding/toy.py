"""A language model that is a table: small enough to enumerate every text and its probability."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class ToyModel:
    """Logits looked up by position and the last `order` tokens; deterministic from a seed.

    Args:
        vocab_size: V.
        seed: draws the table.
        scale: standard deviation of the logits.
        order: tokens of context that matter.
        periods: positions after which the table repeats.
        near, mix: where given, the table is ``mix * near + (1 - mix) * own`` (a related model).
    """

    def __init__(
        self,
        vocab_size: int,
        seed: int,
        scale: float = 1.0,
        order: int = 2,
        periods: int = 3,
        near: ToyModel | None = None,
        mix: float = 0.5,
    ) -> None:
        self.order, self.periods, self._vocab = order, periods, vocab_size
        shape = (periods, vocab_size**order, vocab_size)
        own = scale * np.random.default_rng(seed).standard_normal(shape)
        table = own if near is None else mix * near.table.double().numpy() + (1 - mix) * own
        self.table: Tensor = torch.tensor(table, dtype=torch.float32)

    @property
    def vocab_size(self) -> int:
        """Number of logits V."""
        return self._vocab

    @property
    def device(self) -> torch.device:
        """The CPU."""
        return torch.device("cpu")

    def logits(self, context: NDArray[np.int64]) -> Tensor:
        """Return the logits after a whole context, float32 (V,): what `forward` must agree with."""
        state = 0
        for token in context[-self.order :]:
            state = state * self._vocab + int(token)
        return self.table[(len(context) - 1) % self.periods, state]

    def new_cache(self, rows: int, capacity: int) -> Tensor:
        """Return the slots: int64 (rows, capacity), the tokens seen."""
        return torch.zeros(rows, capacity, dtype=torch.int64)

    def forward(self, tokens: Tensor, start: Tensor, cache: Tensor) -> Tensor:
        """Write tokens (B, K) from `start` on; return float32 (B, K, V)."""
        slots = start[:, None] + torch.arange(tokens.shape[1])
        cache.scatter_(1, slots, tokens)
        state = torch.zeros_like(slots)
        for back in range(self.order - 1, -1, -1):
            # Before the first token the context reads as token 0, as in `logits`.
            token = cache.gather(1, (slots - back).clamp(min=0)) * (slots >= back)
            state = state * self._vocab + token
        return self.table[slots % self.periods, state]

    def prefill(self, tokens: Tensor, rows: Tensor, cache: Tensor) -> None:
        """Write tokens (R, P) at slots 0 … P-1 of the named rows."""
        cache[rows, : tokens.shape[1]] = tokens
