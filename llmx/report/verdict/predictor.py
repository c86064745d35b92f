"""Does the accuracy before reinforcement learning foretell that after it?"""

from __future__ import annotations

from llmx.report.numbers import signed_span
from llmx.report.results import Span
from llmx.report.trained import Trained
from llmx.report.training.prediction import RELIABLE
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict, Word
from llmx.report.verdict.more_accurate import INDICATIVE


def poor_predictor(e: Evidence, *, bound: float = 0.7) -> Verdict:
    """Judge the correlation over arms of both accuracies, freed of their noise.

    See :func:`llmx.report.training.disattenuation.disattenuated`. Shown (that it foretells little):
    the 95 % interval lies below `bound`; at 0.7 half of the variance is left. Contradicted: it lies
    above. Neither where the reliability of an accuracy is below :data:`RELIABLE`: a correlation of
    little but noise is then divided by little but noise.
    """
    known = e.training or Trained()
    if known.predicts_reliability is None:
        reason = "The run has too few arms that were scored before and after, under a common seed."
        return Verdict(word="not comparable", reason=reason)
    span, least = known.predicts, min(known.predicts_reliability)
    decided = span is not None and least >= RELIABLE
    return Verdict(
        word=_word(span, bound) if span is not None and decided else "not shown here",
        reason=_reason(known, bound, decided),
        arms=known.predicts_arms,
        numbers=_numbers(known),
    )


def _word(span: Span, bound: float) -> Word:
    if span.above(bound):
        return "contradicted here"
    return "shown here" if span.below(bound) else "not shown here"


def _reason(known: Trained, bound: float, decided: bool) -> str:
    names = ", ".join(f"`{name}`" for name in known.predicts_arms)
    correlated = f"Over {names} the accuracies before and after correlate by"
    indicative = INDICATIVE if known.predicts_seeds == 1 else ""
    if decided:
        return f"{correlated} {signed_span(known.predicts)}; the bound is {bound:g}.{indicative}"
    before, after = known.predicts_reliability or (0.0, 0.0)
    return (
        f"Not decided: the arms differ too little. Over {names} the accuracy before has a"
        f" reliability of {before:.2f} and that after of {after:.2f}; {RELIABLE:g} is the least."
        f"{indicative}"
    )


def _numbers(known: Trained) -> tuple[Number, ...]:
    assert known.predicts_reliability is not None
    found = [
        Number(what=f"reliability {when}", arm="all", span=Span(estimate=share), unit="share")
        for when, share in zip(("before", "after"), known.predicts_reliability, strict=True)
    ]
    if known.predicts is not None:
        found.insert(0, Number(what="correlation", arm="all", span=known.predicts, unit="of 1"))
    return tuple(found)
