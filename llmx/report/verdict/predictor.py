"""Does the accuracy before reinforcement learning foretell that after it?"""

from __future__ import annotations

from llmx.report.numbers import signed_span
from llmx.report.results import Span
from llmx.report.trained import Trained
from llmx.report.training.prediction import RELIABLE
from llmx.report.verdict.decide import LEVEL, NOTHING, Support, decide
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Unit, Verdict


def poor_predictor(e: Evidence, *, bound: float = 0.7) -> Verdict:
    """Judge the correlation over arms of both accuracies, freed of their noise.

    See :func:`llmx.report.training.disattenuation.disattenuated`. Shown (that it foretells little):
    the 95 % interval lies below `bound`; at 0.7 half of the variance is left. Contradicted: it lies
    above. Neither where the reliability of an accuracy is below :data:`RELIABLE`: a correlation of
    little but noise is then divided by little but noise. The interval is all that is known, so that
    p is at most 5 %, and no less is said.
    """
    known = e.training or Trained()
    if known.predicts_reliability is None:
        reason = "The run has too few arms that were scored before and after, under a common seed."
        return Verdict(word="not comparable", reason=reason)
    span, least = known.predicts, min(known.predicts_reliability)
    little = much = NOTHING
    decided, lone = least >= RELIABLE, known.predicts_seeds == 1
    if span is not None and decided:
        little = Support(span.below(bound), LEVEL, lone)
        much = Support(span.above(bound), LEVEL, lone)
    return decide(little, much).verdict(
        reason=_reason(known, bound, decided and span is not None),
        arms=known.predicts_arms,
        numbers=_numbers(known),
    )


def _reason(known: Trained, bound: float, decided: bool) -> str:
    names = ", ".join(f"`{name}`" for name in known.predicts_arms)
    correlated = f"Over {names} the accuracies before and after correlate by"
    if decided:
        return f"{correlated} {signed_span(known.predicts)}; the bound is {bound:g}."
    before, after = known.predicts_reliability or (0.0, 0.0)
    return (
        f"Not decided: the arms differ too little. Over {names} the accuracy before has a"
        f" reliability of {before:.2f} and that after of {after:.2f}; {RELIABLE:g} is the least."
    )


def _numbers(known: Trained) -> tuple[Number, ...]:
    assert known.predicts_reliability is not None
    names, shares = ("reliability before", "reliability after"), known.predicts_reliability
    spans: list[tuple[str, Span, Unit]] = [
        (name, Span(estimate=share), "share") for name, share in zip(names, shares, strict=True)
    ]
    if known.predicts is not None:
        spans.insert(0, ("correlation", known.predicts, "of 1"))
    seeds = known.predicts_seeds
    return tuple(
        Number(what=what, arm="all", span=span, unit=unit, seeds=seeds, lone=seeds == 1)
        for what, span, unit in spans
    )
