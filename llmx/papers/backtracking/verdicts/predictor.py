"""Does the accuracy before reinforcement learning foretell that after it?"""

from __future__ import annotations

from dataclasses import dataclass

from llmx.core.figure import Span
from llmx.report.figures import names
from llmx.report.numbers import signed_span
from llmx.report.training.prediction import RELIABLE
from llmx.report.verdict.decide import LEVEL, NOTHING, Support, decide
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Unit, Verdict


@dataclass(frozen=True)
class ArmCorrelation:
    """The correlation over arms, the reliability of both accuracies, the arms, their seeds."""

    span: Span | None
    reliability: tuple[float, float]
    arms: tuple[str, ...]
    seeds: int


def poor_predictor(e: Evidence, *, bound: float = 0.7) -> Verdict:
    """Judge the correlation over arms of both accuracies, freed of their noise.

    See :func:`llmx.report.training.disattenuation.disattenuated`. Shown (that it foretells
    little): the 95 % interval lies below `bound`; at 0.7 half of the variance is left.
    Contradicted: it lies above. Neither where the reliability of an accuracy is below
    :data:`RELIABLE`: a correlation of little but noise is then divided by little but noise. The
    interval is all that is known, so that p is at most 5 %, and no less is said.
    """
    known = _known(e)
    if known is None:
        reason = "The run has too few arms that were scored before and after, under a common seed."
        return Verdict(word="not comparable", reason=reason)
    span, least = known.span, min(known.reliability)
    little = much = NOTHING
    decided, lone = least >= RELIABLE, known.seeds == 1
    if span is not None and decided:
        little = Support(span.below(bound), LEVEL, lone)
        much = Support(span.above(bound), LEVEL, lone)
    return decide(little, much).verdict(
        reason=_reason(known, bound, decided and span is not None),
        arms=known.arms,
        numbers=_numbers(known),
    )


def _known(e: Evidence) -> ArmCorrelation | None:
    """Return what the run says of both accuracies over arms; None where it says nothing."""
    before, after, span = (
        e.figures.find(name, names.ALL)
        for name in (names.RELIABLE_BEFORE, names.RELIABLE_AFTER, names.CORRELATION)
    )
    if before is None or after is None:
        return None
    shares = (before.span.estimate, after.span.estimate)
    return ArmCorrelation(span.span if span else None, shares, before.over, before.seeds)


def _reason(known: ArmCorrelation, bound: float, decided: bool) -> str:
    named = ", ".join(f"`{name}`" for name in known.arms)
    correlated = f"Over {named} the accuracies before and after correlate by"
    if decided:
        return f"{correlated} {signed_span(known.span)}; the bound is {bound:g}."
    before, after = known.reliability
    return (
        f"Not decided: the arms differ too little. Over {named} the accuracy before has a"
        f" reliability of {before:.2f} and that after of {after:.2f}; {RELIABLE:g} is the least."
    )


def _numbers(known: ArmCorrelation) -> tuple[Number, ...]:
    spans: list[tuple[str, Span, Unit]] = [
        (names.RELIABLE_BEFORE, Span(estimate=known.reliability[0]), "share"),
        (names.RELIABLE_AFTER, Span(estimate=known.reliability[1]), "share"),
    ]
    if known.span is not None:
        spans.insert(0, (names.CORRELATION, known.span, "of 1"))
    seeds = known.seeds
    return tuple(
        Number(what=what, arm=names.ALL, span=span, unit=unit, seeds=seeds, lone=seeds == 1)
        for what, span, unit in spans
    )
