"""Accept rules with a memory: ``accept.NAME`` of a paper, between the loop and what it decides.

Such a rule compares both models at every drafted token, and what it lets pass may depend on what
the answer was given before (:class:`ThresholdState`). A rule that looks at one
token alone is an :class:`~llmx.decoding.accept_rule.AcceptRule`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from llmx.core.registry import lookup
from llmx.decoding.accept import Doubles, Ints

if TYPE_CHECKING:
    from typing import Self

    from torch import Tensor

    from llmx.decoding.accept import Doubles, Flags, Floats, Ints
    from llmx.decoding.block_model import Numbers
    from llmx.decoding.options import DecodeOptions
    from llmx.decoding.propose import Proposal


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


Beside = Literal["ratio", "first"]
"""A lossless test that stands beside a rule: the speculative one, or "drafted token = arg-max"."""


@dataclass(frozen=True)
class Closeness:
    """How close both models are at each drafted token.

    Attributes:
        divergence: what the threshold bounds, float32 (B, K).
        chance: p of each token, of the distributions that are compared, float32 (B, K); None
            where no floor asks for it.
    """

    divergence: Floats
    chance: Floats | None


@dataclass(frozen=True)
class Decision:
    """What a rule says of each drafted token; (B, K) each.

    Attributes:
        accept: whether it passes.
        margin: float32, distance of the nearest comparison from turning over.
        charge: float64, what the token costs its answer if it is emitted.
    """

    accept: Flags
    margin: Floats
    charge: Doubles


class StatefulRule(ABC):
    """One rule. It has no fields of its own: one object serves all answers of all runs.

    Attributes:
        version: to be raised whenever the rule changes; of a rule that a package brings it is part
            of what a sample depends on.
        settings: of ``sampler``, which it reads besides the threshold and those of all that draft;
            a setting that is not named here parts no work.
    """

    version: ClassVar[int] = 1
    settings: ClassVar[frozenset[str]] = frozenset()

    def remember(self, size: int, options: DecodeOptions) -> ThresholdState:
        """Return what is remembered of `size` new answers; a rule may have a kind of its own."""
        return ThresholdState(size, options)

    def beside(self, options: DecodeOptions) -> Beside | None:
        """Return the lossless test that lets a token stand whatever the rule says of it.

        Beside the speculative test a replacement is drawn from its residual, else from the target.
        """
        return None

    def reads_warped(self, options: DecodeOptions) -> bool:
        """Whether `compare` reads p of every drafted token as it is drawn from."""
        return False

    def reads_numbers(self, options: DecodeOptions) -> bool:
        """Whether what a block model reads is enough: ``options.divergence``, raw, and raw p.

        A block model may end a row at the first token that neither test beside the rule lets pass
        and whose divergence is above its limit or whose p is below ``options.floor``: such a rule
        has to refuse it too. It may refuse more.
        """
        return False

    @abstractmethod
    def limits(self, tokens: Ints, state: ThresholdState, options: DecodeOptions) -> Doubles:
        """Return the threshold of each token, float64 (B, 1) or (B, K)."""

    @abstractmethod
    def compare(
        self, logits: Tensor, probs: Tensor | None, proposal: Proposal, options: DecodeOptions
    ) -> Closeness:
        """Compare both models at every drafted token.

        Args:
            logits: raw, of the target, float32 (B, K, V).
            probs: p, warped, float32 (B, K, V); there where `reads_warped` asks for it.
        """

    def read(self, found: Numbers, options: DecodeOptions) -> Closeness:
        """Return the same from the numbers that a block model read; see `reads_numbers`."""
        return Closeness(found.divergence, found.chance if options.floor > 0 else None)

    @abstractmethod
    def decide(
        self,
        close: Closeness,
        tokens: Ints,
        exempt: Flags | None,
        state: ThresholdState,
        options: DecodeOptions,
    ) -> Decision:
        """Decide a block; what was not looked at is NaN, and may be said anything of.

        A rule changes nothing of `state` here: what stands is known afterwards, and charged then.

        Args:
            tokens: int64 (B, K), drafted.
            exempt: (B, K), tokens that the test beside the rule lets stand: they cost nothing.
        """


def stateful_rule(algorithm: str) -> StatefulRule | None:
    """Return the rule of an algorithm if it is of this kind; it is imported for that.

    Raises:
        ConfigError: if there is none of that name, or a plugin's cannot be loaded.
    """
    if algorithm in ("target", "draft"):
        return None
    found = lookup("accept", algorithm)
    return found if isinstance(found, StatefulRule) else None


def remembered(size: int, options: DecodeOptions) -> ThresholdState:
    """Return what the rule of a run remembers of `size` new answers."""
    rule = options.stateful
    return ThresholdState(size, options) if rule is None else rule.remember(size, options)
