"""Do answers get longer, so that tokens/s tells less than it seems to?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmx.core.figure import Span
from llmx.report.numbers import number_span, percent
from llmx.report.paired_table import PairedTable, ratio, tokens
from llmx.report.paired_table import rounds as target_rounds
from llmx.report.verdict.decide import LEVEL, Support, decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import counts
from llmx.report.verdict.model import Number, Verdict
from llmx.stats.multiple import holm


@dataclass(frozen=True)
class Longer:
    """How many times as long an arm's answers are; p after Holm over the arms."""

    arm: str
    table: PairedTable
    span: Span
    p: float

    def above(self) -> Support:
        """Return what speaks for longer answers."""
        return Support(self.p <= LEVEL and self.span.above(1), self.p, self.table.lone)

    def below(self) -> Support:
        """Return what speaks for shorter answers."""
        return Support(self.p <= LEVEL and self.span.below(1), self.p, self.table.lone)


def length_inflation(e: Evidence, *, arms: Sequence[str], reference: str) -> Verdict:
    """Compare lengths and target rounds per problem with the reference's.

    Shown: an arm's answers are surely longer: the 95 % interval of the ratio of mean lengths lies
    above 1, and p after Holm over the arms. Contradicted: every arm's are surely shorter. The
    shares of answers that the length cap has cut stand beside: where they are large, lengths say
    less.
    """
    found = _longer({arm: table for arm in arms if (table := e.pair(arm, reference)) is not None})
    if not found:
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    cuts = {arm: _cut(e, arm) for arm in (*(one.arm for one in found), reference)}
    decision = decide(some(one.above() for one in found), every(one.below() for one in found))
    return decision.verdict(
        reason=_reason(found, reference, cuts),
        numbers=(*_numbers(found, reference), *_shares(cuts)),
    )


def _longer(pairs: dict[str, PairedTable]) -> list[Longer]:
    ratios = [ratio(table, tokens) for table in pairs.values()]
    adjusted = holm([one.p for one in ratios])
    return [
        Longer(arm, table, one.span, p)
        for (arm, table), one, p in zip(pairs.items(), ratios, adjusted, strict=True)
    ]


def _cut(e: Evidence, arm: str) -> float:
    scores = [score for run in e.arm(arm).runs() for score in run.scores.values()]
    return sum(score.finish == "length" for score in scores) / len(scores)


def _numbers(found: Sequence[Longer], reference: str) -> list[Number]:
    """Return mean lengths, then target rounds a problem, which decide nothing."""
    lengths = [("mean length", one, one.span, one.p) for one in found]
    rounds = [
        ("target rounds a problem", one, ratio(one.table, target_rounds).span, None)
        for one in found
    ]
    return [
        Number(
            what=what,
            arm=one.arm,
            against=reference,
            span=span,
            unit="times",
            p=p,
            **counts(one.table),
        )
        for what, one, span, p in (*lengths, *rounds)
    ]


def _shares(cuts: dict[str, float]) -> list[Number]:
    return [
        Number(what="cut by the length cap", arm=arm, span=Span(estimate=share), unit="share")
        for arm, share in cuts.items()
    ]


def _reason(found: Sequence[Longer], reference: str, cuts: dict[str, float]) -> str:
    groups = (
        ("longer", [one for one in found if one.above().sure]),
        ("shorter", [one for one in found if one.below().sure]),
        (
            "not shown to differ",
            [one for one in found if not (one.above().sure or one.below().sure)],
        ),
    )
    parts = [
        f"{word}: " + ", ".join(f"`{one.arm}` {number_span(one.span, 2)}×" for one in ones)
        for word, ones in groups
        if ones
    ]
    cut = ", ".join(f"`{arm}` {percent(share)} %" for arm, share in cuts.items())
    return (
        f"Answers beside those of `{reference}`, mean length: {'; '.join(parts)}."
        f" Cut by the length cap: {cut}."
    )
