"""What a loop may ask of a model that does a whole block in one call.

Such a model's logits depend on a row's own tokens alone, bit for bit, whatever else is in the
batch: so rows may come and go, and an answer is a function of its request. The rules stay here;
the model only gives the numbers that they read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, cast

import numpy as np

from llmx.decoding.accept import Doubles, Flags, Floats, Ints
from llmx.decoding.options import DecodeOptions
from llmx.decoding.step_model import StepModel


@dataclass(frozen=True)
class DraftJob:
    """A block of K tokens to draft in each of B rows.

    Attributes:
        pair: (B, 2), the last two tokens of each row; `begin`: (B,), the slot of the first.
        last: (B,), which of the two is the row's last: 0 for a row of one token.
        u: (B, K, 3), uniforms and those to their sides.
        most: (B,), tokens that each row can use; no more are drafted.
        vocab: tokens that both models know.
        whole: a row goes on behind a stop (``options.stop_below``).
    """

    pair: Ints
    begin: Ints
    last: Ints
    u: Floats
    most: Ints
    vocab: int
    options: DecodeOptions
    whole: bool = False


@dataclass(frozen=True)
class Drafted:
    """What was drafted.

    Attributes:
        logits: (B, K, V or more), raw.
        tokens: (B, K).
        bands: (B, K, 3), what was drawn and what nearly was; None for the arg-max.
        lead: (B, K), how far the arg-max was ahead; None for drawn tokens.
        sure: (B, K), probability of the likeliest token at temperature 1, where a stop asks for
            it; NaN elsewhere. Columns that were not drafted hold nothing.
    """

    logits: Floats
    tokens: Ints
    bands: Ints | None
    lead: Floats | None
    sure: Floats


@dataclass(frozen=True)
class CompareJob:
    """A drafted block to read.

    Attributes:
        target: raw logits, (B, K+1, V); `draft`: (B, K, V). Tensors or arrays.
        tokens: (B, K), `valid`: (B,), how many of them count.
        u: (B, K), uniforms of the ratio test; `limits`: (B, K), thresholds, nats.
        stop: a row may end at its first rejection.
    """

    target: Any
    draft: Any
    tokens: Ints
    valid: Ints
    u: Floats
    limits: Doubles
    options: DecodeOptions
    stop: bool


@dataclass(frozen=True)
class Numbers:
    """What rules read, (B, K) each; NaN (and -1) where nothing was looked at.

    Attributes:
        divergence: of the raw distributions, nats; `chance`: raw p of the token.
        p, q: of the token, warped.
        best, lead: the target's arg-max, and how far it is ahead.
        aside: (2, B, K), what a rule that is none of these reads besides: for ``block`` what is
            left of the target, see :func:`~llmx.decoding.block_rule.block_rule`.
    """

    divergence: Floats
    chance: Floats
    p: Floats
    q: Floats
    lead: Floats
    best: Ints
    aside: Floats

    @classmethod
    def empty(cls, rows: int, width: int) -> Numbers:
        """Return a block of which nothing is known."""
        d, chance, p, q, lead, *aside = np.full((7, rows, width), np.nan, np.float32)
        best = np.full((rows, width), -1, np.int64)
        return cls(d, chance, p, q, lead, best, np.stack(aside))


@dataclass(frozen=True)
class FollowJob:
    """A token to draw in each row.

    Attributes:
        target: raw logits, (B, C, V); `column`: (B,), where to draw.
        u: (B, 3), a uniform and those to its sides.
        draft: raw logits (B, K, V) to take away where the column was `rejected` (B,), and the
            `tokens` (B, K) that were drafted; None = nothing is taken away.
        weight: (B,), of the target in what it is taken away from; None = 1.
    """

    target: Any
    column: Ints
    u: Floats
    options: DecodeOptions
    draft: Any = None
    tokens: Ints | None = None
    rejected: Flags | None = None
    weight: Floats | None = None


@dataclass(frozen=True)
class Drawn:
    """Tokens drawn, (B, 3): what was and what nearly was; `lead` (B,) of an arg-max."""

    tokens: Ints
    lead: Floats


class BlockModel(StepModel, Protocol):
    """A step model that is exact a row, and does whole blocks. It works on arrays of the host."""

    does_blocks: ClassVar[bool]
    """Always true; see :func:`as_blocks`."""

    def feed(self, tokens: Ints, start: Ints, cache: Any) -> Floats:
        """Return what `forward` does, as an array (B, K, V or more)."""

    def fill(self, tokens: Ints, rows: Ints, cache: Any) -> None:
        """Do what `prefill` does."""

    def narrow(self, cache: Any, kept: Ints) -> Any:
        """Return a cache seen by the rows `kept` alone, in that order."""

    def draft(self, cache: Any, job: DraftJob) -> Drafted:
        """Draft a block in every row."""

    def compare(self, job: CompareJob) -> Numbers:
        """Read a drafted block."""

    def follow(self, job: FollowJob) -> Drawn:
        """Draw the token after the accepted ones."""


def as_blocks(model: StepModel) -> BlockModel | None:
    """Return a model as what it is if it does blocks, else None.

    It says so itself: to look for its methods would ask for its device, which brings torch.
    """
    return cast(BlockModel, model) if getattr(model, "does_blocks", False) else None


def is_exact(*models: StepModel | None) -> bool:
    """Whether answers of these models depend on their own prompts alone, bit for bit."""
    return all(as_blocks(model) is not None for model in models if model is not None)


def reads(options: DecodeOptions) -> bool:
    """Whether a block model's numbers are all that the rule needs.

    The others (penalties, truncated or warped divergences, transformers' mixture of arg-maxes,
    rules that a package brings) read whole distributions, which the loop computes itself.
    """
    rule = options.stateful
    whole = rule is not None and not rule.reads_numbers(options)
    mixed = options.algorithm == "ensemble" and options.temperature == 0
    return not (options.penalised or whole or mixed or options.brought)
