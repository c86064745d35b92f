"""How numbers are written in every rendering: one rounding, one minus, one dash for "none"."""

from __future__ import annotations

from llmx.core.figure import Span

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


def several(count: int, noun: str) -> str:
    """Return ``1 problem`` or ``4 problems``."""
    return f"{count} {noun if count == 1 else f'{noun}s'}"


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
    """Join two ends by a dash; by a word where the dash would stand beside a minus."""
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
