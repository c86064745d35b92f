"""How many times as much: the ratio of the means of two paired arms, and its test against 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmx.core.figure import Span
from llmx.report.paired_table import PairedTable, Value, counted
from llmx.report.timing import as_span
from llmx.stats.crossed import two_level
from llmx.stats.fieller import ratio_two_level
from llmx.stats.inversion import p_beyond
from llmx.stats.ratio import ratio_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVEL = 0.95


@dataclass(frozen=True)
class Ratio:
    """The mean of a first over that of a second; `p` is two-sided, of a ratio of exactly 1."""

    span: Span
    p: float


def ratio(table: PairedTable, value: Value) -> Ratio:
    """Return the mean of the first arm over that of the second; see :func:`ratio_of`."""
    first, second = (table.values(which, value) for which in (table.first, table.second))
    return ratio_of(table, first, second)


def ratio_of(table: PairedTable, first: NDArray[np.float64], second: NDArray[np.float64]) -> Ratio:
    """Return the ratio of two means with a 95 % interval, and the p value that inverts it.

    Over items and seeds where the arms were trained (Fieller's), else a paired bootstrap over
    problems; see :func:`llmx.report.paired_table.counted`. Without an interval where few seeds say
    so little of the second mean that it could be 0.

    Args:
        first, second: float64 (items, seeds), rows and columns as in `table`.

    Raises:
        ValueError: if the second mean is not above 0.
    """
    if counted(table, first).ndim == 1:
        at = ratio_at(first.mean(1), second.mean(1))
        return Ratio(as_span(at(LEVEL)), p_beyond(at, 1.0))
    if not second.sum() > 0:
        raise ValueError("the second mean is not above 0")
    p = two_level(first - second).p_value()
    try:
        return Ratio(as_span(ratio_two_level(first, second, LEVEL)), p)
    except ValueError:
        return Ratio(Span(estimate=float(first.mean() / second.mean())), p)
