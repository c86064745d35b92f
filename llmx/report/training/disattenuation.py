"""A correlation over arms, freed of the noise of its measurement.

Accuracies on finitely many problems and seeds vary over arms even where the arms do not: the
correlation of what was measured lies nearer to 0 than that of what there is (Spearman 1904,
Am. J. Psychol. 15, p. 72). Both accuracies are of the same problems and seeds, so their noise goes
together too: variances and covariance are freed of it alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from llmx.core.figure import Span

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """Of two accuracies of several arms, each minus its mean over arms.

    What all arms have in common, such as how hard a problem is, is no noise of their differences.
    Mean products are those of a table of problems × seeds, summed over arms and divided by arms - 1
    and by the number of answers: covariances of an arm's means.

    Attributes:
        means: (arms, 2), over problems and seeds.
        problems: covariance of all means through the problems, (2 arms, 2 arms).
        of_problems, of_seeds, rest: mean products (2, 2); the last two 0 for one seed.
        freedom: degrees of freedom of `of_seeds`; 0 for one seed.
    """

    means: Floats
    problems: Floats
    of_problems: Floats
    of_seeds: Floats
    rest: Floats
    freedom: int

    @property
    def covariance(self) -> Floats:
        """Covariance of the noise of an arm's two means, (2, 2); unbiased."""
        found: Floats = self.of_problems + self.of_seeds - self.rest
        return found

    def drawn(self, size: int, rng: np.random.Generator) -> Floats:
        """Return normal noise of the means, (size, arms, 2)."""
        problems = rng.normal(size=(size, len(self.problems))) @ root(self.problems)
        seeds = rng.normal(size=(size, *self.means.shape)) @ self._by_seeds
        return problems.reshape(size, *self.means.shape) + seeds

    def covariances(self, size: int, rng: np.random.Generator) -> Floats:
        """Return what `covariance` would be measured as in what is drawn, (size, 2, 2).

        Few seeds make it uncertain: their mean product follows Wishart's law.
        """
        drawn = self.of_problems + self._by_seeds @ self._by_seeds
        if not self.freedom:
            return np.tile(drawn, (size, 1, 1))
        normal = rng.normal(size=(size, self.freedom, 2)) @ root(self.of_seeds)
        found: Floats = np.einsum("rfj,rfk->rjk", normal, normal) / self.freedom
        return drawn - self.of_seeds + found

    @property
    def _by_seeds(self) -> Floats:
        """Root of what seeds add to an arm; 0 where there is nothing to be seen of them."""
        return root(self.of_seeds - self.rest)


def measured(values: Floats) -> Noise:
    """Return the noise of a table of answers.

    Crossed random effects of problems and seeds, as in :func:`llmx.stats.crossed.two_level`, with
    products of both accuracies in the place of squares (Searle, Casella and McCulloch 1992,
    section 4.3).

    Args:
        values: float64 (arms, problems, seeds, 2), with two problems or more.
    """
    arms, problems, seeds, _ = values.shape
    gaps = values - values.mean(0)
    means = gaps.mean((1, 2))
    rows = gaps.mean(2) - means[:, None]
    columns = gaps.mean(1) - means[:, None]
    rest = gaps - means[:, None, None] - rows[:, :, None] - columns[:, None]
    joint = rows.transpose(1, 0, 2).reshape(problems, 2 * arms)
    lost = max(seeds - 1, 1)  # one seed has no products of its own: all of them are 0
    return Noise(
        means=means,
        problems=joint.T @ joint / (problems * (problems - 1)),
        of_problems=_products(rows) / (problems * (problems - 1)),
        of_seeds=_products(columns) / (seeds * lost),
        rest=_products(rest) / (problems * (problems - 1) * seeds * lost),
        freedom=(arms - 1) * (seeds - 1),
    )


def _products(table: Floats) -> Floats:
    """Return the sum of products over a table (arms, ..., 2) by arms - 1, (2, 2)."""
    flat = table.reshape(-1, 2)
    products: Floats = flat.T @ flat / (len(table) - 1)
    return products


def root(matrix: Floats, power: float = 0.5) -> Floats:
    """Return a power of a symmetric matrix; what is not positive in it becomes 0."""
    values, vectors = np.linalg.eigh(matrix)
    kept = values > 1e-12 * max(values.max(), 0.0)
    powers = np.where(kept, np.where(kept, values, 1.0) ** power, 0.0)
    found: Floats = (vectors * powers) @ vectors.T
    return found


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
