"""Tokens a second and speed-ups, from the interleaved blocks of the speed stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from llmx.core.figure import Span
from llmx.report.gather import TimedBlock
from llmx.stats.interval import Interval
from llmx.stats.inversion import p_beyond
from llmx.stats.rates import rate_interval, ratio_interval, ratio_interval_at


@dataclass
class Work:
    """What one arm did in one round."""

    tokens: float = 0.0
    problems: float = 0.0
    seconds: float = 0.0


Timing = dict[str, dict[int, Work]]
"""arm → round → work."""


def timing(blocks: Iterable[TimedBlock]) -> Timing:
    """Sum the blocks of each arm and round."""
    table: defaultdict[str, defaultdict[int, Work]] = defaultdict(lambda: defaultdict(Work))
    for block in blocks:
        work = table[block.arm][block.round]
        work.tokens += block.tokens
        work.problems += block.problems
        work.seconds += block.seconds
    return {arm: dict(rounds) for arm, rounds in table.items()}


def rate(table: Timing, arm: str, unit: str) -> Span | None:
    """Return `unit` (``tokens`` or ``problems``) a second; None for an arm that was not timed."""
    rounds = sorted(table.get(arm, {}))
    if not rounds:
        return None
    amounts, seconds = _column(table, arm, rounds, unit), _column(table, arm, rounds, "seconds")
    if len(rounds) < 2:
        return Span(estimate=amounts[0] / seconds[0])
    return as_span(rate_interval(amounts, seconds))


def ratio(table: Timing, arm: str, base: str | None, unit: str) -> Span | None:
    """Return the ratio of two arms' rates over the rounds that both have; None without any."""
    if base is None or arm == base:
        return None
    rounds = common_rounds(table, arm, base)
    if not rounds:
        return None
    amounts, seconds, bases, spans = _columns(table, arm, base, unit)
    if len(rounds) < 2:
        return Span(estimate=(amounts[0] / seconds[0]) / (bases[0] / spans[0]))
    return as_span(ratio_interval(amounts, seconds, bases, spans))


def ratio_p(table: Timing, arm: str, base: str, unit: str) -> float | None:
    """Return the two-sided p value of equal rates: the interval of :func:`ratio`, inverted.

    None below two rounds that both have.
    """
    if len(common_rounds(table, arm, base)) < 2:
        return None
    return p_beyond(ratio_interval_at(*_columns(table, arm, base, unit)), 1.0)


def common_rounds(table: Timing, arm: str, base: str) -> list[int]:
    """Return the rounds in which both arms were timed, in their order."""
    return sorted(table.get(arm, {}).keys() & table.get(base, {}).keys())


def _columns(table: Timing, arm: str, base: str, unit: str) -> tuple[list[float], ...]:
    """Return amounts and seconds of an arm, then of its base, over the rounds that both have."""
    rounds = common_rounds(table, arm, base)
    return tuple(
        _column(table, of, rounds, what) for of in (arm, base) for what in (unit, "seconds")
    )


def as_span(interval: Interval) -> Span:
    """Return the printed form of an interval; one without ends is none."""
    ends = (interval.low, interval.high)
    low, high = ends if all(map(isfinite, ends)) else (None, None)
    return Span(estimate=interval.estimate, low=low, high=high, level=interval.level)


def _column(table: Timing, arm: str, rounds: list[int], unit: str) -> list[float]:
    return [float(getattr(table[arm][index], unit)) for index in rounds]
