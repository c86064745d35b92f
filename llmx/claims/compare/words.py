"""What every rendering of a comparison says, cell by cell."""

from __future__ import annotations

from llmx.claims.compare.model import Comparison, Flip, SharedMetric, Side
from llmx.core.figure import Span
from llmx.report.metric_words import gap, gap_unit, level
from llmx.report.numbers import (
    NONE,
    number,
    number_span,
    p_value,
    percent,
    percent_span,
    points,
    points_span,
    several,
)
from llmx.report.results import Difference


def name(one: Comparison, side: Side) -> str:
    """Return the arm, with its run where the two sides' runs differ."""
    return side.arm if one.first.run == one.second.run else f"{side.run}:{side.arm}"


def title(one: Comparison) -> str:
    """Return ``B against A``."""
    return f"{name(one, one.second)} against {name(one, one.first)}"


def rows(one: Comparison) -> list[tuple[str, str, str, str]]:
    """Return (what, first, second, second − first) for the table of one comparison."""
    a, b, d = one.first, one.second, one.difference
    ratio = f"{number_span(one.length, 2)} ×" if one.length else NONE
    return [
        ("accuracy, %", percent_span(a.accuracy), percent_span(b.accuracy), _points(d.score)),
        ("problems right on one side only", str(d.lost), str(d.gained), f"p {_p(one)}"),
        *(_metric(found) for found in one.metrics),
        ("mean length, tokens", number(a.output_tokens), number(b.output_tokens), ratio),
        _share("draft share, %", a.draft_share, b.draft_share),
        _share("unparsed, %", a.unparsed_share, b.unparsed_share),
        _share("cut by the length cap, %", a.cut_share, b.cut_share),
        ("tokens/s", "", "", f"{number_span(one.speed, 2)} ×" if one.speed else NONE),
        (
            "problems/s",
            "",
            "",
            f"{number_span(one.speed_problems, 2)} ×" if one.speed_problems else NONE,
        ),
    ]


def _metric(one: SharedMetric) -> tuple[str, str, str, str]:
    of = one.metric
    what = f"{of.name}, {of.unit}" if of.unit else of.name
    unit = f" {gap_unit(of)}" if gap_unit(of) else ""
    p = p_value(one.difference.p_value)
    said = f"{gap(one.difference.score, of)}{unit}, p {p}"
    return what, level(one.first, of), level(one.second, of), said


def _share(what: str, a: float | None, b: float | None) -> tuple[str, str, str, str]:
    gap = NONE if a is None or b is None else f"{points(b - a)} points"
    return what, percent(a), percent(b), gap


def _points(span: Span) -> str:
    return f"{points_span(span)} points"


def _p(one: Comparison) -> str:
    raw = p_value(one.difference.p_value)
    return raw if one.holm == one.difference.p_value else f"{raw}, Holm {p_value(one.holm)}"


def _power(found: Difference) -> str:
    if found.detectable >= 1:
        return "so few can show no difference"
    least = points(found.detectable).lstrip("+")
    return f"a difference of {least} points would be found with 80 % power"


def notes(one: Comparison) -> list[str]:
    """Return what a reader has to know about the pairing."""
    seeds = "one seed" if one.difference.seeds == 1 else f"{one.difference.seeds} seeds"
    found = [f"Paired on {several(one.problems, 'problem')}, {seeds}; {_power(one.difference)}."]
    if one.lone:
        found.append(
            "One seed of a training run: indicative, as nothing says what another would give."
        )
    if one.only_first or one.only_second:
        found.append(
            f"Left out: {one.only_first} problems that only {name(one, one.first)} has answered,"
            f" {one.only_second} that only {name(one, one.second)} has."
        )
    if one.first.run != one.second.run:
        found.append("Speed is not compared: it was not timed in turns in one run.")
    return [*found, parting(one)]


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
