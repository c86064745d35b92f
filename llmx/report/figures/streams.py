"""Figures of an ``ensemble.json``, a ``lengths.json`` and a ``simulation.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isclose
from typing import Any

from llmx.core.figure import Figure, Figures, Rounds, Span
from llmx.report.figures import names
from llmx.report.figures.table import FigurePlace, Raw, figures_at, span_of

LENGTH, SECONDS = "tokens of a draft", "seconds"
NATURAL = f"{LENGTH}, where they end by themselves"

_QUALITY = (
    FigurePlace("accuracy", names.ACCURACY, "share"),
    FigurePlace("gain", names.ACCURACY_GAP, "points", True),
)
_TIMES = (
    FigurePlace("ttft", names.FIRST_TOKEN, SECONDS),
    FigurePlace("total", names.TOTAL, SECONDS),
    FigurePlace("total_ratio", names.TOTAL, "times", True),
    FigurePlace("per_token", "seconds a token", SECONDS),
    FigurePlace("stalled", names.STALLED, SECONDS),
    FigurePlace("longest_stall", "longest stall", SECONDS),
    FigurePlace("again", names.COMPUTED_AGAIN, "tokens"),
    FigurePlace("sent", "prompt tokens of the answer", "tokens"),
    FigurePlace("drafted", "tokens of all drafts", "tokens"),
    FigurePlace("repeated", names.REPEATED, "share"),
    FigurePlace("early", names.EARLY, "share"),
)


def of_streams(arms: Sequence[Raw]) -> Figures:
    """Return the figures of every arm of an ``ensemble.json``."""
    return Figures(figures=tuple(one for arm in arms for one in _arm(arm, arms)))


def _arm(raw: Raw, arms: Sequence[Raw]) -> Iterator[Figure]:
    name, base = str(raw.get("arm", "")), _base(raw, arms)
    against = raw.get("reference") or _reference(raw, arms)
    rounds = len(raw.get("times") or ()) or int(raw.get("rounds") or 0)
    if raw.get("problems"):
        n = int(raw["problems"])
        yield Figure(
            quantity=names.PROBLEMS,
            arm=name,
            span=Span(estimate=n),
            unit="problems",
            n=n,
            seeds=1,
        )
    yield from figures_at(raw, _QUALITY, name, against, n=raw.get("problems", 0))
    yield from figures_at(raw, _TIMES, name, against, rounds=rounds)
    for key, quantity, unit in (
        ("ttft_cut", names.FIRST_TOKEN_CUT, "share"),
        ("speed", names.END_TO_END, "times"),
    ):
        span = span_of(raw.get(key))
        if span is not None:
            basis = None if base is None else _basis(key, raw, base)
            yield Figure(
                quantity=quantity,
                arm=name,
                against=against,
                span=span,
                unit=unit,
                rounds=rounds,
                basis=basis,
            )


def _reference(raw: Raw, arms: Sequence[Raw]) -> str | None:
    """Return the arm that others are compared with, where the file does not name it.

    That is the one timed arm without a cut, since every other is compared with it.
    """
    bases = [one["arm"] for one in arms if one.get("ttft") and one.get("ttft_cut") is None]
    return bases[0] if len(bases) == 1 and bases[0] != raw.get("arm") else None


def _base(raw: Raw, arms: Sequence[Raw]) -> Raw | None:
    """Return the arm that the cut of an arm was taken over.

    Where the file does not name it, that is the one timed arm without a cut, since every other is
    compared with it; None where no such arm gives the cut that is stated.
    """
    timed = [one for one in arms if one.get("times")]
    named = [one for one in timed if one.get("arm") == raw.get("reference")]
    bases = named or [one for one in timed if one.get("ttft_cut") is None]
    cut, mine = span_of(raw.get("ttft_cut")), raw.get("times") or ()
    if cut is None or len(bases) != 1 or len(bases[0]["times"]) != len(mine):
        return None
    stated = 1 - sum(mine) / sum(bases[0]["times"])
    return bases[0] if isclose(stated, cut.estimate, abs_tol=1e-9) else None


def _basis(key: str, mine: Raw, base: Raw) -> Rounds | None:
    if key == "ttft_cut":
        ones = (1.0,) * len(mine["times"])
        return Rounds(
            amounts=ones,
            seconds=base["times"],
            over_amounts=ones,
            over_seconds=mine["times"],
            saved=True,
        )
    if not mine.get("tokens"):
        return None
    return Rounds(
        amounts=mine["tokens"],
        seconds=mine["totals"],
        over_amounts=base["tokens"],
        over_seconds=base["totals"],
    )


def of_lengths(found: Sequence[Raw]) -> Figures:
    """Return the cuts at every length of drafts, each beside 1 − first chunk / length."""
    return Figures(
        figures=tuple(
            Figure(
                quantity=names.FIRST_TOKEN_CUT,
                arm=str(one["arm"]),
                span=Span.model_validate(one["cut"]),
                unit="share",
                rounds=one["rounds"],
                setting=LENGTH if one["forced"] else NATURAL,
                at=one["tokens"],
                expected=one["line"],
            )
            for one in found
        )
    )


_SWEPT = (
    ("plain", "plain_ttft", names.FIRST_TOKEN),
    ("staircase", "stair_ttft", names.FIRST_TOKEN),
    ("plain", "plain_p95", "95th percentile of the time to the first token"),
    ("staircase", "stair_p95", "95th percentile of the time to the first token"),
    ("staircase", "stalled", names.STALLED),
)


def of_simulation(document: Raw) -> Figures:
    """Return what is predicted of published figures, and every sweep of which values are numbers.

    The span of a prediction is over what the fitted rows leave open: no interval in the sense of a
    coverage, so that its level is 1. One that the rows do not identify bears a mark.
    """
    known = document.get("predicted", ())
    predicted = [_predicted(one) for one in known]
    vague = [str(one["name"]) for one in known if one.get("identified") is False]
    sweeps = (one for row in document.get("sweeps", ()) for one in _point(row))
    marks = {"not identified": tuple(vague)} if vague else {}
    return Figures(figures=(*predicted, *sweeps), marks=marks)


def _predicted(one: Raw) -> Figure:
    span = Span(estimate=one["middle"], low=one["low"], high=one["high"], level=1.0)
    unit = "tokens/s" if "tokens/s" in one["name"] else SECONDS
    return Figure(
        quantity="predicted", arm=one["name"], span=span, unit=unit, expected=one["published"]
    )


def _point(row: Raw) -> Iterator[Figure]:
    at = _number(row["value"])
    if at is None:
        return
    for arm, key, quantity in _SWEPT:
        if row.get(key) is not None:
            yield Figure(
                quantity=quantity,
                arm=arm,
                span=Span(estimate=row[key]),
                unit=SECONDS,
                setting=row["sweep"],
                at=at,
            )


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None
