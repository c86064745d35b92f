"""How much earlier does the first token come than from the reference?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.numbers import percent, percent_span
from llmx.report.results import Span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict, Word


def first_token_cut(e: Evidence, *, arms: Sequence[str], aim: float = 0.93) -> Verdict:
    """Judge the share of the reference's time to the first token that arms save.

    Shown: of at least one arm the 95 % interval lies at or above `aim`. Contradicted: of every arm
    it lies below.
    """
    known = {arm: e.streams.figure(arm, "first token cut") for arm in arms} if e.streams else {}
    spans = {arm: span for arm, span in known.items() if span is not None}
    if not spans:
        return Verdict(word="not comparable", reason="The run has not timed these arms in turn.")
    said = "; ".join(f"`{arm}` by {percent_span(span)} %" for arm, span in spans.items())
    return Verdict(
        word=_word(list(spans.values()), aim),
        reason=f"The time to the first token falls: {said}; asked are {percent(aim)} %.",
        numbers=tuple(
            Number(what="cut of the time to the first token", arm=arm, span=span, unit="share")
            for arm, span in spans.items()
        ),
    )


def _word(spans: Sequence[Span], aim: float) -> Word:
    if any(span.low is not None and span.low >= aim for span in spans):
        return "shown here"
    return "contradicted here" if all(span.below(aim) for span in spans) else "not shown here"
