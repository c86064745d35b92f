"""How the figures of trainings are said: ends that were not seen are named, not written."""

from __future__ import annotations

from llmx.core.figure import Figure
from llmx.report.numbers import NONE, number


def batch_said(one: Figure) -> str:
    """Return the batch of equal quality with its interval: ``71 (43 to beyond 96) rows``."""
    largest = one.expected or 0.0
    low, high = one.span.low, one.span.high
    if low is not None and low >= largest:
        return f"more than {number(largest, 0)} rows, the largest"
    start = "below the smallest" if low is None else number(low, 0)
    end = f"beyond {number(largest, 0)}" if high is None else number(high, 0)
    if high is not None and high < one.span.estimate:
        return f"fewer than {number(high, 0)} rows, the smallest"
    middle = "at least " if one.span.estimate >= largest else ""
    return f"{middle}{number(one.span.estimate, 0)} rows ({start} to {end})"


def count_said(value: float | None) -> str:
    """Return a count with its thousands apart."""
    return NONE if value is None else f"{round(value):,}"


def ratio_said(one: Figure) -> str:
    """Return what is needed as a ratio: ``0.62 (0.55 to 0.71)``, ``more than 1.00``."""
    most, low, high = one.expected or 0.0, one.span.low, one.span.high
    if low is not None and low >= most:
        return f"more than {number(most, 2)}"
    start = "0" if low is None else number(low, 2)
    end = f"more than {number(most, 2)}" if high is None else number(high, 2)
    middle = f"{number(one.span.estimate, 2)}"
    if one.span.estimate >= most and high is None:
        middle = f"at least {middle}"
    return f"{middle} ({start} to {end})"
