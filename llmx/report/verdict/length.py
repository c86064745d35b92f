"""Do answers get longer, so that tokens/s tells less than it seems to?"""

from __future__ import annotations

from collections.abc import Sequence

from llmx.report.numbers import number_span, percent
from llmx.report.paired_table import PairedTable, Value, tokens
from llmx.report.results import Span
from llmx.report.timing import as_span
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Number, Verdict, Word
from llmx.stats.ratio import ratio_of_means


def length_inflation(e: Evidence, *, arms: Sequence[str], reference: str) -> Verdict:
    """Compare lengths and target rounds per problem with the reference's.

    Shown: an arm's ratio of mean lengths lies above 1 (95 %, paired bootstrap over problems).
    Contradicted: every arm's lies below 1. The shares of answers that the length cap has cut
    stand beside: where they are large, lengths say less.
    """
    pairs = {arm: table for arm in arms if (table := e.pair(arm, reference)) is not None}
    lengths = {arm: _ratio(table, tokens) for arm, table in pairs.items()}
    rounds = {arm: _ratio(table, lambda s: float(s.rounds)) for arm, table in pairs.items()}
    numbers = [
        Number(what=what, arm=arm, against=reference, span=span, unit="times")
        for what, spans in (("mean length", lengths), ("target rounds a problem", rounds))
        for arm, span in spans.items()
    ]
    cuts = {arm: _cut(e, arm) for arm in (*pairs, reference)} if pairs else {}
    numbers += [
        Number(what="cut by the length cap", arm=arm, span=Span(estimate=share), unit="share")
        for arm, share in cuts.items()
    ]
    return Verdict(
        word=_word(list(lengths.values())),
        reason=_reason(lengths, reference, cuts),
        numbers=tuple(numbers),
    )


def _cut(e: Evidence, arm: str) -> float:
    scores = [score for run in e.arm(arm).runs() for score in run.scores.values()]
    return sum(score.finish == "length" for score in scores) / len(scores)


def _ratio(table: PairedTable, value: Value) -> Span:
    first = table.values(table.first, value).mean(1)
    second = table.values(table.second, value).mean(1)
    return as_span(ratio_of_means(first, second))


def _word(spans: Sequence[Span]) -> Word:
    if not spans:
        return "not comparable"
    if any(span.above(1) for span in spans):
        return "shown here"
    return "contradicted here" if all(span.below(1) for span in spans) else "not shown here"


def _reason(lengths: dict[str, Span], reference: str, cuts: dict[str, float]) -> str:
    if not lengths:
        return "The arms share no scored problem."
    groups = (
        ("longer", [arm for arm, span in lengths.items() if span.above(1)]),
        ("shorter", [arm for arm, span in lengths.items() if span.below(1)]),
        (
            "not shown to differ",
            [a for a, span in lengths.items() if not (span.above(1) or span.below(1))],
        ),
    )
    parts = [
        f"{word}: " + ", ".join(f"`{arm}` {number_span(lengths[arm], 2)}×" for arm in names)
        for word, names in groups
        if names
    ]
    cut = ", ".join(f"`{arm}` {percent(share)} %" for arm, share in cuts.items())
    return (
        f"Answers beside those of `{reference}`, mean length: {'; '.join(parts)}."
        f" Cut by the length cap: {cut}."
    )
