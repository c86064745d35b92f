"""Time to the first token in formulas, to hold the simulator to.

Staircase Streaming (arXiv 2510.05059) as a review prints it: without streaming the slowest
proposer's whole answer, with it the slowest first chunk, and the aggregator's prefill after either.
Here the first token of a chunk comes with the end of its prefill, so a chunk of c tokens takes
``prefill + (c - 1) τ``; and layers add up, each with the prefill of what it heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """One speaker on a replica of its own: seconds of its prefill, and of each further token."""

    prefill: float
    per_token: float
    tokens: int

    def seconds(self, count: int) -> float:
        """Return the seconds until `count` tokens, or the whole shorter answer, are there."""
        return self.prefill + (min(count, self.tokens) - 1) * self.per_token


def ttft(layers: Sequence[Sequence[Member]], final_prefill: float, chunk: int | None) -> float:
    """Return seconds to the first token of the answer.

    Args:
        layers: the proposers of each layer.
        final_prefill: of the aggregator.
        chunk: tokens of the first chunk; None = whole answers.
    """
    slowest = (
        max(one.seconds(one.tokens if chunk is None else chunk) for one in layer)
        for layer in layers
    )
    return sum(slowest) + final_prefill
