"""Does a vote weighted by what answers look like beat the plain vote?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.figure import Figure
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.verdicts.fit import fit
from llmx.papers.inference_scaling.verdicts.lead import Lead, leads
from llmx.report.verdict.decide import Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Verdict


@dataclass(frozen=True)
class FeatureRule:
    """A vote by a feature, beside the plain vote and beside one by a feature that means nothing."""

    feature: str
    plain: Lead
    control: Lead

    def gains(self) -> Support:
        """Return what speaks for a gain that the random feature has not: the weaker of both."""
        return every((self.plain.above(), self.control.above()))

    def said(self) -> str:
        """Return both gains, as a sentence goes on."""
        return (
            f"{self.feature} of `{self.plain.arm}` {self.plain.said()} from the plain vote,"
            f" {self.control.said()} from a random feature"
        )


def feature_vote(e: Evidence, *, arms: Sequence[str], features: Sequence[str]) -> Verdict:
    """Look for a feature whose votes gain, cross-validated over problems.

    Shown: of some arm and feature the gain over the plain vote is sure, and so is that over a vote
    by a random feature (Holm over arms and features). Contradicted: every one surely loses.

    Args:
        features: as the run names them, ``length`` and others.
    """
    able = fit(e, arms)
    if (refused := able.refusal()) is not None:
        return refused
    found = _rules(e, able.arms, features)
    if not found:
        reason = "The run holds no votes by these features beside one by a random feature."
        return Verdict(word="not comparable", reason=reason)
    word = decide(some(one.gains() for one in found), every(one.plain.below() for one in found))
    verdict = word.verdict(
        reason=f"{'; '.join(one.said() for one in found)}.",
        numbers=tuple(lead.number() for one in found for lead in (one.plain, one.control)),
    )
    return able.said(verdict)


def _rules(e: Evidence, arms: Sequence[str], features: Sequence[str]) -> list[FeatureRule]:
    pairs = [(arm, feature) for arm in arms for feature in features]
    found = [(feature, *_both(e, arm, feature)) for arm, feature in pairs]
    known = [(name, a, b) for name, a, b in found if a is not None and b is not None]
    plain, control = leads(a for _, a, _ in known), leads(b for _, _, b in known)
    named = (name for name, _, _ in known)
    return [FeatureRule(*one) for one in zip(named, plain, control, strict=True)]


def _both(e: Evidence, arm: str, feature: str) -> tuple[Figure | None, Figure | None]:
    plain = e.figures.find(figure_names.vote_gain(feature), arm)
    return plain, e.figures.find(figure_names.vote_gain(feature, figure_names.RANDOM), arm)
