"""An axis with round ticks, linear or logarithmic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log, log10

WIDE_RANGE = 3.0
"""From this ratio of the largest to the smallest value a rate is drawn on a logarithmic axis."""


@dataclass(frozen=True)
class Scale:
    """Maps values in ``[low, high]`` to pixels in ``[start, end]``; ends may be in either order."""

    low: float
    high: float
    start: float
    end: float
    step: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = (value - self.low) / (self.high - self.low)
        if self.logarithmic:
            share = log(value / self.low) / log(self.high / self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """Return the round values within the axis, rounded to the decimals that they need."""
        if self.logarithmic:
            return self._decades()
        first, last = ceil(self.low / self.step - 1e-9), floor(self.high / self.step + 1e-9)
        return [round(index * self.step, _digits(self.step)) for index in range(first, last + 1)]

    def _decades(self) -> list[float]:
        powers = range(floor(log10(self.low)), ceil(log10(self.high)) + 1)
        found = [
            round(unit * 10.0**power, _digits(10.0**power))
            for power in powers
            for unit in (1, 2, 3, 5, 7)
        ]
        return [value for value in found if self.low <= value <= self.high]

    def name(self, value: float) -> str:
        """Return the label of a tick."""
        return f"{value:.{_digits(value if self.logarithmic else self.step)}f}"


def fitted(
    values: Iterable[float],
    start: float,
    end: float,
    *,
    count: int = 6,
    floor_at: float | None = None,
    roof_at: float | None = None,
) -> Scale:
    """Return a linear scale around the values with a twelfth of their range on each side.

    Args:
        values: at least one number; a single one gets a range of its own size.
        start: pixel of the low end.
        end: pixel of the high end.
        count: about how many ticks.
        floor_at: a value that the axis must not go under (0 for a rate).
        roof_at: a value that the axis must not go over (100 for a percentage).
    """
    known = list(values)
    low, high = min(known), max(known)
    room = (high - low) / 12 or abs(high) / 4 or 1.0
    low = low - room if floor_at is None else max(floor_at, low - room)
    high = high + room if roof_at is None else min(roof_at, high + room)
    return Scale(low, high, start, end, _round_step((high - low) / count))


def fitted_rate(values: Iterable[float], start: float, end: float, *, count: int = 6) -> Scale:
    """Return a scale for positive values: logarithmic where they span ``WIDE_RANGE`` or more."""
    known = list(values)
    low, high = min(known), max(known)
    if low <= 0 or high / low < WIDE_RANGE:
        return fitted(known, start, end, count=count, floor_at=0)
    room = (high / low) ** (1 / 12)
    return Scale(low / room, high * room, start, end, 1.0, logarithmic=True)


def _digits(step: float) -> int:
    return max(0, -floor(log10(step) + 1e-9))


def _round_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least `rough`."""
    power = 10.0 ** floor(log10(rough))
    return next(power * unit for unit in (1, 2, 5, 10) if power * unit >= rough * (1 - 1e-9))
