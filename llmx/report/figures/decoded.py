"""Figures of a ``results.json``, and those that verdicts rest on."""

from __future__ import annotations

from collections.abc import Iterator

from llmx.core.figure import Figure, Figures, Span
from llmx.report.figures import names
from llmx.report.figures.table import FigurePlace, figures_at
from llmx.report.metric_words import gap_unit
from llmx.report.results import Measured, Results, Row
from llmx.report.verdict.model import Number, Verdict

_BESIDE = (
    FigurePlace("difference.score", names.ACCURACY_GAP, "points", True, "difference.p_value"),
    FigurePlace("speedup_reference", names.TOKEN_RATE, "times", True),
    FigurePlace("speedup_reference_problems", names.PROBLEM_RATE, "times", True),
    FigurePlace("rounds_reference", names.ROUNDS, "times", True),
    FigurePlace("difference.bootstrap", "accuracy difference, bootstrap", "points", True),
    FigurePlace("difference.clustered", "accuracy difference, by cluster", "points", True),
    FigurePlace("difference.gained", "right here only", "problems", True),
    FigurePlace("difference.lost", "wrong here only", "problems", True),
    FigurePlace("difference.detectable", "detectable difference", "points", True),
)
_OVER_TARGET = (
    FigurePlace("speedup", names.TOKEN_RATE, "times", True),
    FigurePlace("speedup_problems", names.PROBLEM_RATE, "times", True),
)
_ALONE = (
    FigurePlace("accuracy", names.ACCURACY, "share"),
    FigurePlace("accuracy_flexible", "flexible accuracy", "share"),
    FigurePlace("tokens_per_second", names.TOKEN_RATE, "tokens/s"),
    FigurePlace("problems_per_second", names.PROBLEM_RATE, "problems/s"),
    FigurePlace("target_rounds", names.ROUNDS, "rounds"),
    FigurePlace("accepted_length", "accepted tokens a round", "tokens"),
    FigurePlace("output_tokens", names.LENGTH, "tokens"),
    FigurePlace("cut_share", "cut by the length cap", "share"),
    FigurePlace("unparsed_share", "without an answer", "share"),
)


def of_results(found: Results) -> Figures:
    """Return the figures of a table of arms; an arm bears its algorithm as a mark.

    So do arms that others are compared with; see :data:`llmx.report.figures.names.REFERENCE`.
    """
    marks: dict[str, tuple[str, ...]] = {}
    of = [row.reference or found.reference for row in found.rows if row.difference is not None]
    if of:
        marks[names.REFERENCE] = tuple(dict.fromkeys(name for name in of if name))
    for row in found.rows:
        if row.algorithm:
            marks[row.algorithm] = (*marks.get(row.algorithm, ()), row.arm)
    figures = tuple(one for row in found.rows for one in _row(row, found))
    return Figures(figures=figures, marks=marks)


def _row(row: Row, found: Results) -> Iterator[Figure]:
    raw = row.model_dump(mode="json")
    counts = {"n": row.problems, "seeds": row.seeds}
    yield Figure(
        quantity=names.PROBLEMS,
        arm=row.arm,
        span=Span(estimate=row.problems),
        unit="problems",
        **counts,
    )
    yield from figures_at(raw, _ALONE, row.arm, None, **counts)
    yield from _shares(row)
    yield from figures_at(raw, _BESIDE, row.arm, row.reference or found.reference, **counts)
    yield from figures_at(raw, _OVER_TARGET, row.arm, found.baseline, **counts)
    for measured in row.metrics:
        yield from _metric(measured, row, row.reference or found.reference)


def _metric(found: Measured, row: Row, reference: str | None) -> Iterator[Figure]:
    """Yield what a metric that the scorer declares comes to, and its difference."""
    metric, counts = found.metric, {"n": row.problems, "seeds": row.seeds}
    unit = "share" if metric.unit == "%" else metric.unit
    own = {"metric": metric.name, "arm": row.arm, **counts}
    yield Figure(quantity=metric.name, span=found.value, unit=unit, **own)
    if found.difference is not None:
        yield Figure(
            quantity=names.gap_of(metric.name),
            against=reference,
            span=found.difference.score,
            unit=gap_unit(metric),
            p=found.difference.p_value,
            **own,
        )


def _shares(row: Row) -> Iterator[Figure]:
    """Yield the draft share beside the one asked for, and the loss that was allowed."""
    if row.draft_share is not None:
        span = Span(estimate=row.draft_share)
        asked = row.asked_share
        yield Figure(
            quantity=names.SHARE,
            arm=row.arm,
            span=span,
            unit="share",
            n=row.problems,
            seeds=row.seeds,
            expected=asked,
        )
    lost = [one for one in row.calibrations() if one.loss is not None]
    if lost:
        mean = sum(one.loss or 0.0 for one in lost) / len(lost)
        yield Figure(
            quantity="loss on calibration problems",
            arm=row.arm,
            span=Span(estimate=mean),
            unit="points",
            seeds=len(lost),
            expected=lost[0].asked_loss,
        )


def of_verdicts(verdicts: tuple[Verdict, ...]) -> Figures:
    """Return the figures that verdicts rest on, each once."""
    found = (figure_of(number) for verdict in verdicts for number in verdict.numbers)
    return Figures(figures=tuple(dict.fromkeys(found)))


def figure_of(number: Number) -> Figure:
    """Return a verdict's number as a figure."""
    return Figure(
        quantity=number.what,
        arm=number.arm,
        against=number.against,
        span=number.span,
        unit=number.unit,
        n=number.problems,
        seeds=number.seeds,
        rounds=number.rounds,
        p=number.p,
        lone=number.lone,
        metric=number.metric,
    )
