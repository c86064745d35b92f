"""Does a vote weighted by what answers look like beat the plain vote?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure
from llmx.papers.inference_scaling.figure_names import OVER_PLAIN, OVER_RANDOM, VOTE
from llmx.papers.inference_scaling.verdicts.fit import fit
from llmx.papers.inference_scaling.verdicts.lead import Lead, leads
from llmx.report.verdict.decide import LEVEL, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Verdict


@dataclass(frozen=True)
class FeatureRule:
    """A vote by a feature, beside the plain vote and beside one by a feature that means nothing.

    Their p values are adjusted for all votes that were tried on the arm.
    """

    vote: str
    plain: Lead
    control: Lead

    def gains(self, arms: int) -> Support:
        """Return what speaks for a gain that the random feature has not: the weaker of both.

        Args:
            arms: that were looked at; one of them is enough.
        """
        both = every((self.plain.above(), self.control.above()))
        p = min(1.0, arms * both.p)
        return Support(both.sure and p <= LEVEL, p, both.lone)

    def said(self) -> str:
        """Return both gains, as a sentence goes on."""
        return (
            f"{self.vote} of `{self.plain.arm}` {self.plain.said()} from the plain vote,"
            f" {self.control.said()} from a random feature"
        )


def feature_vote(e: Evidence, *, arms: Sequence[str], features: Sequence[str] = ()) -> Verdict:
    """Look for a feature whose votes gain, cross-validated over problems.

    Shown: of some arm and vote the gain over the plain vote is sure, and so is that over a vote by
    a random feature; p values count all votes of an arm (Holm) and the arms. Contradicted: every
    one surely loses.

    Args:
        features: ``length``, ``certainty``, ``hedging`` …; none = all that were tried.
    """
    able = fit(e, arms)
    if (refused := able.refusal()) is not None:
        return refused
    found = _rules(e, able.arms, features)
    if not found:
        reason = "The run holds no votes by these features beside one by a random feature."
        return Verdict(word="not comparable", reason=reason)
    count = len({one.plain.arm for one in found})
    word = decide(
        some(one.gains(count) for one in found), every(one.plain.below() for one in found)
    )
    best = sorted(found, key=lambda one: -one.plain.figure.span.estimate)[:_SAID]
    verdict = word.verdict(
        reason=f"Of {len(found)} votes the best: {'; '.join(one.said() for one in best)}.",
        numbers=tuple(lead.number() for one in best for lead in (one.plain, one.control)),
    )
    return able.said(verdict)


_SAID = 3


def _rules(e: Evidence, arms: Sequence[str], features: Sequence[str]) -> list[FeatureRule]:
    plain, control = (_votes(e, arms, over) for over in (OVER_PLAIN, OVER_RANDOM))
    return [
        FeatureRule(vote, *leads((plain[arm, vote], control[arm, vote]), family=False))
        for arm, vote in plain
        if (arm, vote) in control and (not features or vote.startswith(tuple(features)))
    ]


def _votes(e: Evidence, arms: Sequence[str], over: str) -> dict[tuple[str, str], Figure]:
    end = f" over {over}"
    return {
        (one.arm, one.quantity.removeprefix(VOTE).removesuffix(end)): one
        for one in e.figures.figures
        if one.arm in arms and one.quantity.startswith(VOTE) and one.quantity.endswith(end)
    }
