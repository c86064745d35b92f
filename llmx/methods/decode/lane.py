"""A model, its cache and the common vocabulary: what the rounds feed."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from llmx.methods.decode.accept import Floats, Ints
from llmx.methods.decode.rows import Rows
from llmx.methods.decode.step_model import StepModel


class Lane:
    """Feeds one model with the tokens of the rows."""

    def __init__(self, model: StepModel, rows: int, capacity: int, vocab: int) -> None:
        self.model = model
        self.vocab = vocab
        self.cache: Any = model.new_cache(rows, capacity)

    def put(self, values: Ints | Floats) -> Tensor:
        """Move host numbers to the model's device."""
        return torch.from_numpy(values).to(self.model.device)

    def prefill(self, rows: Rows, admitted: Ints) -> None:
        """Write the prompts of newly admitted rows, all but their last token."""
        width = int(rows.length[admitted].max()) - 1
        if width > 0:
            tokens = rows.tokens[admitted, :width]
            self.model.prefill(self.put(tokens), self.put(admitted), self.cache)

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
