"""Figures of a ``training_report.json``: before and after, and how steady each seed was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmx.core.figure import Figure, Figures, Span
from llmx.report.figures import names
from llmx.report.figures.table import FigurePlace, Raw, figures_at, span_of

BEFORE, AFTER = "before", "after"

_OUTPUTS = (
    ("accuracy", names.ACCURACY, "share"),
    ("form", names.FORM, "share"),
    ("cut", names.CUT, "share"),
    ("tokens", names.LENGTH, "tokens"),
    ("backtracks", names.RETURNS, "backtracks"),
    ("whole", names.WHOLE, "share"),
)
_ENTRIES = (
    *(
        FigurePlace(f"{when}.{key}", f"{quantity} {when}", unit)
        for key, quantity, unit in _OUTPUTS
        for when in (BEFORE, AFTER)
    ),
    FigurePlace("gain", names.GAIN, "points", False, "gain_p"),
    FigurePlace("more_backtracks", names.MORE_RETURNS, "backtracks"),
    FigurePlace("versus", f"{names.ACCURACY_GAP} {AFTER}", "points", True),
    FigurePlace("versus_before", f"{names.ACCURACY_GAP} {BEFORE}", "points", True),
    FigurePlace("form_only", names.FORM_ONLY, "share"),
    FigurePlace("silent", names.SILENT, "share"),
)
STEADY = (
    FigurePlace("steps", names.STEPS, "steps"),
    FigurePlace("first", names.FIRST_REWARD, "reward"),
    FigurePlace("best", names.BEST_REWARD, "reward"),
    FigurePlace("last", names.LAST_REWARD, "reward"),
    FigurePlace("drop", names.DROP, "reward"),
    FigurePlace("jitter", names.JITTER, "reward"),
    FigurePlace("collapsed", names.COLLAPSED, "yes"),
)


MEASURED = frozenset(one.quantity for one in (*_ENTRIES, *STEADY))
"""What trainings are measured by."""


def of_trainings(document: Raw) -> Figures:
    """Return the figures of a report on trainings, of this version or an older one.

    How steady a training was is a figure of its arm with the seed.
    """
    arms = (one for arm in document.get("arms", ()) for one in _arm(arm))
    broken = tuple(document.get("broken", ()))
    return Figures(
        figures=(*arms, *_over(document)), marks={names.BROKEN: broken} if broken else {}
    )


def _arm(raw: Raw) -> Iterator[Figure]:
    name, seeds = str(raw.get("arm", "")), int(raw.get("seeds", 0))
    outputs = raw.get(AFTER) or raw.get(BEFORE) or {}
    counts: dict[str, Any] = {"n": outputs.get("problems", 0), "seeds": seeds, "lone": seeds == 1}
    yield from figures_at(raw, _ENTRIES, name, raw.get("against"), **counts)
    for seed in raw.get("steady", ()):
        numbers = {key: _number(value) for key, value in seed.items() if key != "name"}
        yield from figures_at(numbers, STEADY, str(seed["name"]), None, seeds=1)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, bool) else value


def _over(document: Raw) -> Iterator[Figure]:
    """Yield the correlation over arms, and how reliable both of its sides are."""
    shares = document.get("predicts_reliability")
    if shares is None:
        return
    seeds = int(document.get("predicts_seeds", 0))
    spans = (
        (names.CORRELATION, span_of(document.get("predicts")), "of 1"),
        (names.RELIABLE_BEFORE, Span(estimate=shares[0]), "share"),
        (names.RELIABLE_AFTER, Span(estimate=shares[1]), "share"),
    )
    for quantity, span, unit in spans:
        if span is not None:
            yield Figure(
                quantity=quantity,
                arm=names.ALL,
                span=span,
                unit=unit,
                seeds=seeds,
                lone=seeds == 1,
                over=tuple(document.get("predicts_arms", ())),
            )
