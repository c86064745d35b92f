"""Is a difference small enough not to matter? Two one-sided tests, and their interval."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats
from llmx.stats.crossed import two_level
from llmx.stats.interval import Interval
from llmx.stats.proportion import paired_score, paired_score_interval


@dataclass(frozen=True)
class Equivalence:
    """A difference against a margin.

    Attributes:
        interval: of the difference, at level 1 - 2α: equivalence at α is that it lies inside.
        p_equivalent: of "the difference is at least the margin, up or down".
        p_non_inferior: of "the first arm is worse by at least the margin".
    """

    interval: Interval
    margin: float
    p_equivalent: float
    p_non_inferior: float
    alpha: float

    @property
    def equivalent(self) -> bool:
        """Whether the whole interval lies strictly inside ± margin."""
        return self.interval.above(-self.margin) and self.interval.below(self.margin)

    @property
    def non_inferior(self) -> bool:
        """Whether the whole interval lies above - margin."""
        return self.interval.above(-self.margin)


def equivalence(differences: ArrayLike, margin: float, *, alpha: float = 0.05) -> Equivalence:
    """Test paired differences against a margin (Schuirmann 1987, J. Pharmacokin. 15, p. 657).

    For one seed of right/wrong data both one-sided tests are Tango's score tests, whose interval
    is not empty where no item differs. Otherwise they are those of
    :func:`~llmx.stats.crossed.two_level`: t tests over items, and where there are several seeds
    their noise always counts.

    Args:
        differences: shape ``[items]`` or ``[items, seeds]``, first arm minus second. Where the
            seeds are only a sampler's, give the items' means over them, shape ``[items]``.
        margin: > 0, in the unit of the differences.
        alpha: level of each one-sided test.

    Raises:
        ValueError: for a margin that is not above 0, or an alpha not in (0, 0.5).
    """
    if not margin > 0 or not 0 < alpha < 0.5:
        raise ValueError(f"needs margin > 0 and 0 < alpha < 0.5, not {margin} and {alpha}")
    table = np.asarray(differences, dtype=np.float64)
    table = table[:, 0] if table.ndim == 2 and (table.shape[1] == 1 or not table.any()) else table
    if table.ndim == 1 and np.isin(table, (-1.0, 0.0, 1.0)).all() and margin < 1:
        return _by_score(table, margin, alpha)
    found = two_level(table, 1 - 2 * alpha)
    lower, upper = found.p_above(-margin), found.p_below(margin)
    return Equivalence(found.interval, margin, max(lower, upper), lower, alpha)


def _by_score(gaps: Floats, margin: float, alpha: float) -> Equivalence:
    counts = int((gaps > 0).sum()), int((gaps < 0).sum()), len(gaps)
    interval = paired_score_interval(*counts, 1 - 2 * alpha)
    lower = 1 - NormalDist().cdf(paired_score(*counts, -margin))
    upper = NormalDist().cdf(paired_score(*counts, margin))
    return Equivalence(interval, margin, max(lower, upper), lower, alpha)
