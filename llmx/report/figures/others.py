"""Figures of an ``explore.json`` and of a ``win_rates.json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmx.core.figure import Figure, Figures, JudgeName, Span
from llmx.report.figures import names
from llmx.report.figures.table import FigurePlace, Raw, figures_at

_DRIFT = (
    FigurePlace("whole", names.DRIFT, "points"),
    FigurePlace("texts", "drift by other texts", "points"),
    FigurePlace("alignment", "drift by other blocks", "points"),
)
_AT_SHARE = (
    FigurePlace("refused", "accepted tokens that the lossless test refuses", "share"),
    FigurePlace("not_argmax", "refused tokens that are not the first choice", "share"),
    FigurePlace("surprise", "mean surprise of accepted tokens", "nats"),
)


def of_exploration(document: Raw) -> Figures:
    """Return how thresholds carry over to other divergences, and how far predictions drift."""
    moved = [_transfer(one) for one in document.get("transfer", ())]
    drift = [
        figure
        for one in document.get("drift", ())
        for figure in figures_at(one, _DRIFT, one["arm"], None)
    ]
    shared = [
        figure.model_copy(update={"setting": names.SHARE, "at": one["share"]})
        for one in document.get("at_share", ())
        for figure in figures_at(one, _AT_SHARE, one["measure"], None)
    ]
    return Figures(figures=(*moved, *drift, *shared))


def _transfer(one: Raw) -> Figure:
    """Return the share that a threshold of one divergence gives under another."""
    spread = one.get("spread")
    return Figure(
        quantity=names.SHARE,
        arm=one.get("from", one.get("source")),
        against=one["to"],
        span=Span(estimate=one["share"], low=one["low"], high=one["high"]),
        unit="share",
        n=spread["items"] if spread else 0,
        setting="threshold",
        at=one["threshold"],
        expected=one["asked_share"],
        basis=spread,
    )


_WINS = (
    FigurePlace("rate", names.WIN_RATE, "share"),
    FigurePlace("controlled", names.CONTROLLED, "share"),
)
_GAINS = (
    FigurePlace("gain", "win rate difference", "points", True),
    FigurePlace("controlled_gain", "length-controlled win rate difference", "points", True),
)
_COUNTS = (
    FigurePlace("unparsable", "games without a verdict", "games"),
    FigurePlace("games", "games", "games"),
    FigurePlace("characters", "mean length in characters", "characters"),
    FigurePlace("tokens", "tokens of the judge", "tokens"),
)


def of_wins(arms: Sequence[Raw]) -> Figures:
    """Return what a judge gave each arm of a ``win_rates.json``."""
    return Figures(figures=tuple(one for arm in arms for one in _won(arm)))


def _won(raw: Raw) -> Iterator[Figure]:
    name, n = str(raw.get("arm", "")), raw.get("problems", 0)
    judge = JudgeName(name=raw.get("judge", ""), kind=raw.get("judge_kind"))
    yield from figures_at(raw, _WINS, name, None, n=n, judge=judge)
    yield from figures_at(
        raw, _GAINS, name, raw.get("reference"), n=raw.get("shared", 0), judge=judge
    )
    yield from figures_at(raw, _COUNTS, name, None, judge=judge)
