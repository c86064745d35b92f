"""The rows of a running batch: tokens, lengths, uniforms, counters. Host memory, no model.

Everything here is numpy: the bookkeeping of a round is a dozen tiny arrays, for which numpy is
several times cheaper than torch, and on a GPU it would be as many kernel launches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from llmx.core.philox import Purpose, Words, keys, round_uniforms, uniforms
from llmx.core.record import Finish
from llmx.decoding.accept import Doubles, Flags, Floats, Ints
from llmx.decoding.options import DecodeOptions
from llmx.decoding.stateful_rule import remembered

if TYPE_CHECKING:
    from torch import Tensor


Stop = Callable[[Sequence[int]], bool]
_BY_ROW = (
    *("tokens", "fragile", "logprobs", "length", "prompt", "done", "finish", "counts", "table"),
    *("key", "first"),
)
_FINISH: tuple[Finish, ...] = ("eos", "stop", "length")


@dataclass(frozen=True)
class Decoded:
    """One finished output.

    Attributes:
        token_ids: output tokens, EOS included.
        rounds: forward passes of the target after the prompt; 0 for the draft alone.
        drafted: tokens that the draft proposed (none past an EOS, the length cap or
            the draft's own stop count).
        accepted: proposed tokens that were kept and emitted.
        fragile: output positions at which some decision had a margin under 1e-4.
        logprobs: ln p of each token, in nats, by the raw logits of the target, or of the draft
            alone; empty where ``options.logprobs`` is false.
    """

    token_ids: tuple[int, ...]
    finish: Finish
    rounds: int
    drafted: int
    accepted: int
    fragile: tuple[int, ...] = ()
    logprobs: tuple[float, ...] = ()


@dataclass(frozen=True)
class RoundTokens:
    """What one round gives every row. K+1 columns; of those the first `count` are emitted."""

    tokens: Ints
    count: Ints
    fragile: Flags
    drafted: Ints
    accepted: Ints
    rounds: int
    logprobs: Doubles | None = None


class Rows:
    """A batch whose rows are at different lengths."""

    def __init__(self, size: int, capacity: int, options: DecodeOptions, seed: int) -> None:
        self.options = options
        self.seed = seed
        self.state = remembered(size, options)
        self.index = np.arange(size)
        self.tokens: Ints = np.zeros((size, capacity), dtype=np.int64)
        self.fragile: Flags = np.zeros((size, capacity), dtype=np.bool_)
        self.logprobs: Doubles = np.zeros((size, capacity if options.logprobs else 0))
        # A row that waits for its first prompt looks like a finished one of two tokens.
        self.length: Ints = np.full(size, 2)
        self.prompt: Ints = np.full(size, 2)
        self.done: Flags = np.ones(size, dtype=np.bool_)
        self.finish: Ints = np.full(size, 2)
        self.counts: Ints = np.zeros((size, 3), dtype=np.int64)
        reach = options.max_tokens + options.gamma + 1
        self.table = np.zeros((size, reach, len(Purpose)), dtype=np.float32)
        self.key: Words = np.zeros(size, dtype=np.uint64)
        self.first: Ints = np.zeros(size, dtype=np.int64)
        self.fresh: tuple[Ints, Floats] | None = None

    def admit(
        self,
        rows: Ints,
        prompts: Sequence[Sequence[int]],
        ids: Sequence[str],
        first: Sequence[int] | None = None,
    ) -> None:
        """Put new samples in rows; what these held before is gone.

        Args:
            first: position of each row's next token in its whole answer, where a part of that
                stands in the prompt; it chooses the uniforms.
        """
        for row, prompt in zip(rows, prompts, strict=True):
            self.tokens[row, : len(prompt)] = prompt
        self.length[rows] = self.prompt[rows] = [len(prompt) for prompt in prompts]
        self.done[rows] = False
        self.counts[rows] = 0
        self.state.reset(rows)
        key, reach = keys(self.seed, ids), self.table.shape[1]
        self.key[rows], self.first[rows], self.fresh = key, first or 0, None
        for start in sorted(set(first or [0])):
            alike = np.flatnonzero(np.asarray(first or [0] * len(ids)) == start)
            self.table[rows[alike]] = uniforms(key[alike], start, reach)[:, :, : len(Purpose)]

    @property
    def position(self) -> Ints:
        """Index of the next output token of each row."""
        return self.length - self.prompt

    def draws(self, purpose: Purpose, width: int) -> Floats:
        """Return the uniforms of the next `width` positions, float32 (B, width)."""
        if self.options.looks_ahead:
            return self._own_draws()[:, :width, purpose]
        ahead = self.position[:, None] + np.arange(width)
        drawn: Floats = self.table[self.index[:, None], ahead, purpose]
        return drawn

    def _own_draws(self) -> Floats:
        """Return the uniforms of this round alone, float32 (B, γ+1, purposes)."""
        start = self.first + self.position
        # The same for draft, test and bonus of a round: a length that moved begins another one.
        if self.fresh is None or not np.array_equal(self.fresh[0], start):
            drawn = round_uniforms(self.key, start, self.options.gamma + 1)
            self.fresh = start, drawn
        return self.fresh[1]

    def room(self) -> Ints:
        """How many tokens may be drafted in each row: ``min(γ, L_max - t - 1)``, 0 if finished."""
        position = self.position
        room = np.minimum(self.options.gamma, self.options.max_tokens - position - 1)
        if self.options.first_block == "target":
            room = np.where(position == 0, 0, room)
        return np.where(self.done, 0, room)

    def append(self, block: RoundTokens, ends: Flags, stop: Stop | None) -> None:
        """Add a round's tokens to the rows that are not finished, and finish those that are.

        Args:
            ends: (V,), whether a token is an EOS.
        """
        live = ~self.done
        self._write(block)
        count = np.where(live, block.count, 0)
        tally = np.stack((np.full_like(count, block.rounds), block.drafted, block.accepted), 1)
        self.counts += tally * live[:, None]
        self.length += count
        self._finish(live, ends)
        if stop is not None:
            for row in np.flatnonzero(live):
                self._cut(int(row), int(count[row]), int(block.accepted[row]), stop)

    def _write(self, block: RoundTokens) -> None:
        # Columns past `count` land in slots that a later round writes before they are read.
        slots = self.length[:, None] + np.arange(block.tokens.shape[1])
        row = self.index[:, None]
        self.tokens[row, slots] = block.tokens
        self.fragile[row, slots] = block.fragile
        if block.logprobs is not None:
            self.logprobs[row, slots] = block.logprobs

    def _finish(self, live: Flags, ends: Flags) -> None:
        # An EOS can only be the last token of a round.
        eos = ends[self.tokens[self.index, self.length - 1]]
        full = self.position >= self.options.max_tokens
        self.finish = np.where(live, np.where(eos, 0, 2), self.finish)
        self.done = self.done | (live & (eos | full))

    def _cut(self, row: int, count: int, accepted: int, stop: Stop) -> None:
        """Shorten a row at the first token that completes a stop; an EOS goes before a stop."""
        begin, end = int(self.prompt[row]), int(self.length[row])
        output = self.tokens[row, begin:end].tolist()
        last = len(output) - (self.done[row] and self.finish[row] == 0)
        for size in range(len(output) - count + 1, last + 1):
            if stop(output[:size]):
                kept = size - (len(output) - count)
                self.counts[row, 2] -= accepted - min(accepted, kept)
                self.length[row], self.done[row], self.finish[row] = begin + size, True, 1
                return

    def narrow(self, kept: Ints) -> None:
        """Go on with the rows `kept` alone."""
        self.index = np.arange(len(kept))
        self.state = self.state.of(kept)
        self.fresh = None
        for name in _BY_ROW:
            setattr(self, name, getattr(self, name)[kept])

    def result(self, row: int) -> Decoded:
        """Return what a finished row holds."""
        span = slice(int(self.prompt[row]), int(self.length[row]))
        rounds, drafted, accepted = self.counts[row].tolist()
        marks: NDArray[np.intp] = np.flatnonzero(self.fragile[row, span])
        return Decoded(
            token_ids=tuple(self.tokens[row, span].tolist()),
            finish=_FINISH[int(self.finish[row])],
            rounds=rounds,
            drafted=drafted,
            accepted=accepted,
            fragile=tuple(marks.tolist()),
            logprobs=tuple(self.logprobs[row, span].tolist()),
        )


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
