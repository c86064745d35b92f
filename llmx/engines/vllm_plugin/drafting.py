"""The draft's half of a step: which token each request drafts next, and from what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from llmx.core.philox import Purpose
from llmx.decoding import DecodeOptions
from llmx.decoding.draw import band, draw
from llmx.decoding.warp import warp
from llmx.engines.vllm_plugin.answer import DraftedBlock
from llmx.engines.vllm_plugin.groups import Row, alike


class Drafting:
    """Collects the drafted blocks of a batch, one column a forward pass of the draft.

    Args:
        rows: those with a rule; others keep what vLLM drafts.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        self.logits: list[Tensor] = []
        self.tokens: list[Tensor] = []
        self.probs: list[Tensor | None] = []
        self.bands: list[Tensor | None] = []

    def pick(self, logits: Tensor, tokens: Tensor) -> Tensor:
        """Draft one token in every row.

        Args:
            logits: raw, float (B, V).
            tokens: int64 (B,), what rows without a rule drafted.

        Returns:
            int64 (B,).
        """
        raw = logits.float().clone()
        picked, column = tokens.clone(), len(self.tokens)
        probs = bands = None
        for options, rows in alike(self.rows):
            place = torch.tensor([row[0] for row in rows], device=raw.device)
            mine = raw[place]
            if not options.one_hot_draft:
                warped = warp(mine, options.temperature, options.top_p, options.top_k)
                probs = torch.zeros_like(raw) if probs is None else probs
                probs[place] = warped
            if options.drafts_greedily:
                picked[place] = mine.argmax(-1)
                continue
            drawn = draw(warped, _uniforms(rows, column).to(raw.device))
            bands = raw.new_zeros((len(raw), 3), dtype=torch.int64) if bands is None else bands
            bands[place] = drawn
            picked[place] = drawn[:, 0]
        self._keep(raw, picked, probs, bands)
        return picked

    def _keep(
        self, raw: Tensor, picked: Tensor, probs: Tensor | None, bands: Tensor | None
    ) -> None:
        self.logits.append(raw)
        self.tokens.append(picked)
        self.probs.append(probs)
        self.bands.append(bands)

    def finish(self) -> None:
        """Give each request its block."""
        if not self.tokens:
            return
        tokens, logits = torch.stack(self.tokens, 1), torch.stack(self.logits, 1)
        probs, bands = _stacked(self.probs), _stacked(self.bands)
        ids = tokens.tolist()
        for place, answer, _ in self.rows:
            options: DecodeOptions = answer.rule.options
            answer.skipped = False
            answer.block = DraftedBlock(
                tokens[place],
                ids[place],
                logits[place],
                None if options.one_hot_draft or probs is None else probs[place],
                None if options.drafts_greedily or bands is None else bands[place],
            )


def _uniforms(rows: Sequence[Row], column: int) -> Tensor:
    drawn = [answer.draws(Purpose.DRAFT, position + column, 1)[0] for _, answer, position in rows]
    return torch.from_numpy(band(np.array(drawn, dtype=np.float32)))


def _stacked(parts: Sequence[Any]) -> Tensor | None:
    return None if any(part is None for part in parts) else torch.stack(list(parts), 1)
