"""What a rule remembers of each answer: its threshold, and what its accepts have cost.

Both are functions of the answer's own past alone, so an answer does not depend on its neighbours
in a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from llmx.decoding.accept import Doubles, Ints

if TYPE_CHECKING:
    from typing import Self

    from llmx.decoding.options import DecodeOptions

# No threshold is held below or above these: a loop that lost its grip would need as many rounds
# to come back as it took to get there.
_LEAST, _MOST = 1e-6, 10.0


class ThresholdState:
    """Threshold and spent budget of the rows of a batch.

    The held threshold moves by integral control in the logarithm:
    ``ln T += g (s · emitted - accepted) / (γ + 1)`` after each round, so that T comes to rest only
    where accepted tokens are the share s of the emitted ones.

    Attributes:
        held: names of what is remembered, float64 (B,) each; a rule may remember more.
        threshold: nats.
        spent: divergences charged so far, nats.
    """

    held: ClassVar[tuple[str, ...]] = ("threshold", "spent")

    def __init__(self, size: int, options: DecodeOptions) -> None:
        self.options = options
        self.threshold: Doubles = np.full(size, options.threshold, dtype=np.float64)
        self.spent: Doubles = np.zeros(size)

    def reset(self, rows: Ints) -> None:
        """Begin new answers in some rows."""
        self.threshold[rows] = self.options.threshold
        self.spent[rows] = 0

    def of(self, rows: Ints) -> Self:
        """Return what is remembered of some rows alone."""
        found = type(self)(len(rows), self.options)
        for name in self.held:
            setattr(found, name, getattr(self, name)[rows])
        return found

    def pay(self, charge: Doubles, accepted: Ints) -> None:
        """Charge accepted tokens to their answers.

        Added one after the other: how `sum` adds depends on the block's width, so on neighbours.

        Args:
            charge: (B, K), nats.
            accepted: (B,), the first tokens of the block that were kept.
        """
        paid = charge.cumsum(1)
        self.spent += np.where(accepted > 0, paid[np.arange(len(paid)), accepted - 1], 0.0)

    def turn(self, accepted: Ints, emitted: Ints) -> None:
        """Move the threshold after a round; without a share to hold it stays.

        Args:
            accepted: (B,), drafted tokens that were kept.
            emitted: (B,), tokens that the round gave; 0 in rows without room to draft.
        """
        share = self.options.hold_share
        if share is None:
            return
        error = (share * emitted - accepted) / (self.options.gamma + 1)
        moved = self.threshold * np.exp(self.options.hold_gain * error)
        # Nor is it brought into bounds: a row that drafts nothing yet waits beside others that do.
        self.threshold = np.where(emitted > 0, moved.clip(_LEAST, _MOST), self.threshold)
