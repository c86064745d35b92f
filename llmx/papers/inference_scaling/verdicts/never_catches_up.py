"""Does a weaker model, voting over ever more answers, reach one answer of a stronger model?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure
from llmx.core.names import several
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.verdicts.fit import fit
from llmx.papers.inference_scaling.verdicts.lead import Lead, leads, numbered
from llmx.report.numbers import number
from llmx.report.verdict.decide import decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict


@dataclass(frozen=True)
class Race:
    """One pair: how far the weaker's votes are behind, and how often the stronger's price it pays.

    Attributes:
        behind: at each number of votes, in their order.
        times: cost of the most votes over that of the stronger's answer; None = not counted.
    """

    behind: tuple[Lead, ...]
    times: Figure | None
    catches: Figure | None

    @property
    def last(self) -> Lead:
        """At the most votes."""
        return self.behind[-1]

    def ratio(self) -> float:
        """Return how many times the stronger's cost was spent at the most votes; 0 if unknown."""
        return self.times.span.estimate if self.times else 0.0

    def said(self) -> str:
        """Return where it ends, as a sentence goes on."""
        one = self.last.figure
        cost = f" at {number(self.ratio())} times its cost" if self.times else ""
        where = ", which it does not reach"
        if self.catches is not None:
            where = f", which it reaches at {several(int(self.catches.span.estimate), 'vote')}"
        return (
            f"`{one.arm}` with {one.at:g} votes is {self.last.said()} from one answer of"
            f" `{one.against}`{cost}{where}"
        )


def never_catches_up(e: Evidence, *, pairs: Sequence[Sequence[str]], times: float = 1.0) -> Verdict:
    """Compare the votes of each pair's first arm with one answer of its second.

    Shown: of every pair, at every number of votes, the vote is surely behind; all have to be, so no
    p value is adjusted. Contradicted: a vote of some pair is surely ahead (Holm over pairs and
    numbers of votes). Not testable: the most votes cost less than `times` one answer of the second,
    or an arm is at the floor or the ceiling.

    Args:
        pairs: each a weaker arm and a stronger one.
        times: the cost that has to have been spent, as a multiple of one answer of the second.
    """
    able = fit(e, (arm for pair in pairs for arm in pair))
    kept = [(one, other) for one, other in pairs if {one, other} <= {*able.arms}]
    needed = kept[0] if kept else [arm for pair in pairs for arm in pair]
    if (refused := able.refusal(needed)) is not None:
        return refused
    every_vote = [one for a, b in kept for one in _votes(e, a, b)]
    races = [race for a, b in kept if (race := _race(e, a, b)) is not None]
    if not races:
        reason = "The run holds no votes of the one beside an answer of the other."
        return Verdict(word="not comparable", reason=reason)
    numbers = tuple(number for race in races for number in _numbers(race))
    reason = "; ".join(race.said() for race in races) + "."
    if short := [race for race in races if race.ratio() < times]:
        spent = ", ".join(f"`{race.last.arm}` {number(race.ratio())}" for race in short)
        why = f"The pool ends too early: asked are {number(times)} times the cost, spent {spent}."
        return Verdict(word="not testable here", reason=f"{why} {reason}", numbers=numbers)
    ahead = some(one.above() for one in leads(every_vote))
    behind = every(one.below() for race in races for one in race.behind)
    return able.said(decide(behind, ahead).verdict(reason=reason, numbers=numbers))


def _votes(e: Evidence, weaker: str, stronger: str) -> list[Figure]:
    known = e.figures.of(figure_names.CATCHING_UP, {weaker})
    found = [one for one in known if one.against == stronger and one.at is not None]
    return sorted(found, key=lambda one: one.at or 0.0)


def _race(e: Evidence, weaker: str, stronger: str) -> Race | None:
    votes = _votes(e, weaker, stronger)
    if not votes:
        return None
    costs = [
        one
        for one in e.figures.of(figure_names.CATCHING_UP_COST, {weaker})
        if one.against == stronger and one.at == votes[-1].at
    ]
    catches = e.figures.find(figure_names.CATCHES_UP, weaker, stronger)
    return Race(tuple(leads(votes, family=False)), next(iter(costs), None), catches)


def _numbers(race: Race) -> list[Number]:
    """Return the lead at the most votes, the cost there, and where it catches up if it does."""
    others = (numbered(one) for one in (race.times, race.catches) if one is not None)
    return [race.last.number(), *others]
