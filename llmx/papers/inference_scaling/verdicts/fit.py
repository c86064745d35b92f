"""Which arms may decide anything: those off the floor and the ceiling, with few draws cut short.

What is pooled over draws knows no single right or wrong answer a problem, so floor and ceiling are
read off the figures of a run: the accuracy of one answer, and the best constant answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmx.core.figure import Span
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.verdicts.lead import numbered
from llmx.report.numbers import percent, percent_span
from llmx.report.verdict.evidence import Evidence, Unfit, named
from llmx.report.verdict.model import Number, Verdict

MOST_CUT = 0.2
"""Share of an arm's draws that may end at the cap: above it lengths and votes are of halves."""

_ALL = 1 - 1e-9


@dataclass(frozen=True)
class Fit:
    """The arms of a finding, by what they are good for.

    Attributes:
        cut: shares of draws that ended at the cap, of arms that have too many of them.
    """

    arms: tuple[str, ...]
    unfit: tuple[Unfit, ...] = ()
    cut: tuple[Number, ...] = ()

    def refusal(self, needed: Iterable[str] = ()) -> Verdict | None:
        """Return why nothing is said: draws were cut, or no arm (or not all needed) is left."""
        if self.cut:
            shares = ", ".join(f"`{one.arm}` {percent(one.span.estimate)} %" for one in self.cut)
            most = percent(MOST_CUT, 0)
            reason = f"Draws that ended at the length cap: {shares}; at most {most} % may."
            return Verdict(word="withheld", reason=reason, numbers=self.cut)
        if self.unfit and not (self.arms and {*needed} <= {*self.arms}):
            reason = f"Nothing is decided: {named(self.unfit)}."
            return Verdict(word="not testable here", reason=reason, numbers=self._numbers())
        return None

    def said(self, verdict: Verdict) -> Verdict:
        """Return a verdict on the arms that are left, naming those that are not."""
        if not self.unfit:
            return verdict
        reason = f"{verdict.reason} Left out, as it decides nothing: {named(self.unfit)}."
        numbers = (*verdict.numbers, *self._numbers())
        return verdict.model_copy(update={"reason": reason, "numbers": numbers})

    def _numbers(self) -> tuple[Number, ...]:
        return tuple(number for one in self.unfit for number in one.numbers)


def fit(e: Evidence, arms: Iterable[str], methods: Sequence[str] = ()) -> Fit:
    """Return which arms may decide something of their accuracy.

    Args:
        methods: whose draws are looked at for the length cap, beside those of the pool.
    """
    asked = tuple(dict.fromkeys(arms))
    unfit = {arm: one for arm in asked if (one := _at_a_limit(e, arm)) is not None}
    left = tuple(arm for arm in asked if arm not in unfit)
    return Fit(left, tuple(unfit.values()), uncut(e, left, methods).cut)


def uncut(e: Evidence, arms: Iterable[str], methods: Sequence[str] = ()) -> Fit:
    """Return which arms may decide something of their texts, at whatever accuracy."""
    asked = tuple(dict.fromkeys(arms))
    found = (_most_cut(e, arm, methods) for arm in asked)
    return Fit(asked, cut=tuple(one for one in found if one is not None))


def _most_cut(e: Evidence, arm: str, methods: Sequence[str]) -> Number | None:
    """Return the largest share of draws that ended at the cap, where it is too large."""
    known = [
        one for of in ("single", *methods) for one in e.figures.of(figure_names.cut(of), {arm})
    ]
    worst = max(known, key=lambda one: one.span.estimate, default=None)
    if worst is None or worst.span.estimate <= MOST_CUT:
        return None
    return numbered(worst)


def _at_a_limit(e: Evidence, arm: str) -> Unfit | None:
    right = e.figures.find(figure_names.ONE_ANSWER, arm)
    if right is None:
        return None
    constant = e.figures.find(figure_names.CONSTANT, arm)
    floor = constant.span if constant else Span(estimate=0.0)
    low, high = right.span.ends()
    if low <= floor.estimate:
        one = f"one constant answer {percent(floor.estimate)} %"
        why = f"at the floor: {percent_span(right.span)} % right, {one}"
        least = Number(what=figure_names.CONSTANT, arm=arm, span=floor, unit="share")
        return Unfit(arm, why, (numbered(right), least))
    if high >= _ALL:
        return Unfit(arm, f"at the ceiling: {percent_span(right.span)} % right", (numbered(right),))
    return None
