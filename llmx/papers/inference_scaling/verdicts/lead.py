"""A difference among the figures of a run, and what speaks for it lying on a side of a value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure
from llmx.report.figures.p_at import p_at
from llmx.report.numbers import percent, points_span, signed_span
from llmx.report.verdict.decide import LEVEL, Support
from llmx.report.verdict.model import Number
from llmx.stats.multiple import holm


@dataclass(frozen=True)
class Lead:
    """A difference; `p` is two-sided, of "there is none", after Holm where several are enough."""

    figure: Figure
    p: float

    @property
    def arm(self) -> str:
        """The arm that leads, or does not."""
        return self.figure.arm

    def above(self) -> Support:
        """Return what speaks for more than nothing: interval and p value both."""
        return Support(self.p <= LEVEL and self.figure.span.above(0), self.p, self.figure.lone)

    def below(self) -> Support:
        """Return what speaks for less than nothing."""
        return Support(self.p <= LEVEL and self.figure.span.below(0), self.p, self.figure.lone)

    def over(self, value: float) -> Support:
        """Return what speaks for more than `value`, one-sided at 5 %: a margin's own test."""
        return self._beyond(value, self.figure.span.estimate > value, self.figure.span.above(value))

    def under(self, value: float) -> Support:
        """Return what speaks for less than `value`, one-sided at 5 %."""
        return self._beyond(value, self.figure.span.estimate < value, self.figure.span.below(value))

    def _beyond(self, value: float, side: bool, whole: bool) -> Support:
        p = p_at(self.figure, value)
        if p is None:  # the interval is all that is known
            return Support(whole, LEVEL if whole else 1.0, self.figure.lone)
        one_sided = p / 2 if side else 1 - p / 2
        return Support(one_sided <= LEVEL, one_sided, self.figure.lone)

    def said(self) -> str:
        """Return the difference with its unit."""
        if self.figure.unit == "points":
            return f"{points_span(self.figure.span)} points"
        return f"{signed_span(self.figure.span, 1)} {self.figure.unit}"

    def at(self) -> str:
        """Return at which size, as a sentence goes on; nothing of what has none."""
        return _at(self.figure)

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        return numbered(self.figure, self.p)


def numbered(one: Figure, p: float | None = None) -> Number:
    """Return a figure of the run as one of a verdict."""
    return Number(
        what=f"{one.quantity}{_at(one)}",
        arm=one.arm,
        against=one.against,
        span=one.span,
        unit=one.unit,
        p=p,
        problems=one.n,
        seeds=one.seeds,
        lone=one.lone,
    )


def _at(one: Figure) -> str:
    if one.at is None:
        return ""
    counted = one.setting.removesuffix("s") if one.at == 1 else one.setting
    return f" at {one.at:g} {counted}"


def leads(figures: Iterable[Figure], family: bool = True) -> list[Lead]:
    """Return differences with their p values.

    Args:
        family: whether one of them is enough for a word, so that Holm's adjustment is needed.
    """
    found = list(figures)
    raw = [_p(one) for one in found]
    return [Lead(one, p) for one, p in zip(found, holm(raw) if family else raw, strict=True)]


def _p(one: Figure) -> float:
    """Return p of no difference; where only the interval is known, at most 5 % or nothing."""
    if one.p is not None:
        return one.p
    return LEVEL if one.span.above(0) or one.span.below(0) else 1.0


def adjusted(found: Iterable[Support]) -> list[Support]:
    """Return the same after Holm's adjustment: one of them is enough for a word."""
    known = list(found)
    pairs = zip(known, holm([one.p for one in known]), strict=True)
    return [Support(one.sure and p <= LEVEL, p, one.lone) for one, p in pairs]


def listed(found: Sequence[Lead]) -> str:
    """Return the differences of several arms as one sentence goes on."""
    return "; ".join(f"`{one.arm}` {one.said()}{one.at()}" for one in found)


def margin_said(margin: float) -> str:
    """Return a margin in points."""
    return f"{percent(margin)} points"
