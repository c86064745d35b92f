"""How much earlier does the first token come than from the reference?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.report.numbers import percent, percent_span
from llmx.report.results import Span
from llmx.report.streamed import Streams
from llmx.report.verdict.decide import LEVEL, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.inversion import p_beyond
from llmx.stats.multiple import holm
from llmx.stats.rates import ratio_interval_at


@dataclass(frozen=True)
class Cut:
    """The share of the reference's time to the first token that an arm saves.

    Attributes:
        p: of a cut of exactly what is asked, two-sided, after Holm over the arms.
        lone: whether the arm was trained: rounds say nothing of how fast another training would be.
    """

    arm: str
    span: Span
    p: float
    rounds: int
    lone: bool

    def reached(self, aim: float) -> Support:
        """Return what speaks for a cut of `aim` or more."""
        there = self.span.low is not None and self.span.low >= aim
        return Support(there and self.p <= LEVEL, self.p, self.lone)

    def missed(self, aim: float) -> Support:
        """Return what speaks for a smaller cut."""
        return Support(self.span.below(aim) and self.p <= LEVEL, self.p, self.lone)

    def number(self) -> Number:
        """Return it as a figure of a verdict."""
        return Number(
            what="cut of the time to the first token",
            arm=self.arm,
            span=self.span,
            unit="share",
            p=self.p,
            rounds=self.rounds,
            lone=self.lone,
        )


def first_token_cut(e: Evidence, *, arms: Sequence[str], aim: float = 0.93) -> Verdict:
    """Judge the share of the reference's time to the first token that arms save.

    Shown: of at least one arm the 95 % interval lies at or above `aim`, and p after Holm over the
    arms. Contradicted: of every arm it lies below.
    """
    found = _cuts(e, e.streams or Streams(), arms, aim)
    if not found:
        return Verdict(word="not comparable", reason="The run has not timed these arms in turn.")
    said = "; ".join(f"`{one.arm}` by {percent_span(one.span)} %" for one in found)
    decision = decide(some(one.reached(aim) for one in found), every(o.missed(aim) for o in found))
    return decision.verdict(
        reason=f"The time to the first token falls: {said}; asked are {percent(aim)} %.",
        numbers=tuple(one.number() for one in found),
    )


def _cuts(e: Evidence, streams: Streams, arms: Sequence[str], aim: float) -> list[Cut]:
    spans = {arm: streams.figure(arm, "first token cut") for arm in arms}
    there = [(arm, span) for arm, span in spans.items() if span is not None]
    adjusted = holm([_p(streams, arm, aim) for arm, _ in there])
    return [
        Cut(arm, span, p, len(streams.times(arm)[0]), e.arm(arm).trained)
        for (arm, span), p in zip(there, adjusted, strict=True)
    ]


def _p(streams: Streams, arm: str, aim: float) -> float:
    """Return the p value of a cut of `aim`: the interval over rounds, inverted.

    Where the rounds are not known, all that is known of a 95 % interval that ends elsewhere is that
    p is at most 5 %.
    """
    mine, base = streams.times(arm)
    if not base:
        return LEVEL
    ones = [1.0] * len(mine)
    return p_beyond(ratio_interval_at(ones, base, ones, mine), 1 - aim)
