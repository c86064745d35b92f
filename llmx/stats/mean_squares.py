"""The mean squares of a table of items × seeds, and how wrong its mean may be."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

from llmx.stats.bootstrap import Floats
from llmx.stats.student import StudentError


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of a two-way table without replication, in the squared unit of its values.

    Attributes:
        of_items: with ``items - 1`` degrees of freedom.
        of_seeds: with ``seeds - 1``; 0 for one seed.
        of_error: of what neither explains, with the product of both; 0 for one seed.
    """

    of_items: float
    of_seeds: float
    of_error: float
    items: int
    seeds: int

    @property
    def seed_sd(self) -> float | None:
        """Spread of whole seeds' means beyond the noise of items, not below 0; None for one."""
        if self.seeds == 1:
            return None
        return sqrt(max(0.0, self.of_seeds - self.of_error) / self.items)

    def errors(self) -> tuple[StudentError, ...]:
        """Return the standard errors of the mean that there are; the interval is the widest.

        Student's over the items' means, which is right where seeds do not matter; over the seeds'
        means, right where items do not; and that of both, ``MS_item + MS_seed - MS_error``, with
        Satterthwaite's degrees of freedom. With one seed the first alone.
        """
        of_items = (self.of_items, self.items - 1)
        if self.seeds == 1:
            return (self._error(*of_items),)
        of_seeds = (self.of_seeds, self.seeds - 1)
        total = max(0.0, self.of_items + self.of_seeds - self.of_error)
        rest = (self.of_error, of_items[1] * of_seeds[1])
        both = (total, satterthwaite(total, [of_items, of_seeds, rest]))
        return tuple(self._error(*one) for one in (of_items, of_seeds, both))

    def _error(self, square: float, freedom: int) -> StudentError:
        return StudentError(sqrt(square / (self.items * self.seeds)), freedom)


def mean_squares(table: Floats) -> MeanSquares:
    """Return the mean squares of a table of shape ``[items, seeds]`` with two items or more."""
    items, seeds = table.shape
    rows, columns, mean = table.mean(1), table.mean(0), table.mean()
    of_items = seeds * float(((rows - mean) ** 2).sum()) / (items - 1)
    if seeds == 1:
        return MeanSquares(of_items, 0.0, 0.0, items, seeds)
    of_seeds = items * float(((columns - mean) ** 2).sum()) / (seeds - 1)
    rest = table - rows[:, None] - columns[None, :] + mean
    of_rest = float((rest**2).sum()) / ((items - 1) * (seeds - 1))
    # What rounding leaves of equal columns is no noise.
    dust = 1e-24 * float((table**2).sum())
    return MeanSquares(
        of_items, of_seeds * (of_seeds > dust), of_rest * (of_rest > dust), items, seeds
    )


def satterthwaite(total: float, terms: list[tuple[float, int]]) -> int:
    """Return the degrees of freedom of a sum of mean squares, rounded up.

    No fewer than the least of its terms has: a difference of mean squares can give less, which
    is the noise of the estimate and no property of the sum. Rounded down, a sum that is little
    more than its least certain term would be up to a tenth wider for two seeds, and for nothing:
    the interval of that term alone is one of the three.
    """
    least = min(freedom for _, freedom in terms)
    spread = sum(square**2 / freedom for square, freedom in terms)
    return max(least, ceil(total**2 / spread)) if spread else least
