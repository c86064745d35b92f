"""Spearman's rank correlation as a mean over pairs, and its interval from drawing pairs again.

Spearman's rho is no mean, and what reads scores (differences of arms, seeds, clusters) takes means
of a value a problem. So each pair has a *pseudo-value*: rho plus the pair's empirical influence on
it. Their mean is rho itself, and the spread of that mean is rho's own to first order (infinitesimal
jackknife; Jaeckel 1972; Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, ch. 22). An
interval from drawing pairs again, each time with ranks of its own, stands beside it.

Everything is times 100, as tables of sentence similarity have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from llmx.core.errors import DataError
from llmx.scoring.ranking import spearman

if TYPE_CHECKING:
    from numpy import float64, int64
    from numpy.typing import NDArray

DRAWS = 2000


@dataclass(frozen=True)
class RankCorrelation:
    """Similarities by a model and by people.

    Args:
        scores: float64 (n,), by the model.
        gold: float64 (n,), by people.
    """

    scores: NDArray[float64]
    gold: NDArray[float64]

    @classmethod
    def of(cls, scores: Sequence[float], gold: Sequence[float]) -> RankCorrelation:
        """Return it of two sides.

        Raises:
            DataError: if they differ in length, have under two values, one is not finite, or one
                side has no two different values, so that there is no correlation.
        """
        import numpy as np

        value = spearman(scores, gold)
        if value != value:
            side = "people" if len(set(gold)) < 2 else "the model"
            text = f"{side} gave all {len(gold)} pairs one similarity: there is no correlation"
            raise DataError(text, "more pairs, or a model that was trained")
        return cls(np.asarray(scores, np.float64), np.asarray(gold, np.float64))

    @property
    def value(self) -> float:
        """Spearman's rho times 100."""
        return spearman(self.scores.tolist(), self.gold.tolist())

    def pseudo_values(self) -> NDArray[float64]:
        """Return float64 (n,), whose mean is :attr:`value`."""
        return self.value + self.influences()

    def influences(self) -> NDArray[float64]:
        """Return the influence of each pair, float64 (n,), whose mean is 0.

        With weights w, F_i the weighted share of scores below score i (and half of those equal to
        it), and G_i the same of `gold`, rho is the correlation of F and G. What is returned is its
        derivative towards more weight of pair i: of its own product, and of the ranks of others.
        """
        import numpy as np

        equal = np.full(len(self.gold), 1 / len(self.gold))
        one, other = (_shares(place, equal) for place in self._places)
        moved = one * other + _above(self._places[0], equal * other)
        moved += _above(self._places[1], equal * one)
        spread = [
            side * side + 2 * _above(place, equal * side)
            for side, place in zip((one, other), self._places, strict=True)
        ]
        variances = [np.var(side) for side in (one, other)]
        rho = np.mean((one - 0.5) * (other - 0.5)) / np.sqrt(variances[0] * variances[1])
        slope = (moved - moved.mean()) / np.sqrt(variances[0] * variances[1])
        for found, variance in zip(spread, variances, strict=True):
            slope -= rho / 2 * (found - found.mean()) / variance
        result: NDArray[float64] = 100 * (slope - slope.mean())
        return result

    def interval(self, level: float = 0.95, draws: int = DRAWS, seed: int = 0) -> tuple[float, ...]:
        """Return the percentile interval over pairs that are drawn again, with new ranks each time.

        Returns:
            low and high; nan for both where a draw in twenty or more has no correlation.
        """
        import numpy as np

        rng = np.random.Generator(np.random.Philox(seed))
        size = len(self.gold)
        equal = np.full(size, 1 / size)
        found = np.array([self.weighted(rng.multinomial(size, equal) / size) for _ in range(draws)])
        known = found[np.isfinite(found)]
        if len(known) < 0.95 * draws:
            return (float("nan"), float("nan"))
        ends = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
        return (float(ends[0]), float(ends[1]))

    def weighted(self, weights: NDArray[float64]) -> float:
        """Return rho times 100 of pairs with weights, float64 (n,), of which the sum is 1."""
        import numpy as np

        one, other = (_shares(place, weights) - 0.5 for place in self._places)
        spread = np.sqrt((weights @ (one * one)) * (weights @ (other * other)))
        return float(100 * (weights @ (one * other)) / spread) if spread > 0 else float("nan")

    @cached_property
    def _places(self) -> tuple[NDArray[int64], NDArray[int64]]:
        """Places among the different values of each side, in ascending order."""
        import numpy as np

        one, other = (
            np.unique(side, return_inverse=True)[1].astype(np.int64)
            for side in (self.scores, self.gold)
        )
        return one, other


def _shares(place: NDArray[int64], weights: NDArray[float64]) -> NDArray[float64]:
    """Return the weight below each pair, and half of that equal to it; its mean is 1/2."""
    import numpy as np

    held = np.bincount(place, weights)
    found: NDArray[float64] = (np.cumsum(held) - held / 2)[place]
    return found


def _above(place: NDArray[int64], weights: NDArray[float64]) -> NDArray[float64]:
    """Return the weight above each pair, and half of that equal to it."""
    import numpy as np

    held = np.bincount(place, weights)
    found: NDArray[float64] = (held.sum() - np.cumsum(held) + held / 2)[place]
    return found
