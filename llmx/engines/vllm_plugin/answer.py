"""What is remembered of one request between steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from llmx.core.philox import Purpose, keys, uniforms
from llmx.decoding.accept import Floats
from llmx.decoding.stateful_rule import remembered
from llmx.engines.vllm_plugin.rule import RequestRule

if TYPE_CHECKING:
    from torch import Tensor

_AHEAD = 256  # positions whose uniforms are drawn at once


@dataclass(frozen=True)
class DraftedBlock:
    """The drafted tokens of one request, views into the tensors of the batch.

    Attributes:
        tokens: int64 (K,).
        ids: the same, on the host.
        logits: raw logits of the draft, float32 (K, V).
        probs: the distribution that each token was drawn from, float32 (K, V); None = one-hot.
        bands: int64 (K, 3), see :func:`llmx.decoding.draw.band`; None for the arg-max.
    """

    tokens: Tensor
    ids: list[int]
    logits: Tensor
    probs: Tensor | None
    bands: Tensor | None


@dataclass
class Tally:
    """What became of a request.

    Attributes:
        rounds: for each forward pass of the target: tokens drafted, accepted, emitted.
        divergences: nats, at every drafted token that was looked at, position in its block first.
        fragile: output positions decided by a margin under 1e-4.
    """

    rounds: list[tuple[int, int, int]] = field(default_factory=list)
    divergences: list[tuple[int, float]] = field(default_factory=list)
    fragile: list[int] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Return it as lists, to be sent between processes."""
        return {
            "rounds": [list(one) for one in self.rounds],
            "divergences": [list(one) for one in self.divergences],
            "fragile": list(self.fragile),
        }


class InFlight:
    """One request in flight: its rule and what that remembers, uniforms, drafted block, counts."""

    def __init__(self, rule: RequestRule) -> None:
        self.rule = rule
        start = remembered(1, rule.options)
        self.held = {name: float(getattr(start, name)[0]) for name in start.held}
        self.block: DraftedBlock | None = None
        self.skipped = False
        self.tally = Tally()
        self._key = keys(rule.seed, [rule.id])
        self._table = np.zeros((0, len(Purpose)), dtype=np.float32)

    @property
    def drafts(self) -> bool:
        """Whether drafted tokens are of any use to it."""
        return self.rule.options.uses_target and self.rule.options.uses_draft

    def draws(self, purpose: Purpose, position: int, width: int) -> Floats:
        """Return the uniforms of `width` output positions, float32 (width,)."""
        if position + width > len(self._table):
            more = len(self._table) + width + _AHEAD
            self._table = uniforms(self._key, 0, position + more)[0, :, : len(Purpose)]
        drawn: Floats = self._table[position : position + width, purpose]
        return drawn

    def room(self, position: int) -> int:
        """How many tokens may be drafted before an output position: none before the first."""
        if position == 0:
            return 0
        return max(min(self.rule.options.gamma, self.rule.options.max_tokens - position - 1), 0)
