"""Computations with two values, as the tool ``scalar_arithmetic`` does them."""

from __future__ import annotations

from math import floor, isfinite
from typing import Any

from llmx.papers.indata.literals import MOST_WHOLE, Value


def scalar(op: str, one: Any, other: Any, whole: bool) -> Value:
    """Return a computation with two values; None where one is missing, or no finite result is."""
    if one is None or (other is None and op != "abs"):
        return None
    if op in ("div", "ratio", "pct_change"):
        down = one if op == "pct_change" else other
        if down == 0:
            return None
        found = 100.0 * (other - one) / down if op == "pct_change" else one / down
    elif op == "round":
        scale = 10.0**other
        found = one if whole else _half_away(one * scale) / scale
    else:
        found = _SCALARS[op](one, other)
    if whole:
        return int(found) if abs(found) <= MOST_WHOLE else None
    return float(found) if isfinite(found) else None


def _half_away(value: float) -> float:
    if not isfinite(value):
        return value
    return -floor(-value + 0.5) if value < 0 else floor(value + 0.5)


_SCALARS: dict[str, Any] = {
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "mul": lambda one, other: one * other,
    "abs": lambda one, other: abs(one),
    "min": min,
    "max": max,
}
