"""What streaming gains over the reference in rounds in which the arms took turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.report.results import Span
from llmx.report.streamed import Streams
from llmx.report.verdict.decide import LEVEL, Decision, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Unit
from llmx.stats.inversion import p_beyond
from llmx.stats.multiple import holm
from llmx.stats.rates import ratio_interval_at

UNTIMED = "The run has not timed these arms in turn."


@dataclass(frozen=True)
class Gain:
    """What one arm gains.

    Attributes:
        p: of a gain of exactly what is asked, two-sided, after Holm over the arms.
        lone: whether the arm was trained: rounds say nothing of how fast another training would be.
    """

    arm: str
    span: Span
    p: float
    rounds: int
    lone: bool

    def reached(self, aim: float) -> Support:
        """Return what speaks for a gain of `aim` or more."""
        there = self.span.low is not None and self.span.low >= aim
        return Support(there and self.p <= LEVEL, self.p, self.lone)

    def missed(self, aim: float) -> Support:
        """Return what speaks for a smaller one."""
        return Support(self.span.below(aim) and self.p <= LEVEL, self.p, self.lone)

    def number(self, what: str, unit: Unit) -> Number:
        """Return it as a figure of a verdict."""
        return Number(
            what=what,
            arm=self.arm,
            span=self.span,
            unit=unit,
            p=self.p,
            rounds=self.rounds,
            lone=self.lone,
        )


def gains(e: Evidence, arms: Sequence[str], quantity: str, aim: float) -> list[Gain]:
    """Return what arms gain, of those that were timed beside the reference.

    Args:
        quantity: ``first token cut`` or ``end to end``.
        aim: what p is of: a share of time that is cut, or a ratio of rates.
    """
    streams = e.streams or Streams()
    spans = {arm: streams.figure(arm, quantity) for arm in arms}
    there = [(arm, span) for arm, span in spans.items() if span is not None]
    adjusted = holm([_p(streams, arm, quantity, aim) for arm, _ in there])
    return [
        Gain(arm, span, p, len(streams.times(arm)[0]), e.arm(arm).trained)
        for (arm, span), p in zip(there, adjusted, strict=True)
    ]


def decided(found: Sequence[Gain], aim: float) -> Decision:
    """Return *shown here* if an arm reaches `aim`, *contradicted here* if every arm misses it."""
    return decide(some(one.reached(aim) for one in found), every(o.missed(aim) for o in found))


def _p(streams: Streams, arm: str, quantity: str, aim: float) -> float:
    """Return the p value of a gain of `aim`: the interval over rounds, inverted.

    Where the rounds are not known, all that is known of a 95 % interval that ends elsewhere is that
    p is at most 5 %.
    """
    if quantity == "end to end":
        rates = streams.rates(arm)
        return p_beyond(ratio_interval_at(*rates), aim) if rates else LEVEL
    mine, base = streams.times(arm)
    if not base:
        return LEVEL
    ones = [1.0] * len(mine)
    return p_beyond(ratio_interval_at(ones, base, ones, mine), 1 - aim)
