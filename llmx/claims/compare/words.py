"""What every rendering of a comparison says, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmx.claims.compare.model import Comparison, Flip
from llmx.core.figure import Figure, Span
from llmx.core.names import several
from llmx.core.record import Metric
from llmx.report.figures import names
from llmx.report.numbers import (
    NONE,
    gap,
    gap_unit,
    level,
    number,
    number_span,
    p_value,
    percent,
    percent_span,
    points,
    points_span,
)

Row = tuple[str, str, str, str]
"""What, first, second, second − first."""


def title(one: Comparison) -> str:
    """Return ``B against A``."""
    return f"{one.second.name} against {one.first.name}"


def rows(one: Comparison) -> list[Row]:
    """Return the table of one comparison."""
    accuracies = map(percent_span, _both(one, names.ACCURACY))
    lengths = (number(value) for value in _values(one, names.LENGTH))
    speeds = ((what, one.beside(what)) for what in (names.TOKEN_RATE, names.PROBLEM_RATE))
    return [
        ("accuracy, %", *_two(accuracies), f"{points_span(one.difference.span)} points"),
        ("problems right on one side only", *_two(_flipped(one)), f"p {_p(one)}"),
        *(_metric(one, metric) for metric in one.figures.metrics),
        ("mean length, tokens", *_two(lengths), _times(one.beside(names.LENGTH))),
        _share(one, "draft share, %", names.SHARE),
        _share(one, "unparsed, %", names.UNPARSED),
        _share(one, "cut by the length cap, %", names.CUT),
        *((what, "", "", _times(found)) for what, found in speeds),
    ]


def _two(cells: Iterable[str]) -> tuple[str, str]:
    first, second = cells
    return first, second


def _both(one: Comparison, quantity: str) -> tuple[Span | None, Span | None]:
    found = (one.figures.find(quantity, side.name) for side in (one.first, one.second))
    first, second = (None if figure is None else figure.span for figure in found)
    return first, second


def _values(one: Comparison, quantity: str) -> tuple[float | None, float | None]:
    first, second = (None if span is None else span.estimate for span in _both(one, quantity))
    return first, second


def _times(figure: Figure | None) -> str:
    return NONE if figure is None else f"{number_span(figure.span, 2)} ×"


def _flipped(one: Comparison) -> Iterator[str]:
    for found in (one.beside(names.LOST), one.beside(names.GAINED)):
        yield number(None if found is None else found.span.estimate, 0)


def _metric(one: Comparison, of: Metric) -> Row:
    what = f"{of.name}, {of.unit}" if of.unit else of.name
    unit = f" {gap_unit(of)}" if gap_unit(of) else ""
    first, second = (level(span, of) for span in _both(one, of.name))
    found = one.beside(names.gap_of(of.name))
    said = NONE if found is None else f"{gap(found.span, of)}{unit}, p {p_value(found.p)}"
    return what, first, second, said


def _share(one: Comparison, what: str, quantity: str) -> Row:
    a, b = _values(one, quantity)
    gap = NONE if a is None or b is None else f"{points(b - a)} points"
    return what, percent(a), percent(b), gap


def _p(one: Comparison) -> str:
    raw = p_value(one.difference.p)
    return raw if one.holm == one.difference.p else f"{raw}, Holm {p_value(one.holm)}"


def _power(one: Comparison) -> str:
    least = _detectable(one)
    if least is not None and least >= 1:
        return "so few can show no difference"
    return f"a difference of {percent(least)} points would be found with 80 % power"


def notes(one: Comparison) -> list[str]:
    """Return what a reader has to know about the pairing."""
    seeds = "one seed" if one.difference.seeds == 1 else f"{one.difference.seeds} seeds"
    found = [f"Paired on {several(one.problems, 'problem')}, {seeds}; {_power(one)}."]
    if one.difference.lone:
        found.append(
            "One seed of a training run: indicative, as nothing says what another would give."
        )
    if one.only_first or one.only_second:
        found.append(
            f"Left out: {one.only_first} problems that only {one.first.name} has answered,"
            f" {one.only_second} that only {one.second.name} has."
        )
    if one.first.run != one.second.run:
        found.append("Speed is not compared: it was not timed in turns in one run.")
    return [*found, parting(one)]


def _detectable(one: Comparison) -> float | None:
    found = one.beside(names.DETECTABLE)
    return None if found is None else found.span.estimate


def parting(one: Comparison) -> str:
    """Say at which layer the two sides part."""
    at = one.layers
    parts = [
        f"{_part(at.same_prompt, at.samples)} were asked with equal token ids",
        f"{_part(at.same_tokens, at.samples)} were answered with equal token ids",
        f"{_part(at.same_answer, at.samples)} gave the same answer",
        f"{_part(at.same_verdict, at.samples)} were judged alike",
    ]
    return f"Of {at.samples} samples {', '.join(parts)}."


def _part(count: int, of: int) -> str:
    return f"{percent(count / of)} %" if of else NONE


def flip(one: Flip) -> tuple[str, str, str, str]:
    """Return (sample, reference answer, first's answer → second's, first differing token)."""
    seed = f" (seed {one.seed})" if one.seed else ""
    mark = "✓" if one.becomes == "right" else "✗"
    answers = " → ".join(answer if answer is not None else "none" for answer in one.answers)
    at = NONE if one.differs_at is None else str(one.differs_at)
    return f"{one.id}{seed}", one.expected, f"{answers} {mark}", at
