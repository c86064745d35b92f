"""Tables of inference-time scaling in the report of a run, made of its figures alone."""

from __future__ import annotations

from collections.abc import Iterator

from llmx.core.figure import Figure, Figures
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES
from llmx.papers.inference_scaling.pictures.read import arms_of, sizes_of
from llmx.papers.inference_scaling.verdicts.shorter_when_right import FILINGS
from llmx.report.brought import BroughtTable
from llmx.report.numbers import NONE, number, percent, percent_span, points_span, signed_span


def _votes(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yield what the vote over most draws gains, and where the rest is lost."""
    for arm in arms_of(figures):
        vote, any_, gain = (
            _last(figures, quantity, arm)
            for quantity in (
                figure_names.accuracy("majority"),
                figure_names.accuracy(figure_names.ORACLE),
                figure_names.VOTING,
            )
        )
        single = figures.find(figure_names.ONE_ANSWER, arm)
        if vote is None or any_ is None or single is None:
            continue
        there = any_.span.estimate
        yield (
            arm,
            percent_span(single.span),
            number(vote.at, 0),
            percent_span(vote.span),
            NONE if gain is None else points_span(gain.span),
            percent(there),
            percent(there - vote.span.estimate),
            percent(1 - there),
            *(
                _share(figures, of("single"), arm)
                for of in (figure_names.unparsed, figure_names.cut)
            ),
        )


def _last(figures: Figures, quantity: str, arm: str) -> Figure | None:
    found = sizes_of(figures, quantity).get(arm, [])
    return found[-1] if found else None


def _share(figures: Figures, quantity: str, arm: str) -> str:
    one = _last(figures, quantity, arm)
    return NONE if one is None else percent(one.span.estimate)


def _catching_up(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yield how far the most votes of each weaker arm are from one answer of a stronger one."""
    known = [one for one in figures.of(figure_names.CATCHING_UP) if one.against is not None]
    pairs = dict.fromkeys((one.arm, one.against) for one in known)
    for arm, against in pairs:
        mine = [one for one in known if (one.arm, one.against) == (arm, against)]
        last = max(mine, key=lambda one: one.at or 0.0)
        votes = figures.find(figure_names.CATCHES_UP, arm, against)
        cost = [
            one
            for one in figures.of(figure_names.CATCHING_UP_COST, {arm})
            if (one.against, one.at) == (against, last.at)
        ]
        yield (
            arm,
            str(against),
            number(last.at, 0),
            points_span(last.span),
            number(cost[0].span.estimate, 2) if cost else NONE,
            NONE if votes is None else number(votes.span.estimate, 0),
        )


def _right_and_wrong(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yield lengths, certainty and markers in both filings, pooled and within problems."""
    pairs = [
        ("length", "", NONE, figure_names.SHORTER, figure_names.SHORTER_WITHIN),
        ("certainty", "", NONE, figure_names.SURER, figure_names.SURER_WITHIN),
    ]
    pairs += [
        (
            f"{category} markers",
            figure_names.seen(category, filing),
            filing,
            figure_names.density(category, filing),
            figure_names.density(category, filing, within=True),
        )
        for category in CATEGORIES
        for filing in FILINGS
    ]
    for arm in arms_of(figures):
        for name, what, filing, pooled, within in pairs:
            both = _measured(figures, pooled, arm), _measured(figures, within, arm)
            found = figures.find(what, arm)
            if both[0] is not None and (found is None or found.span.estimate > 0):
                unit = both[0].unit
                told = (signed_span(one.span, 2) if one else NONE for one in both)
                mixed = number(both[1].n, 0) if both[1] else NONE
                yield (arm, name, filing, unit, *told, mixed)


def _measured(figures: Figures, quantity: str, arm: str) -> Figure | None:
    """Return a figure as measured: a verdict that says it once more is of fewer problems."""
    known = (one for one in figures.of(quantity, {arm}) if not one.swept())
    return max(known, key=lambda one: one.n, default=None)


VOTES = BroughtTable(
    "What voting gives",
    "At the most draws that voted. What the draws hold and the vote does not choose is the vote's"
    " loss; problems without a right draw are missing. Every method stands on the page of"
    " the stage itself.",
    (
        *("Arm", "One answer, %", "N", "Vote of N, %", "Gain, points", "Any of N, %"),
        *("Lost by the vote, points", "Missing, %", "No answer, %", "Cut, %"),
    ),
    _votes,
)
CATCHING_UP = BroughtTable(
    "Votes of the weaker beside one answer of the stronger",
    "The cost is that of the votes over that of the answer. – : not reached by any number tried.",
    ("Arm", "One answer of", "Votes", "Difference, points", "Cost, ×", "Votes to reach it"),
    _catching_up,
)
RIGHT_AND_WRONG = BroughtTable(
    "Right minus wrong answers",
    "Pooled, a hard problem makes answers long and wrong; within problems that have right and"
    " wrong answers it does not. Both filings of the disputed words; markers that no answer holds"
    " are left out.",
    ("Arm", "What", "Filing", "Unit", "Pooled", "Within problems", "Mixed problems"),
    _right_and_wrong,
)
