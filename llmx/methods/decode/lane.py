"""A model, its cache and the common vocabulary: what the rounds feed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from llmx.methods.decode.accept import Floats, Ints
from llmx.methods.decode.block_model import BlockModel
from llmx.methods.decode.rows import Rows
from llmx.methods.decode.step_model import StepModel


class Lane:
    """Feeds one model with the tokens of the rows."""

    def __init__(self, model: StepModel, rows: int, capacity: int, vocab: int) -> None:
        self.model = model
        self.vocab = vocab
        self.cache: Any = model.new_cache(rows, capacity)
        self.blocks: BlockModel | None = model if isinstance(model, BlockModel) else None

    def put(self, values: Ints | Floats) -> Tensor:
        """Move host numbers to the model's device."""
        return torch.from_numpy(values).to(self.model.device)

    def prefill(self, rows: Rows, admitted: Ints) -> None:
        """Write the prompts of newly admitted rows, all but their last token."""
        # A block model gains nothing by a common width, and would pay for the padding.
        parts = [admitted] if self.blocks is None else np.split(admitted, len(admitted))
        for part in parts:
            width = int(rows.length[part].max()) - 1
            if width > 0:
                tokens = rows.tokens[part, :width]
                self.model.prefill(self.put(tokens), self.put(part), self.cache)

    def narrow(self, kept: Ints) -> None:
        """Go on with some rows alone; of a block model only."""
        assert self.blocks is not None
        self.cache = self.blocks.narrow(self.cache, kept)

    def feed(self, tokens: Tensor, start: Tensor) -> Tensor:
        """Return raw logits (B, K, V) over the common vocabulary, float32."""
        logits = self.model.forward(tokens, start, self.cache)
        # Family members pad their vocabularies to different sizes.
        return logits[..., : self.vocab].float()


def on_host(values: Tensor) -> Floats:
    """Bring a few numbers a row back, as float32."""
    numbers: Floats = values.float().cpu().numpy()
    return numbers


def tokens_on_host(tokens: Tensor) -> Ints:
    """Bring token ids back."""
    ids: Ints = tokens.cpu().numpy().astype(np.int64, copy=False)
    return ids
