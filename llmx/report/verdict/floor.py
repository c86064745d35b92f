"""Arms that answer no better than a constant, or that answer everything: nothing tells them apart.

The control that reads no question is the best constant answer: the one reference answer that is
right for the most problems. It is taken from the very problems that are asked, so it is the best of
its kind, and a little better than one chosen beforehand. Where every problem has an answer of its
own (a grid, an expression over given numbers) it is right once.
"""

from __future__ import annotations

from collections import Counter

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, RIGHT, Metric
from llmx.report.gather import ArmFiles
from llmx.report.measure import accuracy, value_span
from llmx.report.numbers import percent, percent_span
from llmx.report.verdict.evidence import Unfit
from llmx.report.verdict.model import Number

_ALL = 1 - 1e-9
"""All answers right, but for rounding in the interval's end."""


def best_constant(files: ArmFiles) -> float:
    """Return the share of an arm's problems that one and the same answer is right for.

    References that are empty count as answers of their own: nobody could give them.
    """
    answers = Counter(score.expected for score in files.scores.values() if score.expected)
    most = max(answers.values(), default=0)
    return most / len(files.scores) if files.scores else 0.0


def at_a_limit(name: str, files: ArmFiles, metric: Metric = RIGHT) -> Unfit | None:
    """Return why an arm's metric decides nothing; None where it may, or nothing is scored.

    Accuracy. Floor: the 95 % interval reaches the best constant answer. Ceiling: it reaches 100 %.
    Another metric: all of its values are at one of its bounds.
    """
    if not any(run.scores for run in files.runs()):
        return None
    if metric.name != ACCURACY:
        return _at_a_bound(name, files, metric)
    span, floor = accuracy(files), best_constant(files)
    if _reaches(span, floor):
        why = f"at the floor: {percent_span(span)} % right, one constant answer {percent(floor)} %"
        return Unfit(name, why, (_right(name, files, span), _constant(name, floor)))
    if span.high is not None and span.high >= _ALL:
        return Unfit(
            name, f"at the ceiling: {percent_span(span)} % right", (_right(name, files, span),)
        )
    return None


def _at_a_bound(name: str, files: ArmFiles, metric: Metric) -> Unfit | None:
    if metric not in files.metrics:
        return None
    values = {metric.of(score) for run in files.runs() for score in run.scores.values()}
    at = values.pop() if len(values) == 1 else None
    if at is None or at not in (metric.low, metric.high):
        return None
    end = "ceiling" if (at == metric.high) == (metric.signed > 0) else "floor"
    span = value_span(files, metric)
    figure = _right(name, files, span).model_copy(
        update={"what": metric.name, "metric": metric.name, "unit": metric.unit or "of 1"}
    )
    return Unfit(name, f"at the {end}: every {metric.name} is {at:g}", (figure,))


def at_the_floor(files: ArmFiles) -> bool:
    """Whether the 95 % interval of an arm's accuracy reaches the best constant answer."""
    return _reaches(accuracy(files), best_constant(files))


def _reaches(span: Span, floor: float) -> bool:
    return span.low is not None and span.low <= floor


def _right(name: str, files: ArmFiles, span: Span) -> Number:
    problems, seeds = len(files.scores), len(files.runs())
    return Number(
        what="accuracy", arm=name, span=span, unit="share", problems=problems, seeds=seeds
    )


def _constant(name: str, floor: float) -> Number:
    return Number(what="best constant answer", arm=name, span=Span(estimate=floor), unit="share")
