"""Which tokens an output may go on with: a bound on what is drawn, whatever the model wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from llmx.decoding.accept import Flags

if TYPE_CHECKING:
    from llmx.decoding.rows import Rows

FORBIDDEN = -1e30
"""Score of a token that may not come: finite, so that differences of two of them are numbers."""


class Constraint(Protocol):
    """Of one output. It is asked along one path: each question goes on from the one before."""

    def allowed(self, output: Sequence[int], size: int) -> Flags:
        """Return the tokens that may follow, bool (size,); never none.

        Args:
            output: tokens drawn so far.
            size: of the vocabulary that is drawn from.
        """


def allowed_tokens(rows: Rows, held: Sequence[Constraint | None], vocab: int) -> Flags | None:
    """Return what each row may draw next, bool (B, V); None where no row is bound.

    Args:
        held: the constraint of each row's output; None = any token.
    """
    if not any(one is not None for one in held):
        return None
    found: Flags = np.ones((len(held), vocab), dtype=np.bool_)
    for row, one in enumerate(held):
        if one is not None:
            output = rows.tokens[row, rows.prompt[row] : rows.length[row]]
            found[row] = one.allowed(output.tolist(), vocab)
    return found


def forbid(scores: Any, allowed: Flags) -> Any:
    """Return scores (B, K, V), a tensor or an array, without the tokens that may not come."""
    if isinstance(scores, np.ndarray):
        return np.where(allowed[:, None], scores, np.float32(FORBIDDEN))
    import torch

    kept = torch.from_numpy(allowed).to(scores.device).unsqueeze(1)
    return scores.masked_fill(~kept, FORBIDDEN)
