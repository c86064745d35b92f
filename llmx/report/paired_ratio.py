"""How many times as much: the ratio of the means of two paired arms, and its test against 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmx.report.paired_table import PairedTable, Value, counted
from llmx.report.results import Span
from llmx.report.timing import as_span
from llmx.stats.crossed import two_level
from llmx.stats.fieller import ratio_two_level
from llmx.stats.inversion import p_beyond
from llmx.stats.ratio import ratio_at, ratio_of_means

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def ratio_span(table: PairedTable, value: Value) -> Span:
    """Return the mean of the first arm over that of the second; see :func:`ratio_of`."""
    first, second = (table.values(which, value) for which in (table.first, table.second))
    return ratio_of(table, first, second)


def ratio_of(table: PairedTable, first: NDArray[np.float64], second: NDArray[np.float64]) -> Span:
    """Return the ratio of two means with a 95 % interval.

    Over items and seeds where the arms were trained (Fieller's), else a paired bootstrap over
    problems; see :func:`llmx.report.paired_table.counted`. Without an interval where few seeds say
    so little of the second mean that it could be 0.

    Args:
        first, second: float64 (items, seeds), rows and columns as in `table`.

    Raises:
        ValueError: if the second mean is not above 0.
    """
    if counted(table, first).ndim == 1:
        return as_span(ratio_of_means(first.mean(1), second.mean(1)))
    if not second.sum() > 0:
        raise ValueError("the second mean is not above 0")
    try:
        return as_span(ratio_two_level(first, second))
    except ValueError:
        return Span(estimate=float(first.mean() / second.mean()))


def ratio_p(table: PairedTable, value: Value) -> float:
    """Return the two-sided p value of a ratio of exactly 1: :func:`ratio_span` inverted."""
    first, second = (table.values(which, value) for which in (table.first, table.second))
    if counted(table, first).ndim == 2:
        return two_level(first - second).p_value()
    return p_beyond(ratio_at(first.mean(1), second.mean(1)), 1.0)
