"""How a metric is written: its level, its differences, its margin."""

from __future__ import annotations

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, Metric
from llmx.report.numbers import number, number_span, percent, percent_span, points_span, signed_span


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
    return f"{gap(span, metric)}{_unit(metric)}{_of(metric)}"


def margin_words(margin: float, metric: Metric) -> str:
    """Return ``2 points``, or a margin in the metric's own unit."""
    own = 100 * margin if metric.unit == "%" else margin
    return f"{own:g}{_unit(metric)}"


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


def _unit(metric: Metric) -> str:
    unit = gap_unit(metric)
    return f" {unit}" if unit else ""


def _of(metric: Metric) -> str:
    return "" if metric.name == ACCURACY else f" in {metric.name}"
