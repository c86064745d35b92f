"""What would be measured of arms whose true correlation was another one."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from llmx.report.training.noise import Noise, root

Floats = NDArray[np.float64]

_RESAMPLES = 2000


@dataclass(frozen=True)
class Worlds:
    """Draws of a parametric bootstrap, for every correlation that there could be.

    To resample the measured arms would add their noise a second time. So they are first brought to
    the variances that are no noise, and to a correlation r that is asked for; then normal noise as
    large as measured is added, and taken off again as is done with what was measured. Compared is
    C - r sqrt(V W) of the covariance C and the variances V and W that are left: it is 0 but for
    noise where r is true, and divides by nothing (Fieller 1954, J. R. Stat. Soc. B 16, p. 175).

    Attributes:
        whitened: root of the inverse of the measured covariance, (2, 2).
        variances: of both accuracies over arms, without noise.
        mixed: mean products of measured arms and noise, (resamples, 2, 2).
        own: those of the noise with itself, minus what would be taken off, (resamples, 2, 2).
    """

    whitened: Floats
    variances: tuple[float, float]
    mixed: Floats
    own: Floats

    def above(self, correlation: float, estimate: float) -> float:
        """Return the share of draws at or above `estimate` where `correlation` is true."""
        drawn, found = self._compared(correlation, estimate)
        return float((drawn >= found).mean())

    def below(self, correlation: float, estimate: float) -> float:
        """Return the share of draws at or below `estimate` where `correlation` is true."""
        drawn, found = self._compared(correlation, estimate)
        return float((drawn <= found).mean())

    def _compared(self, correlation: float, estimate: float) -> tuple[Floats, float]:
        first, second = self.variances
        scale = sqrt(first * second)
        true = np.array([[first, correlation * scale], [correlation * scale, second]])
        mixed = (self.whitened @ root(true)).T @ self.mixed
        left = true + mixed + mixed.transpose(0, 2, 1) + self.own
        drawn = np.sqrt(np.maximum(left[:, 0, 0], 0) * np.maximum(left[:, 1, 1], 0))
        return left[:, 0, 1] - correlation * drawn, (estimate - correlation) * scale


def worlds(noise: Noise, observed: Floats, true: Floats) -> Worlds:
    """Return the draws.

    Args:
        observed, true: covariance over arms with and without noise, (2, 2).
    """
    rng = np.random.default_rng(0)
    drawn = noise.drawn(_RESAMPLES, rng)
    drawn -= drawn.mean(1, keepdims=True)
    freedom = len(noise.means) - 1
    return Worlds(
        whitened=root(observed, -0.5),
        variances=(float(true[0, 0]), float(true[1, 1])),
        mixed=np.einsum("aj,rak->rjk", noise.means, drawn) / freedom,
        own=np.einsum("raj,rak->rjk", drawn, drawn) / freedom - noise.covariances(_RESAMPLES, rng),
    )
