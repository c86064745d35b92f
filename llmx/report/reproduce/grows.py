"""A statement that spans runs: do the best values of several tasks rise from one to the next?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from llmx.report.paper import Statement
from llmx.report.reproduce.stored import Stored
from llmx.report.verdict.model import Number, Verdict, Word
from llmx.report.verdict.optimum import BEST

Best = tuple[Stored, Number, int]
"""A run, its best value with the range of those that could be, and its seeds."""


def grown(
    statement: Statement, stored: Sequence[Stored]
) -> tuple[tuple[Stored, ...], Verdict] | None:
    """Judge it from verdicts of `optimum`; None where a run is missing or names no best value.

    Shown: every range lies wholly above the one before. Contradicted: one lies wholly below.
    """
    by_id = _best(stored)
    if not statement.grows or any(name not in by_id for name in statement.grows):
        return None
    found = [by_id[name] for name in statement.grows]
    figures = tuple(figure for _, figure, _ in found)
    runs = tuple(run for run, _, _ in found)
    named = "; ".join(
        f"{run.card.recipe} {_range(figure)}" for run, figure in zip(runs, figures, strict=True)
    )
    seeds = min(count for _, _, count in found)
    verdict = Verdict(
        id=statement.id,
        test="grows",
        word=_word(figures),
        reason=f"The best of each, and what could be it: {named}."
        + (" One seed: indicative." if seeds == 1 else ""),
        numbers=figures,
        seeds=seeds,
    )
    return runs, verdict


def _best(stored: Sequence[Stored]) -> Mapping[str, Best]:
    return {
        verdict.id: (run, number, verdict.seeds)
        for run in stored
        for verdict in run.verdicts
        for number in verdict.numbers
        if number.what == BEST
    }


def _ends(number: Number) -> tuple[float, float]:
    span = number.span
    low = span.estimate if span.low is None else span.low
    return low, span.estimate if span.high is None else span.high


def _word(figures: Sequence[Number]) -> Word:
    steps = [(_ends(one), _ends(other)) for one, other in pairwise(figures)]
    if any(other[1] < one[0] for one, other in steps):
        return "contradicted here"
    return "shown here" if all(one[1] < other[0] for one, other in steps) else "not shown here"


def _range(number: Number) -> str:
    low, high = _ends(number)
    text = f"{number.span.estimate:g}"
    return text if low == high else f"{text} ({low:g} to {high:g})"
