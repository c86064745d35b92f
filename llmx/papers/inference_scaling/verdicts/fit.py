"""Which arms may decide anything: those off the floor and the ceiling, with few draws cut short.

What is pooled over draws knows no single right or wrong answer a problem, so floor and ceiling are
read off the figures of a run: the accuracy of one answer, and the best constant answer. A method
that ends at the floor in an arm whose one answer does not was not followed by its model, and that
says nothing of the method.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from llmx.core.figure import Figure, Span
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.verdicts.lead import numbered
from llmx.report.numbers import percent, percent_span
from llmx.report.verdict.evidence import Evidence, Unfit, named
from llmx.report.verdict.model import Number, Verdict

MOST_CUT = 0.2
"""Share of an arm's draws that may end at the cap: above it lengths and votes are of halves."""

MOST_UNSCORED = 0.5
"""Share of a judge's replies that may have no score: above it the draws are not compared."""

_REPLIES = {"revise_vote": "revise", "revise_stop": "revise", "chains": "revise"}
"""Methods that vote over the replies of another, with the one whose accuracy is of a reply."""

_ALL = 1 - 1e-9
_WHOLE = 100


@dataclass(frozen=True)
class Fit:
    """The arms of a finding, by what they are good for.

    Attributes:
        arms: those in which something can be decided: of its accuracy, of one method at least.
        cut: shares of draws that ended at the cap, of arms that have too many of them.
        lost: (arm, method) → why the method says nothing there.
    """

    arms: tuple[str, ...]
    unfit: tuple[Unfit, ...] = ()
    cut: tuple[Number, ...] = ()
    lost: Mapping[tuple[str, str], Unfit] = field(default_factory=dict)

    def of(self, method: str) -> tuple[str, ...]:
        """Return the arms in which a method may decide something."""
        return tuple(arm for arm in self.arms if (arm, method) not in self.lost)

    def refusal(self, needed: Iterable[str] = ()) -> Verdict | None:
        """Return why nothing is said: draws were cut, or no arm (or not all needed) is left."""
        if self.cut:
            shares = ", ".join(f"`{one.arm}` {percent(one.span.estimate)} %" for one in self.cut)
            most = percent(MOST_CUT, 0)
            reason = f"Draws that ended at the length cap: {shares}; at most {most} % may."
            return Verdict(word="withheld", reason=reason, numbers=self.cut)
        if self.unfit and not (self.arms and {*needed} <= {*self.arms}):
            return self.nothing()
        return None

    def nothing(self) -> Verdict:
        """Return that what is left of the finding decides nothing."""
        reason = f"Nothing is decided: {named(self.unfit)}."
        return Verdict(word="not testable here", reason=reason, numbers=self._numbers())

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
        methods: that the finding is about, beside the votes of the pool: an arm needs one that its
            model can follow, and whose draws the cap seldom cut.
    """
    asked = tuple(dict.fromkeys(arms))
    unfit = {arm: one for arm in asked if (one := _at_a_limit(e, arm)) is not None}
    able = [arm for arm in asked if arm not in unfit]
    lost = {
        (arm, method): one
        for arm in able
        for method in methods
        if (one := _not_followed(e, arm, method)) is not None
    }
    left = [arm for arm in able if not methods or any((arm, one) not in lost for one in methods)]
    cut = (_most_cut(e, arm, methods, lost) for arm in able)
    too_many = tuple(one for one in cut if one is not None)
    once = {(one.arm, one.why): one for one in (*unfit.values(), *lost.values())}
    return Fit(tuple(left), tuple(once.values()), too_many, lost)


def uncut(e: Evidence, arms: Iterable[str], methods: Sequence[str] = ()) -> Fit:
    """Return which arms may decide something of their texts, at whatever accuracy."""
    asked = tuple(dict.fromkeys(arms))
    found = (_most_cut(e, arm, methods, {}) for arm in asked)
    return Fit(asked, cut=tuple(one for one in found if one is not None))


def at_floor(e: Evidence, right: Figure) -> bool:
    """Whether an accuracy reaches down to the best constant answer of its arm."""
    low, _ = right.span.ends()
    return low <= _floor(e, right.arm).estimate


def points_of(e: Evidence, quantity: str, arm: str) -> list[Figure]:
    """Return the figures of a sweep, by size."""
    known = [one for one in e.figures.of(quantity, {arm}) if one.at is not None]
    return sorted(known, key=lambda one: one.at or 0.0)


def _floor(e: Evidence, arm: str) -> Span:
    constant = e.figures.find(figure_names.CONSTANT, arm)
    return constant.span if constant else Span(estimate=0.0)


def _most_cut(
    e: Evidence, arm: str, methods: Sequence[str], lost: Container[tuple[str, str]]
) -> Number | None:
    """Return the largest share of draws that ended at the cap, where it is too large."""
    asked = ("single", *(one for one in methods if (arm, one) not in lost))
    worst = max(
        (one for of in asked for one in e.figures.of(figure_names.cut(of), {arm})),
        key=lambda one: one.span.estimate,
        default=None,
    )
    if worst is None or worst.span.estimate <= MOST_CUT:
        return None
    return numbered(worst)


def _not_followed(e: Evidence, arm: str, method: str) -> Unfit | None:
    """Return why an arm says nothing of a method: a judge without scores, answers at the floor."""
    unscored = next(iter(points_of(e, figure_names.share_of("unscored", method), arm)), None)
    if unscored is not None and unscored.span.estimate > MOST_UNSCORED:
        share = percent(unscored.span.estimate)
        why = f"{figure_names.label(method)} is without a score in {share} % of the replies"
        return Unfit(arm, why, (numbered(unscored),))
    reply = _REPLIES.get(method, method)
    right = _reply(e, arm, reply)
    if right is None or not at_floor(e, right):
        return None
    why = f"{figure_names.label(reply)} is at the floor: {_floored(e, right)}"
    return Unfit(arm, f"{why}; {_cause(e, right, reply)}", (numbered(right), _least(e, arm)))


def _reply(e: Evidence, arm: str, method: str) -> Figure | None:
    """Return how often a method is right where it changes the least of what a model does.

    Of thinking that is cut it is all of the thinking; else the smallest size above one answer.
    """
    known = points_of(e, figure_names.accuracy(method), arm)
    if method == "truncate":
        return next((one for one in known if one.at == _WHOLE), None)
    return next((one for one in known if (one.at or 0) >= figure_names.least(method)), None)


def _cause(e: Evidence, right: Figure, method: str) -> str:
    """Say why a method ends at the floor: of replies that were cut nobody knows what they say."""
    known = points_of(e, figure_names.cut(method), right.arm)
    cut = next((one.span.estimate for one in known if one.at == right.at), 0.0)
    if cut > MOST_CUT:
        return f"{percent(cut)} % of its replies ended at the length cap"
    return "the model cannot follow it"


def _floored(e: Evidence, right: Figure) -> str:
    constant = percent(_floor(e, right.arm).estimate)
    return f"{percent_span(right.span)} % right, one constant answer {constant} %"


def _least(e: Evidence, arm: str) -> Number:
    return Number(what=figure_names.CONSTANT, arm=arm, span=_floor(e, arm), unit="share")


def _at_a_limit(e: Evidence, arm: str) -> Unfit | None:
    right = e.figures.find(figure_names.ONE_ANSWER, arm)
    if right is None:
        return None
    if at_floor(e, right):
        why = f"at the floor: {_floored(e, right)}"
        return Unfit(arm, why, (numbered(right), _least(e, arm)))
    if right.span.ends()[1] >= _ALL:
        return Unfit(arm, f"at the ceiling: {percent_span(right.span)} % right", (numbered(right),))
    return None
