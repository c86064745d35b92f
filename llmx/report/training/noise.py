"""How much of the differences between arms is noise of problems and seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
