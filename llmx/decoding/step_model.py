"""What a decoding loop asks of a model: logits for tokens at given slots of a cache.

Slot index = token position. Row ``b`` writes its tokens at slots ``start[b] … start[b]+K-1`` and
each of them sees exactly the slots up to its own. So rows of unequal length need no padding side,
and a rejected token needs no roll-back: its slot is out of sight until it is written again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@runtime_checkable
class StepModel(Protocol):
    """A causal language model over token ids, one token or one block at a time."""

    @property
    def vocab_size(self) -> int:
        """Number of logits V."""

    @property
    def device(self) -> torch.device:
        """Where `forward` wants its tokens and leaves its logits."""

    def new_cache(self, rows: int, capacity: int) -> Any:
        """Return an empty cache of `rows` rows with slots 0 … capacity-1."""

    def forward(self, tokens: Tensor, start: Tensor, cache: Any) -> Tensor:
        """Write K tokens of every row and return the logits after each.

        Args:
            tokens: int64 (B, K), B = rows of the cache.
            start: int64 (B,), first slot written in each row.

        Returns:
            float (B, K, V), natural logarithms up to a constant a row.
        """

    def prefill(self, tokens: Tensor, rows: Tensor, cache: Any) -> None:
        """Write slots 0 … P-1 of the named rows and leave all others alone; no logits.

        Shorter prompts are padded on the right with any token: those slots are overwritten
        before they come into sight.

        Args:
            tokens: int64 (R, P).
            rows: int64 (R,), distinct.
        """


@runtime_checkable
class CopiesSlots(Protocol):
    """A step model whose cache can be copied: the draws of a problem have one prompt."""

    def copy_slots(self, cache: Any, row: int, to: int, width: int) -> None:
        """Copy slots 0 … width-1 of one row to another row, bit for bit."""
