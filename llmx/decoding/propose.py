"""The draft's half of a round: γ tokens, with the distributions that they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from llmx.core.philox import Purpose
from llmx.decoding.accept import Floats, Ints
from llmx.decoding.block_model import DraftJob
from llmx.decoding.brake import Brake, Stops, padded, stops_of
from llmx.decoding.cached_model import CachedModel, on_host
from llmx.decoding.draw import band, draw, lead
from llmx.decoding.options import DecodeOptions
from llmx.decoding.rows import Rows, penalise

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True)
class Proposal:
    """A drafted block of K tokens a row; of lanes that take arrays, arrays for all tensors.

    Attributes:
        tokens: int64 (B, K).
        logits: raw logits of the draft, float32 (B, K, V).
        scores: those that tokens were picked from, penalties included.
        options: how they were picked.
        bands: int64 (B, K, 3), what was drawn and what nearly was; None for the arg-max.
        drawn: the distributions that tokens were drawn from, where they are at hand.
        margins: float32 (B, K), lead of each arg-max, where it is at hand.
        stops: where the drafts stop; None = nowhere.
    """

    tokens: Tensor
    logits: Tensor
    scores: Tensor
    options: DecodeOptions
    bands: Tensor | None
    drawn: Tensor | None = None
    margins: Floats | None = None
    stops: Stops | None = None

    @cached_property
    def probs(self) -> Tensor | None:
        """q of the acceptance ratio, float32 (B, K, V): the distribution that each token was
        really drawn from (but for ``greedy_soft`` drafts). None = one-hot on the tokens.
        """
        from llmx.decoding.warp import warp

        o = self.options
        if o.one_hot_draft or self.drawn is not None:
            return self.drawn
        return warp(self.scores, o.temperature, o.top_p, o.top_k)

    @cached_property
    def lead(self) -> Floats:
        """How far each token is ahead of the next one, float32 (B, K)."""
        return on_host(lead(self.scores)) if self.margins is None else self.margins

    def to(self, device: torch.device) -> Proposal:
        """Return the block on the target's device."""
        if device == self.tokens.device:
            return self
        drawn = None if self.drawn is None else self.drawn.to(device)
        tokens, logits, scores = (x.to(device) for x in (self.tokens, self.logits, self.scores))
        return replace(self, tokens=tokens, logits=logits, scores=scores, drawn=drawn)

    def within(self, valid: Ints) -> Ints:
        """Return how many tokens count, int64 (B,): `valid`, or fewer where the draft stops."""
        return valid if self.stops is None else np.minimum(valid, self.stops.reach)

    def cut(self, width: int) -> Proposal:
        """Return the first `width` columns of a block."""
        if width >= self.tokens.shape[1]:
            return self
        names = ("tokens", "logits", "scores", "bands", "drawn", "margins")
        whole = {name: getattr(self, name) for name in names}
        parts: dict[str, Any] = {
            name: None if part is None else part[:, :width] for name, part in whole.items()
        }
        stops = None if self.stops is None else self.stops.cut(width)
        return replace(self, **parts, stops=stops)

    def q_of_tokens(self) -> Tensor:
        """Return q of each drafted token, float32 (B, K)."""
        import torch

        if self.probs is None:
            return torch.ones_like(self.tokens, dtype=torch.float32)
        return self.probs.gather(-1, self.tokens.unsqueeze(-1)).squeeze(-1)

    def q_at(self, row: Tensor, column: Tensor) -> Tensor:
        """Return q at one column of each row, float32 (B, V)."""
        from llmx.decoding.warp import one_hot

        if self.probs is None:
            return one_hot(self.tokens[row, column], self.logits.shape[-1])
        return at_column(self.probs, row, column)


def at_column(values: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Return (B, V): one column of each row of (B, K, V)."""
    # index_select on the flat view costs a third of values[row, column].
    return values.flatten(0, 1).index_select(0, row * values.shape[1] + column)


def propose(
    lane: CachedModel, rows: Rows, options: DecodeOptions, width: int, room: Ints | None = None
) -> Proposal:
    """Draft `width` >= 1 tokens in every row, one forward each.

    Args:
        room: (B,), how many of them a row can use. Once every row has stopped (`stop_below`), or
            has no room, what is left is filled up without a forward. None = draft whole blocks.
    """
    if lane.blocks is not None and not options.penalised:
        return _at_once(lane, rows, options, width, room)
    import torch

    logits = _first(lane, rows)
    pick = Picker(lane, rows, options, width)
    start = lane.put(rows.length)
    seen = [logits]
    pick(logits)
    for column in range(1, width):
        if pick.brake.holds(room):
            break
        logits = lane.feed(pick.tokens[-1], start + (column - 1))[:, 0]
        seen.append(logits)
        pick(logits)
    raw = torch.stack(padded(seen, width), 1)
    scores = torch.stack(padded(pick.scores, width), 1) if options.penalised else raw
    block = torch.cat(padded(pick.tokens, width), 1)
    drawn, bands = _stacked(pick.probs, width), _stacked(pick.bands, width)
    stops = pick.brake.stops(width)
    return Proposal(block, raw, scores, options, bands, drawn, stops=stops)


def _at_once(
    lane: CachedModel, rows: Rows, options: DecodeOptions, width: int, room: Ints | None
) -> Proposal:
    """Let a block model draft the block in one call."""
    assert lane.blocks is not None
    u = band(rows.draws(Purpose.DRAFT, width))
    most = np.full(len(rows.index), width) if room is None else room
    # A whole block is asked for where it is replayed: there a stop ends nothing.
    whole = room is None
    job = DraftJob(*_pairs(rows), u, most, lane.vocab, options, whole)
    found = lane.blocks.draft(lane.cache, job)
    stops = stops_of(found.sure, options.stop_below)
    parts: list[Any] = [found.tokens, found.logits[..., : lane.vocab], found.bands]
    if lane.host is None:
        parts = [None if part is None else lane.put(part) for part in parts]
    tokens, logits, bands = parts
    return Proposal(tokens, logits, logits, options, bands, margins=found.lead, stops=stops)


def _stacked(parts: list[Tensor], width: int) -> Tensor | None:
    import torch

    return torch.stack(padded(parts, width), 1) if parts else None


class Picker:
    """Picks the drafted tokens of a block, and remembers what they were picked from."""

    def __init__(self, lane: CachedModel, rows: Rows, options: DecodeOptions, width: int) -> None:
        self.rows, self.options = rows, options
        self.brake = Brake(options.stop_below)
        self.u = lane.put(band(rows.draws(Purpose.DRAFT, width)))
        self.tokens: list[Tensor] = []
        self.scores: list[Tensor] = []
        self.probs: list[Tensor] = []
        self.bands: list[Tensor] = []

    def __call__(self, logits: Tensor) -> None:
        """Pick the next token, int64 (B, 1), from raw logits (B, V)."""
        import torch

        from llmx.decoding.warp import warp

        options = self.options
        if options.penalised:
            past = torch.cat(self.tokens, 1) if self.tokens else None
            logits = penalise(logits.unsqueeze(1), self.rows, past, options)[:, 0]
            self.scores.append(logits)
        self.brake.look(logits)
        if not options.one_hot_draft:
            self.probs.append(warp(logits, options.temperature, options.top_p, options.top_k))
        if options.drafts_greedily:
            self.tokens.append(logits.argmax(-1, keepdim=True))
            return
        self.bands.append(draw(self.probs[-1], self.u[:, len(self.tokens)]))
        self.tokens.append(self.bands[-1][:, :1])


def _first(lane: CachedModel, rows: Rows) -> Tensor:
    """Return logits after the last token of each row, (B, V).

    Two tokens are fed, always: after a block that was accepted whole, the draft has not yet seen
    the last of its own tokens. Feeding both in every round keeps the shapes equal.
    """
    pair, begin, last = _pairs(rows)
    logits: Tensor = lane.feed(lane.put(pair), lane.put(begin))
    if last.all():
        return logits[:, 1]
    chosen: Tensor = logits[lane.put(rows.index), lane.put(last)]
    return chosen


def _pairs(rows: Rows) -> tuple[Ints, Ints, Ints]:
    """Return the last two tokens of each row, (B, 2), the slot of the first, which is the last."""
    begin = np.maximum(rows.length - 2, 0)
    pair: Ints = rows.tokens[rows.index[:, None], begin[:, None] + np.arange(2)]
    return pair, begin, rows.length - 1 - begin
