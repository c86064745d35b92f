"""What a model gave the tokens that came of it, before anything was cut off or penalised."""

from __future__ import annotations

from typing import Any

import numpy as np

from llmx.decoding.accept import Doubles, Ints
from llmx.decoding.cached_model import on_host


def log_probabilities(logits: Any, tokens: Ints) -> Doubles:
    """Return ln p of tokens under raw logits, float64 (B, K), in nats.

    Args:
        logits: float32 (B, K, V), array or tensor; p is their softmax at temperature 1.
        tokens: int64 (B, K). Of columns that nothing came of any number may stand here.
    """
    kept = tokens.clip(0, logits.shape[-1] - 1)
    if not isinstance(logits, np.ndarray):
        return _of_tensor(logits, kept)
    chosen = np.take_along_axis(logits, kept[..., None], -1)[..., 0].astype(np.float64)
    top = logits.max(-1, keepdims=True)
    total = np.exp(logits - top, dtype=np.float64).sum(-1)
    found: Doubles = chosen - top[..., 0] - np.log(total)
    return found


def _of_tensor(logits: Any, tokens: Ints) -> Doubles:
    import torch

    at = torch.from_numpy(tokens).to(logits.device).unsqueeze(-1)
    gaps = logits - logits.amax(-1, keepdim=True)  # first, so that nothing large cancels
    found = gaps.gather(-1, at).squeeze(-1) - gaps.exp().sum(-1).log()
    return on_host(found).astype(np.float64)
