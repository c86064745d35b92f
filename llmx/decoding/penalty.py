"""Penalties on tokens that came before, as transformers and vLLM define them.

Repetition counts prompt and output, presence and frequency the output alone. Each column of a
drafted block has its own past: the tokens drafted before it belong to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llmx.decoding.options import DecodeOptions
from llmx.decoding.rows import Rows

if TYPE_CHECKING:
    from torch import Tensor


def penalise(logits: Tensor, rows: Rows, drafted: Tensor | None, options: DecodeOptions) -> Tensor:
    """Return the logits that tokens are drawn from; the same object where nothing is penalised.

    Args:
        logits: float32 (B, K, V): K consecutive columns, the last after all of `drafted`.
        drafted: int64 (B, D), tokens of this round so far, D >= K - 1.
    """
    if not options.penalised:
        return logits
    import torch

    output, prompt = _counts(rows, logits)
    ahead = _ahead(logits, drafted)
    output = output.unsqueeze(1) + ahead
    seen = (output > 0) | (prompt.unsqueeze(1) > 0)
    rate = options.repetition_penalty
    scores = torch.where(seen, torch.where(logits > 0, logits / rate, logits * rate), logits)
    scores = scores - options.frequency_penalty * output
    return scores - options.presence_penalty * (output > 0).to(scores.dtype)


def _counts(rows: Rows, logits: Tensor) -> tuple[Tensor, Tensor]:
    """Return how often each token is in the output and in the prompt, float32 (B, V) each."""
    import torch

    size = logits.shape[-1]
    parts = []
    for begin, end in ((rows.prompt, rows.length), (np.zeros_like(rows.prompt), rows.prompt)):
        found = np.zeros((len(rows.index), size), dtype=np.float32)
        for row in rows.index:
            ids = rows.tokens[row, begin[row] : end[row]]
            found[row] = np.bincount(ids[ids < size], minlength=size)
        parts.append(torch.from_numpy(found).to(logits.device))
    return parts[0], parts[1]


def _ahead(logits: Tensor, drafted: Tensor | None) -> Tensor:
    """Return how often each token was drafted before each column, float32 (B, K, V)."""
    import torch

    batch, width, size = logits.shape
    count = torch.zeros(batch, width, size, device=logits.device)
    if drafted is None or drafted.shape[1] == 0:
        return count
    hot = torch.nn.functional.one_hot(drafted, size).to(count.dtype).cumsum(1)
    first = drafted.shape[1] - width + 1  # tokens that came before the first column
    if first > 0:
        return hot[:, first - 1 : first - 1 + width]
    count[:, 1:] = hot[:, : width - 1]
    return count
