"""What streaming gains over the reference in rounds in which the arms took turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure, Span
from llmx.report.figures import names
from llmx.report.figures.p_at import p_at
from llmx.report.numbers import number_span
from llmx.report.verdict.decide import LEVEL, DecidedWord, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Unit, Verdict
from llmx.stats.multiple import holm

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
        quantity: what the figure of a gain over the reference is called.
        aim: what p is of: a share of time that is cut, or a ratio of rates.
    """
    known = {one.arm: one for one in reversed(e.figures.of(quantity)) if not one.swept()}
    there = [known[arm] for arm in arms if arm in known]
    adjusted = holm([_p(one, aim) for one in there])
    return [
        Gain(one.arm, one.span, p, one.rounds, e.arm(one.arm).trained)
        for one, p in zip(there, adjusted, strict=True)
    ]


def decided(found: Sequence[Gain], aim: float) -> DecidedWord:
    """Return *shown here* if an arm reaches `aim`, *contradicted here* if every arm misses it."""
    return decide(some(one.reached(aim) for one in found), every(o.missed(aim) for o in found))


def _p(one: Figure, aim: float) -> float:
    """Return the p value of a gain of `aim`: the interval over rounds, inverted.

    Where the rounds are not known, all that is known of a 95 % interval that ends elsewhere is that
    p is at most 5 %.
    """
    p = p_at(one, aim)
    return LEVEL if p is None else p


def end_to_end_speed(e: Evidence, *, arms: Sequence[str], aim: float = 1.6) -> Verdict:
    """Compare tokens of the answer over seconds from request to last token with the reference.

    Shown: of at least one arm the 95 % interval of the ratio lies at or above `aim`, and p after
    Holm over the arms. Contradicted: of every arm it lies below.
    """
    found = gains(e, arms, names.END_TO_END, aim)
    if not found:
        return Verdict(word="not comparable", reason=UNTIMED)
    said = "; ".join(f"`{one.arm}` {number_span(one.span, 2)} times" for one in found)
    return decided(found, aim).verdict(
        reason=f"Tokens/s end to end, beside the reference: {said}; asked are {aim:g} times.",
        numbers=tuple(one.number(names.END_TO_END, "times") for one in found),
    )
