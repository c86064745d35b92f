"""A correlation over arms, freed of the noise of its measurement.

Accuracies on finitely many problems and seeds vary over arms even where the arms do not: the
correlation of what was measured lies nearer to 0 than that of what there is (Spearman 1904,
Am. J. Psychol. 15, p. 72). Both accuracies are of the same problems and seeds, so their noise goes
together too: variances and covariance are freed of it alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmx.core.figure import Span
from llmx.report.training.noise import measured
from llmx.report.training.worlds import Worlds, worlds

Floats = NDArray[np.float64]

LEVEL = 0.95
_HALVINGS = 16


@dataclass(frozen=True)
class Disattenuated:
    """A correlation of two accuracies.

    Attributes:
        span: None where one side varies no more than its noise would alone.
        reliability: of both sides: the share of the variance over arms that is no noise.
    """

    span: Span | None
    reliability: tuple[float, float]


def disattenuated(values: Floats) -> Disattenuated:
    """Return the correlation over arms, with a 95 % interval over problems and seeds.

    The arms are taken as they are: it says nothing of arms that there could be. The interval holds
    the correlations that a test at 2.5 % to either side does not refuse; see :class:`Worlds`. Noise
    can take an estimate beyond 1: it is then 1.

    Args:
        values: float64 (arms, problems, seeds, 2), with two problems or more.
    """
    noise = measured(values)
    observed = noise.means.T @ noise.means / (len(values) - 1)
    true = observed - noise.covariance
    reliability = _reliability(observed, true)
    if min(true[0, 0], true[1, 1]) <= 0:
        return Disattenuated(None, reliability)
    estimate = float(np.clip(true[0, 1] / np.sqrt(true[0, 0] * true[1, 1]), -1, 1))
    low, high = _ends(worlds(noise, observed, true), estimate)
    return Disattenuated(Span(estimate=estimate, low=low, high=high, level=LEVEL), reliability)


def _reliability(observed: Floats, true: Floats) -> tuple[float, float]:
    first, second = (
        max(0.0, float(true[at, at] / observed[at, at])) if observed[at, at] > 0 else 0.0
        for at in (0, 1)
    )
    return first, second


def _ends(known: Worlds, estimate: float) -> tuple[float, float]:
    tail = (1 - LEVEL) / 2
    return (
        _end(lambda value: known.above(value, estimate) < tail, estimate, -1.0),
        _end(lambda value: known.below(value, estimate) < tail, estimate, 1.0),
    )


def _end(refused: Callable[[float], bool], inside: float, outside: float) -> float:
    """Return the nearest value towards `outside` that is refused; `outside` where it is not."""
    if not refused(outside):
        return outside
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if refused(middle) else (middle, outside)
    return outside
