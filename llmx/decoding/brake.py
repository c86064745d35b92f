"""Where a draft stops: before a position at which the draft itself is not sure enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from llmx.decoding.accept import Flags, Floats, Ints
from llmx.decoding.cached_model import on_host
from llmx.decoding.draw import FRAGILE

if TYPE_CHECKING:
    from torch import Tensor

Item = TypeVar("Item")


@dataclass(frozen=True)
class Stops:
    """Where the drafts of a block stop.

    Attributes:
        reach: int64 (B,), drafted tokens before the first position under the bound.
        near: bool (B, K), whether a position is so near to the bound that rounding may decide.
    """

    reach: Ints
    near: Flags

    def cut(self, width: int) -> Stops:
        """Return the stops of the first `width` columns."""
        return Stops(np.minimum(self.reach, width), self.near[:, :width])

    def in_doubt(self, valid: Ints, room: Ints) -> Flags:
        """Return (B, K): the positions near the bound at which a token was, or might be, drafted.

        Args:
            valid: (B,), drafted tokens that count.
            room: (B,), tokens that the round might have drafted.
        """
        column = np.arange(self.near.shape[1])
        asked: Flags = (column <= valid[:, None]) & (column < room[:, None])
        return self.near & asked


class Brake:
    """Looks at each position of a block before a token is drawn there.

    What it says of a position is a function of the tokens before it. The token that is then drawn
    has no part in it: otherwise the draft would no longer follow its q, and speculation would no
    longer be lossless.
    """

    def __init__(self, bound: float) -> None:
        self.bound = bound
        self.seen: list[Floats] = []

    def look(self, scores: Tensor) -> None:
        """Note how sure the draft is of its likeliest token.

        Args:
            scores: float32 (B, V), penalties included; taken at temperature 1, nothing cut off.
        """
        if self.bound:
            self.seen.append(on_host(scores.softmax(-1).amax(-1)))

    def holds(self, room: Ints | None) -> bool:
        """Whether no row can use another token; None = all rows draft whole blocks."""
        if not self.bound or room is None:
            return False
        stopped = (np.stack(self.seen, 1) < self.bound).any(1)
        return bool((stopped | (room <= len(self.seen))).all())

    def stops(self, width: int) -> Stops | None:
        """Return where each row stops in a block of `width` positions; None without a bound."""
        return stops_of(np.stack(padded(self.seen, width), 1), self.bound) if self.bound else None


def stops_of(sure: Floats, bound: float) -> Stops | None:
    """Return where rows stop, from how sure the draft is at each position, (B, K); NaN is sure."""
    if not bound:
        return None
    under = sure < bound
    reach = np.where(under.any(1), under.argmax(1), sure.shape[1])
    return Stops(reach, np.abs(sure - bound) < FRAGILE)


def padded(parts: Sequence[Item], width: int) -> list[Item]:
    """Return `width` parts; those that no row asked for repeat the last, and never count."""
    return [parts[min(at, len(parts) - 1)] for at in range(width)]
