"""What is compared: a method at a size, with its accuracy and cost on every problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

COSTS = (
    "prompt",  # tokens sent, cached ones among them
    "cached",  # of them found in a prefix cache
    "completion",  # tokens received
    "calls",  # requests to a model
    "longest",  # tokens of the longest chain in which each waits for the one before
    "flops",
    "seconds",
    "money",
)
"""Kinds of cost of a point, by name; what nobody counted is left out of its costs."""


@dataclass(frozen=True, eq=False)
class ProblemDraws:
    """The draws of one problem; M draws, C classes of equal answers.

    Attributes:
        classes: (M,) class of each draw's answer, numbered in the order of their first draws;
            -1 = nothing was read, and such a draw votes for nothing.
        right: (C,) whether the answers of a class are right; at most one class is.
        prompt: tokens of the prompt; of the first draw, where others are shown options in another
            order.
        begun: of them those with which the prompts of all draws begin; None = they are one prompt.
        tokens: (M,) tokens of each draw.
        cut: (M,) whether a draw ended at the cap.
        certainty: (M,) mean log-probability of each draw's tokens, nats; NaN where a draw has none,
            None where no draw of the problem has one.
    """

    id: str
    cluster: str
    classes: Ints
    right: Bools
    prompt: int
    tokens: Ints
    cut: Bools
    certainty: Floats | None = None
    begun: int | None = None

    @property
    def draws(self) -> int:
        """M."""
        return len(self.classes)

    @property
    def counts(self) -> Ints:
        """(C,) draws of each class."""
        found = np.bincount(self.classes[self.classes >= 0], minlength=len(self.right))
        return found.astype(np.int64)

    @property
    def correct(self) -> Bools:
        """(M,) whether each draw is right."""
        found = np.zeros(self.draws, dtype=np.bool_)
        read = self.classes >= 0
        found[read] = self.right[self.classes[read]]
        return found


@dataclass(frozen=True, eq=False)
class MethodPoint:
    """A method at a size, on P problems.

    Attributes:
        method: ``single``, ``majority``, ``self_score``, ``revise`` …
        size: what the method is given: draws, rounds, or percent of the thinking that is kept.
        accuracy: (P,) expected share of right answers of each problem, over subsets and ties.
        costs: kind of :data:`COSTS` → (P,) mean cost of each problem.
        unparsed: share of answers that none could be read from.
        cut: share of draws that ended at the cap.
        error: standard error of the mean accuracy that Monte Carlo adds; 0 where it is exact.
    """

    arm: str
    method: str
    size: int
    accuracy: Floats
    costs: Mapping[str, Floats]
    unparsed: float = 0.0
    cut: float = 0.0
    error: float = 0.0

    @property
    def mean(self) -> float:
        """Accuracy over the problems."""
        return float(self.accuracy.mean())

    def cost(self, kind: str) -> float:
        """Return the mean cost of a problem; NaN where nobody counted it."""
        found = self.costs.get(kind)
        return float("nan") if found is None else float(found.mean())
