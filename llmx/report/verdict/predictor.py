"""Does the accuracy before reinforcement learning foretell that after it?"""

from __future__ import annotations

from llmx.report.numbers import signed_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict, Word


def poor_predictor(e: Evidence, *, bound: float = 0.7) -> Verdict:
    """Judge the correlation over arms of both accuracies (Pearson; see ``training_report.json``).

    Shown (that it foretells little): the 95 % interval lies below `bound`; at 0.7 half of the
    variance is left. Contradicted: it lies above.
    """
    span = e.training.predicts if e.training else None
    if e.training is None or span is None:
        reason = "The run has too few arms that were scored before and after, or they do not vary."
        return Verdict(word="not comparable", reason=reason)
    word: Word = "shown here" if span.below(bound) else "not shown here"
    names = ", ".join(f"`{name}`" for name in e.training.predicts_arms)
    return Verdict(
        word="contradicted here" if span.above(bound) else word,
        reason=f"Over {names} the accuracies before and after correlate by {signed_span(span)};"
        f" the bound is {bound:g}.",
        arms=e.training.predicts_arms,
        numbers=(Number(what="correlation", arm="all", span=span, unit="of 1"),),
    )
