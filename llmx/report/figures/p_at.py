"""The p value of a value that somebody asks for, from what a figure was computed from."""

from __future__ import annotations

from math import sqrt

from llmx.core.figure import Figure, MeanErrors, Rounds, Spread
from llmx.stats.inversion import p_beyond
from llmx.stats.rates import ratio_interval_at
from llmx.stats.student import StudentError, coverage


def p_at(figure: Figure, value: float) -> float | None:
    """Return the two-sided p value of "the figure is `value`"; None where its basis is not known.

    Of rounds it inverts the interval of their ratio, of texts it is Fieller's t, of a mean
    Student's with the error that gives the largest.
    """
    basis = figure.basis
    if basis is None:
        return None
    if isinstance(basis, MeanErrors):
        gap = figure.span.estimate - value
        return max(StudentError(*error).p_value(gap) for error in basis.errors)
    return _of_rounds(basis, value) if isinstance(basis, Rounds) else of_texts(basis, value)


def _of_rounds(basis: Rounds, value: float) -> float:
    at = ratio_interval_at(basis.amounts, basis.seconds, basis.over_amounts, basis.over_seconds)
    return p_beyond(at, 1 - value if basis.saved else value)


def of_texts(basis: Spread, share: float) -> float:
    """Return the two-sided p value of a ratio of means of `share`: Fieller's t (1954).

    Of texts that do not vary at all it is 0, unless the share is theirs.
    """
    gap = basis.accepted - share * basis.emitted
    first, both, second = basis.variances
    error = sqrt(max(0.0, first - 2 * share * both + share**2 * second) / basis.items)
    if basis.items < 2 or error <= 1e-12 * basis.emitted:
        return 1.0 if basis.items < 2 or abs(gap) <= 1e-9 * basis.emitted else 0.0
    return max(0.0, 1 - coverage(abs(gap) / error, basis.items - 1))
