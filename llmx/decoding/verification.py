"""What the target says of a drafted block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmx.decoding.accept import Doubles, Flags, Floats

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Verification:
    """The target's view of a drafted block of K tokens.

    Attributes:
        logits: raw logits of the target, float32 (B, K+1, V).
        scores: those that tokens are drawn from, penalties included.
        probs: p, warped, (B, K+1, V); None where the rule needs p at one position only.
        accept: (B, K), the rule at each drafted token, taken alone.
        margin: float32 (B, K), distance of the nearest comparison from turning over.
        divergence: float32 (B, K); None where the rule does not use it.
        charge: float64 (B, K), what each token costs the answer's budget; None as above.
        weights: float32 (B, K+1), of the target in the residual after so many accepted tokens;
            None = 1.
    """

    logits: Tensor
    scores: Tensor
    probs: Tensor | None
    accept: Flags
    margin: Floats
    divergence: Floats | None = None
    charge: Doubles | None = None
    weights: Floats | None = None
