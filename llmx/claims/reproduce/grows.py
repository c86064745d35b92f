"""A statement that spans runs: do the best values of several tasks rise from one to the next?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from llmx.claims.paper import Statement
from llmx.claims.reproduce.stored import Stored
from llmx.report.figures.names import BEST
from llmx.report.verdict.decide import LEVEL, DecidedWord, Support, decide, every, some
from llmx.report.verdict.model import CANNOT, Number, Verdict, Word

NOTHING: tuple[Word, ...] = ("not testable here", "withheld")
"""Words of a run that says nothing of its best value."""

Best = tuple[Stored, Number, int]
"""A run, its best value with the range of those that could be, and its seeds."""


def grown(
    statement: Statement, stored: Sequence[Stored]
) -> tuple[tuple[Stored, ...], Verdict] | None:
    """Judge it from verdicts of `optimum`; None where a run is missing or names no best value.

    Shown: every range lies wholly above the one before. Contradicted: one lies wholly below. Either
    is wrong where a range has missed the best of its run, so that the chances of both add up; and
    over the steps, of which one is enough to contradict. With one seed it is indicative, and with a
    run that was tuned on its test problems exploratory. Not testable where one of the runs was not,
    and withheld where one of theirs is.
    Nothing is said where outcomes of one of the runs were not kept.
    """
    if (why := _not_testable(statement, stored)) is not None:
        return why
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
    decision = _decided(figures, lone=seeds == 1)
    unkept = any(run.unkept for run in runs)
    leans = None if unkept else decision.leans
    points = f" One seed: it points to *{leans}*." if leans else ""
    if not unkept and any(one.word == "exploratory" for _, one in _named(statement, stored)):
        points = f" A run was tuned on its test problems; else it would read *{decision.word}*."
        decision = DecidedWord("exploratory")
    verdict = decision.verdict(
        id=statement.id,
        test="grows",
        reason=f"The best of each, and what could be it: {named}.{points}",
        numbers=figures,
        seeds=seeds,
    )
    if unkept:
        verdict = verdict.model_copy(update={"word": CANNOT, "p": None, "leans": None})
    return runs, verdict


def _named(statement: Statement, stored: Sequence[Stored]) -> list[tuple[Stored, Verdict]]:
    """Return the verdicts that a statement rests on, each with its run."""
    return [(run, one) for run in stored for one in run.verdicts if one.id in statement.grows]


def _not_testable(
    statement: Statement, stored: Sequence[Stored]
) -> tuple[tuple[Stored, ...], Verdict] | None:
    """Return that nothing can be said, where a run could not test which value is the best."""
    lost = [pair for pair in _named(statement, stored) if pair[1].word in NOTHING]
    if not lost:
        return None
    said = "; ".join(f"{run.card.recipe}: {verdict.reason}" for run, verdict in lost)
    words = {verdict.word for _, verdict in lost}
    word = next(one for one in NOTHING if one in words)
    verdict = Verdict(id=statement.id, test="grows", word=word, reason=said)
    return tuple(run for run, _ in lost), verdict


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


def _decided(figures: Sequence[Number], lone: bool) -> DecidedWord:
    steps = list(pairwise(figures))

    def support(apart: bool, p: float) -> Support:
        return Support(apart and p <= LEVEL, min(p, 1.0), lone)

    rises = [support(_ends(one)[1] < _ends(other)[0], _missed(one, other)) for one, other in steps]
    falls = [
        support(_ends(other)[1] < _ends(one)[0], len(steps) * _missed(one, other))
        for one, other in steps
    ]
    return decide(every(rises), some(falls))


def _missed(one: Number, other: Number) -> float:
    """Return the chance that one of two ranges has missed the best of its run."""
    return sum(LEVEL if number.p is None else number.p for number in (one, other))


def _range(number: Number) -> str:
    low, high = _ends(number)
    text = f"{number.span.estimate:g}"
    return text if low == high else f"{text} ({low:g} to {high:g})"
