"""How numbers are written in every rendering: one rounding, one minus, one dash for "none".

Of a metric: its level, its differences, its margin.
"""

from __future__ import annotations

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, Metric

NONE = "–"
MINUS = "−"


def number(value: float | None, digits: int = 1) -> str:
    """Return a plain number, with a true minus and without a negative zero."""
    if value is None:
        return NONE
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share as a percentage, without the sign."""
    return NONE if value is None else number(100 * value, digits)


def points(value: float | None, digits: int = 1) -> str:
    """Return a signed difference of shares in percentage points."""
    text = percent(value, digits)
    return f"+{text}" if value is not None and text.strip(f"{MINUS}0.") and value > 0 else text


def percent_span(span: Span | None) -> str:
    """Return ``61.5 (54.6–68.0)``."""
    if span is None or span.low is None:
        return percent(span.estimate) if span else NONE
    return f"{percent(span.estimate)} ({_between(percent(span.low), percent(span.high))})"


def points_span(span: Span | None) -> str:
    """Return ``−3.0 (−8.1 to +2.1)``."""
    if span is None or span.low is None:
        return points(span.estimate) if span else NONE
    return f"{points(span.estimate)} ({points(span.low)} to {points(span.high)})"


def number_span(span: Span | None, digits: int = 0) -> str:
    """Return ``612 (598–627)``."""
    if span is None or span.low is None:
        return number(span.estimate, digits) if span else NONE
    ends = _between(number(span.low, digits), number(span.high, digits))
    return f"{number(span.estimate, digits)} ({ends})"


def _between(low: str, high: str) -> str:
    """Join two ends by a dash; by a word where the dash would stand beside a minus.

    An end that nobody knows is none.
    """
    if NONE in (low, high):
        return f"at least {low}" if high == NONE else f"at most {high}"
    return f"{low} to {high}" if MINUS in low + high else f"{low}–{high}"


def signed_span(span: Span | None, digits: int = 2) -> str:
    """Return a difference that is no share: ``−0.30 (−0.81 to +0.21)``."""
    if span is None:
        return NONE
    ends = [span.estimate] if span.low is None else [span.estimate, span.low, span.high]
    texts = [_signed(end, digits) for end in ends]
    return texts[0] if len(texts) == 1 else f"{texts[0]} ({texts[1]} to {texts[2]})"


def _signed(value: float | None, digits: int) -> str:
    text = number(value, digits)
    return f"+{text}" if value is not None and value > 0 and text.strip("0.") else text


def p_value(value: float | None) -> str:
    """Return a p value; below a thousandth only that."""
    if value is None:
        return NONE
    return "<0.001" if value < 0.001 else f"{min(value, 1.0):.3f}"


def level(span: Span | None, metric: Metric) -> str:
    """Return ``61.5 (54.6–68.0)`` of a share, ``0.613 (0.580–0.646)`` of another; no unit."""
    return percent_span(span) if metric.unit == "%" else number_span(span, places(span))


def level_words(value: float, metric: Metric) -> str:
    """Return ``61.5 %``, or a level with the metric's own unit."""
    if metric.unit == "%":
        return f"{percent(value)} %"
    return amount(value, metric.unit)


def gap(span: Span | None, metric: Metric) -> str:
    """Return ``−3.0 (−8.1 to +2.1)`` of a share, ``+0.013 (…)`` of another; no unit."""
    return points_span(span) if metric.unit == "%" else signed_span(span, places(span))


def gap_words(span: Span, metric: Metric) -> str:
    """Return a difference with its unit, and of what it is unless of accuracy."""
    return f"{gap(span, metric)}{_gap_unit(metric)}{_of_metric(metric)}"


def margin_words(margin: float, metric: Metric) -> str:
    """Return ``2 points``, or a margin in the metric's own unit."""
    own = 100 * margin if metric.unit == "%" else margin
    return f"{own:g}{_gap_unit(metric)}"


def level_unit(metric: Metric) -> str:
    """Return the unit of a figure of a metric: what is in percent is kept as a share of 1."""
    return "share" if metric.unit == "%" else metric.unit


def gap_unit(metric: Metric) -> str:
    """Return the unit of a difference; empty where the metric has none."""
    return "points" if metric.unit == "%" else metric.unit


def amount(value: float, unit: str) -> str:
    """Return a size without sign: in points where that is the unit, else as it is."""
    if unit == "points":
        return f"{number(100 * value)} points"
    text = number(value, places(Span(estimate=value)))
    return f"{text} {unit}" if unit else text


def places(span: Span | None) -> int:
    """Return digits behind the point: three figures or so, one of hundreds and above."""
    ends = () if span is None else (span.estimate, span.low or 0.0, span.high or 0.0)
    largest = max(map(abs, ends), default=0.0)
    return 1 if largest >= 100 else 2 if largest >= 10 else 3


def _gap_unit(metric: Metric) -> str:
    unit = gap_unit(metric)
    return f" {unit}" if unit else ""


def _of_metric(metric: Metric) -> str:
    return "" if metric.name == ACCURACY else f" in {metric.name}"
