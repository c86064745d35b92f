"""The draft's half of a round: γ tokens, with the distributions that they came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from llmx.core.philox import Purpose
from llmx.methods.decode.draw import Draw, arg_max, draw
from llmx.methods.decode.lane import Lane
from llmx.methods.decode.options import DecodeOptions
from llmx.methods.decode.rows import Rows
from llmx.methods.decode.warp import one_hot, warp


@dataclass(frozen=True)
class Proposal:
    """A drafted block of K tokens a row.

    Attributes:
        tokens: int64 (B, K).
        logits: raw logits of the draft, float32 (B, K, V).
        margin: float (B, K), of each draw.
        probs: q, float32 (B, K, V): the distribution that each token was really drawn from.
            None = one-hot on the tokens.
    """

    tokens: Tensor
    logits: Tensor
    margin: Tensor
    probs: Tensor | None

    def to(self, device: torch.device) -> Proposal:
        """Return the block on the target's device; nothing is copied where both share one."""
        probs = None if self.probs is None else self.probs.to(device)
        return Proposal(self.tokens.to(device), self.logits.to(device), self.margin, probs)

    def q_of_tokens(self) -> Tensor:
        """Return q of each drafted token, float32 (B, K)."""
        if self.probs is None:
            return torch.ones_like(self.tokens, dtype=torch.float32)
        return self.probs.gather(-1, self.tokens.unsqueeze(-1)).squeeze(-1)

    def q_at(self, row: Tensor, column: Tensor) -> Tensor:
        """Return q at one column a row, float32 (B, V)."""
        if self.probs is None:
            return one_hot(self.tokens[row, column], self.logits.shape[-1])
        return self.probs[row, column]


def propose(lane: Lane, rows: Rows, options: DecodeOptions, width: int) -> Proposal:
    """Draft `width` >= 1 tokens in every row, one forward each."""
    logits = _first(lane, rows)
    u = lane.put(rows.draws(Purpose.DRAFT, width))
    start = lane.put(rows.length)
    seen, drawn, probs = [logits], [], []
    for column in range(width):
        token, q = _pick(logits, u[:, column], options)
        drawn.append(token)
        probs.append(q)
        if column + 1 < width:
            logits = lane.feed(token.token.unsqueeze(1), start + column)[:, 0]
            seen.append(logits)
    return _assemble(seen, drawn, probs)


def _first(lane: Lane, rows: Rows) -> Tensor:
    """Return logits after the last token of each row, (B, V).

    Two tokens are fed, always: after a block that was accepted whole, the draft has not yet seen
    the last of its own tokens. Feeding both in every round keeps the shapes equal.
    """
    begin = np.maximum(rows.length - 2, 0)
    pair = rows.tokens[rows.index[:, None], begin[:, None] + np.arange(2)]
    logits = lane.feed(lane.put(pair), lane.put(begin))
    last = rows.length - 1 - begin
    if last.all():
        return logits[:, 1]
    return logits[lane.put(rows.index), lane.put(last)]


def _pick(logits: Tensor, u: Tensor, options: DecodeOptions) -> tuple[Draw, Tensor | None]:
    if options.one_hot_draft:
        return arg_max(logits), None
    q = warp(logits, options.temperature, options.top_p, options.top_k)
    return draw(q, u), q


def _assemble(seen: list[Tensor], drawn: list[Draw], probs: list[Tensor | None]) -> Proposal:
    known = [q for q in probs if q is not None]
    return Proposal(
        tokens=torch.stack([one.token for one in drawn], 1),
        logits=torch.stack(seen, 1),
        margin=torch.stack([one.margin for one in drawn], 1),
        probs=torch.stack(known, 1) if known else None,
    )
