"""The loosest threshold of a lossy rule whose answers are as accurate as wanted.

Thresholds are tried from strict to loose, and a looser one only after all tighter ones have passed:
first in four strides, then halfway between the loosest that passed and the first that failed. So
whatever is returned has passed, and so has every tighter threshold that was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmx.papers.fsd.calibrate import Solver

RUNGS = 65
"""Thresholds to choose from: four strides of sixteen, each halved four times."""

_STRIDES = 4
_LEAST = 1e-6  # of its own tokens that the target is taken to give at the loose end


@dataclass(frozen=True)
class Answers:
    """What one threshold gave on the calibration problems, in their order."""

    correct: tuple[bool, ...]
    share: float


@dataclass(frozen=True)
class Loss:
    """Accuracy that answers lose to lossless ones of the same problems.

    Attributes:
        accuracy: share of problems answered right.
        loss: lossless accuracy - accuracy; negative where the rule does better.
        standard_error: of `loss`, over paired problems.
    """

    accuracy: float
    loss: float
    standard_error: float


def paired_loss(lossless: Sequence[bool], found: Sequence[bool]) -> Loss:
    """Compare two rules problem by problem.

    Raises:
        ValueError: if they did not answer equally many problems, or none.
    """
    gaps = [int(one) - int(other) for one, other in zip(lossless, found, strict=True)]
    if not gaps:
        raise ValueError("no problem was answered")
    n = len(gaps)
    mean = sum(gaps) / n
    spread = sum((gap - mean) ** 2 for gap in gaps) / max(1, n - 1)
    return Loss(sum(found) / n, mean, sqrt(spread / n))


def within(loss: Loss, asked: float) -> bool:
    """Whether a loss is at most the asked one: as estimated, without a margin."""
    return loss.loss <= asked + 1e-9


def rungs(solver: Solver, count: int = RUNGS) -> list[float]:
    """Return increasing distances whose predicted draft shares span all that the rule can have.

    They are even in the logarithm of what the target gives itself (1 - share): near the top half a
    point of share is most of the way from no loss to a large one.
    """
    strict, least = solver.solve(0.0)
    loose, most = solver.solve(1.0)
    own, end = max(_LEAST, 1 - least), max(_LEAST, 1 - most)
    ratio = (end / own) ** (1 / (count - 1))
    inner = [solver.solve(1 - own * ratio**step)[0] for step in range(1, count - 1)]
    return sorted({strict, loose, *(one for one in inner if strict <= one <= loose)})


def loosest(passes: Callable[[int], bool], size: int, tries: int) -> int:
    """Return the loosest of `size` rungs that passes, as far as `tries` tell; 0 if none did.

    Rung 0, the strictest, is not tried. Eight tries (four strides, four halvings) tell two
    neighbours of 65 rungs apart.
    """
    low, high = 0, size
    stride = max(1, ceil((size - 1) / _STRIDES))
    for _ in range(tries):
        at = (low + high) // 2 if high < size else min(low + stride, size - 1)
        if at == low:
            break
        low, high = (at, high) if passes(at) else (low, at)
    return low
