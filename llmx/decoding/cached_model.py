"""A model, its cache and the common vocabulary: what the rounds feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llmx.decoding.accept import Floats, Ints
from llmx.decoding.block_model import as_blocks
from llmx.decoding.rows import Rows
from llmx.decoding.step_model import CopiesSlots, StepModel

if TYPE_CHECKING:
    from torch import Tensor


class CachedModel:
    """Feeds one model with the tokens of the rows.

    Args:
        host: what goes through the lane are arrays, where the model takes them; else tensors.
    """

    def __init__(
        self, model: StepModel, rows: int, capacity: int, vocab: int, host: bool = False
    ) -> None:
        self.model = model
        self.vocab = vocab
        self.cache: Any = model.new_cache(rows, capacity)
        self.blocks = as_blocks(model)
        self.host = self.blocks if host else None
        self.copies = model if isinstance(model, CopiesSlots) else None
        self._written: list[bytes] = [b""] * rows  # the prompt that each row's first slots hold

    def put(self, values: Ints | Floats) -> Any:
        """Move host numbers to where the model takes them."""
        if self.host is not None:
            return values
        import torch

        return torch.from_numpy(values).to(self.model.device)

    def prefill(self, rows: Rows, admitted: Ints, shared: bool = False) -> None:
        """Write the prompts of newly admitted rows, all but their last token.

        Args:
            shared: a prompt that a row holds is copied, not computed again. Rows that are over
                hold theirs until another takes its place.
        """
        if self.copies is None or not shared:
            self._compute(rows, admitted)
            return
        prompts = {int(row): _prompt(rows, int(row)) for row in admitted}
        held = {one: row for row, one in enumerate(self._written) if prompts.get(row, one) == one}
        new = {one: row for row, one in reversed(prompts.items()) if one not in held}
        if new:
            self._compute(rows, np.array(sorted(new.values())))
        for row, prompt in prompts.items():
            source = held.get(prompt, new.get(prompt, row))
            if source != row and prompt != self._written[row]:
                self.copies.copy_slots(self.cache, source, row, int(rows.length[row]) - 1)
            self._written[row] = prompt

    def _compute(self, rows: Rows, admitted: Ints) -> None:
        # A block model gains nothing by a common width, and would pay for the padding.
        parts = [admitted] if self.blocks is None else np.split(admitted, len(admitted))
        for part in parts:
            width = int(rows.length[part].max()) - 1
            if width > 0:
                tokens = rows.tokens[part, :width]
                if self.host is not None:
                    self.host.fill(tokens, part, self.cache)
                else:
                    self.model.prefill(self.put(tokens), self.put(part), self.cache)

    def narrow(self, kept: Ints) -> None:
        """Go on with some rows alone; of a block model only."""
        assert self.blocks is not None
        self.cache = self.blocks.narrow(self.cache, kept)

    def feed(self, tokens: Any, start: Any) -> Any:
        """Return raw logits (B, K, V) over the common vocabulary, float32."""
        if self.host is not None:
            return self.host.feed(tokens, start, self.cache)[..., : self.vocab]
        logits = self.model.forward(tokens, start, self.cache)
        # Family members pad their vocabularies to different sizes.
        return logits[..., : self.vocab].float()


def _prompt(rows: Rows, row: int) -> bytes:
    """Return what a row's first slots hold once its prompt is there: all but its last token."""
    return rows.tokens[row, : rows.length[row] - 1].tobytes()


def on_host(values: Tensor) -> Floats:
    """Bring a few numbers a row back from a tensor, as float32."""
    numbers: Floats = values.float().cpu().numpy()
    return numbers


def tokens_on_host(tokens: Tensor | Ints) -> Ints:
    """Bring token ids back, if they are not here."""
    if isinstance(tokens, np.ndarray):
        return tokens
    ids: Ints = tokens.cpu().numpy().astype(np.int64, copy=False)
    return ids
