"""Figures of the arms of a report, and the rows of a ``results.json``, which are the same as JSON.

Everything of llmx reads figures. The rows are for people and scripts: an arm a row, a key a figure.
Results of older versions have rows alone, so that one table of places serves both ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from pydantic import TypeAdapter

from llmx.core.figure import Figure, Figures, Span
from llmx.core.record import Metric, as_json
from llmx.report.figures import names
from llmx.report.figures.table import FigurePlace, Raw, figures_at
from llmx.report.numbers import gap_unit, level_unit
from llmx.report.results import Results, StoredCalibration
from llmx.report.verdict.model import Number, Verdict

_BESIDE = (
    FigurePlace("difference.score", names.ACCURACY_GAP, "points", True, "difference.p_value"),
    FigurePlace("speedup_reference", names.TOKEN_RATE, "times", True),
    FigurePlace("speedup_reference_problems", names.PROBLEM_RATE, "times", True),
    FigurePlace("rounds_reference", names.ROUNDS, "times", True),
    FigurePlace("difference.bootstrap", names.BOOTSTRAP, "points", True),
    FigurePlace("difference.clustered", names.CLUSTERED, "points", True),
    FigurePlace("difference.gained", names.GAINED, "problems", True, plain=True),
    FigurePlace("difference.lost", names.LOST, "problems", True, plain=True),
    FigurePlace("difference.detectable", names.DETECTABLE, "points", True, plain=True),
)
_OVER_TARGET = (
    FigurePlace("speedup", names.TOKEN_RATE, "times", True),
    FigurePlace("speedup_problems", names.PROBLEM_RATE, "times", True),
)
_ALONE = (
    FigurePlace("accuracy", names.ACCURACY, "share"),
    FigurePlace("accuracy_flexible", names.FLEXIBLE, "share", plain=True),
    FigurePlace("tokens_per_second", names.TOKEN_RATE, "tokens/s"),
    FigurePlace("problems_per_second", names.PROBLEM_RATE, "problems/s"),
    FigurePlace("target_rounds", names.ROUNDS, "rounds", plain=True),
    FigurePlace("accepted_length", names.ACCEPTED, "tokens", plain=True),
    FigurePlace("output_tokens", names.LENGTH, "tokens", plain=True),
    FigurePlace("cut_share", names.CUT, "share", plain=True),
    FigurePlace("unparsed_share", names.UNPARSED, "share", plain=True),
)
MISS = 0.03 + 1e-9
"""A draft share further than this from what was asked is flagged: over three points."""

_METRIC = TypeAdapter(Metric)


def of_results(found: Results) -> Figures:
    """Return the figures that the rows of a ``results.json`` say.

    An arm bears its algorithm as a mark, and so do arms that others are compared with; see
    :data:`llmx.report.figures.names.REFERENCE`.

    Raises:
        KeyError, TypeError, ValidationError: for a row that holds none.
    """
    marks: dict[str, tuple[str, ...]] = {}
    of = [_reference(row, found) for row in found.rows if row.get("difference") is not None]
    if of:
        marks[names.REFERENCE] = tuple(dict.fromkeys(name for name in of if name))
    for row in found.rows:
        if algorithm := row.get("algorithm"):
            marks[algorithm] = (*marks.get(algorithm, ()), row["arm"])
    figures = tuple(one for row in found.rows for one in _row(row, found))
    metrics = (_METRIC.validate_python(m["metric"]) for row in found.rows for m in _measured(row))
    return Figures(figures=figures, marks=marks, metrics=tuple(dict.fromkeys(metrics)))


def _reference(row: Raw, found: Results) -> str | None:
    name: str | None = row.get("reference") or found.reference
    return name


def _measured(row: Raw) -> Sequence[Raw]:
    return row.get("metrics") or ()


def _row(row: Raw, found: Results) -> Iterator[Figure]:
    counts = {"n": row.get("problems", 0), "seeds": row.get("seeds", 1)}
    arm, reference = row["arm"], _reference(row, found)
    yield Figure(
        quantity=names.PROBLEMS,
        arm=arm,
        span=Span(estimate=counts["n"]),
        unit="problems",
        **counts,
    )
    yield from figures_at(row, _ALONE, arm, None, **counts)
    asked = row.get("asked_share")
    if row.get("draft_share") is not None:
        yield share_figure(arm, Span(estimate=row["draft_share"]), asked, **counts)
    elif asked is not None:
        yield asked_share(arm, asked)
    yield from loss_figures(arm, _calibrations(row))
    difference = row.get("difference") or {}
    paired = {"n": difference.get("problems", counts["n"]), "seeds": difference.get("seeds", 1)}
    for place in _BESIDE:
        own = paired if place.path.startswith("difference.") else counts
        yield from figures_at(row, (place,), arm, reference, **own)
    yield from figures_at(row, _OVER_TARGET, arm, found.baseline, **counts)
    for measured in _measured(row):
        yield from _metric(measured, arm, reference, counts)


def _calibrations(row: Raw) -> list[StoredCalibration]:
    """Return the calibration of every seed; of a row that keeps one, that one."""
    known = row.get("calibration_seeds") or [row.get("calibration")]
    return [StoredCalibration.model_validate(one) for one in known if one]


def _metric(
    raw: Raw, arm: str, reference: str | None, counts: Mapping[str, int]
) -> Iterator[Figure]:
    """Yield what a metric that the scorer declares comes to, and its difference."""
    metric = _METRIC.validate_python(raw["metric"])
    own: dict[str, Any] = {"metric": metric.name, "arm": arm, **counts}
    value, unit = Span.model_validate(raw["value"]), level_unit(metric)
    yield Figure(quantity=metric.name, span=value, unit=unit, **own)
    if raw.get("difference") is not None:
        yield Figure(
            quantity=names.gap_of(metric.name),
            against=reference,
            span=Span.model_validate(raw["difference"]["score"]),
            unit=gap_unit(metric),
            p=raw["difference"].get("p_value"),
            **own,
        )


def share_figure(arm: str, span: Span, asked: float | None, **counts: int) -> Figure:
    """Return the draft share of an arm, beside the one asked for."""
    own: dict[str, Any] = {"arm": arm, "expected": asked, **counts}
    return Figure(quantity=names.SHARE, span=span, unit="share", **own)


def asked_share(arm: str, asked: float) -> Figure:
    """Return the draft share that was asked of an arm which has drafted nothing yet."""
    return Figure(quantity=names.ASKED_SHARE, arm=arm, span=Span(estimate=asked), unit="share")


def missed(share: Figure) -> bool:
    """Whether a draft share is over three points off the one asked for."""
    return share.expected is not None and abs(share.span.estimate - share.expected) > MISS


def loss_figures(arm: str, known: Sequence[StoredCalibration]) -> Iterator[Figure]:
    """Yield the loss on calibration problems, mean over seeds ± one standard error.

    The mean of the seeds' standard errors, as all have the same problems; 0.683 is its coverage.
    """
    asked = known[0].asked_loss if known else None
    lost = [one.loss for one in known if one.loss is not None]
    errors = [one.standard_error for one in known if one.standard_error is not None]
    if lost:
        mean = fmean(lost)
        ends = {"low": mean - fmean(errors), "high": mean + fmean(errors)} if errors else {}
        yield Figure(
            quantity=names.LOSS,
            arm=arm,
            span=Span(estimate=mean, level=0.683 if errors else 0.95, **ends),
            unit="points",
            seeds=len(lost),
            expected=asked,
        )
    elif asked is not None:
        yield Figure(quantity=names.ASKED_LOSS, arm=arm, span=Span(estimate=asked), unit="points")


Calibrations = Mapping[str, Sequence[StoredCalibration]]
"""Arm → its calibrations, one a seed."""


def rows_of(
    found: Figures, reference: str | None, baseline: str | None, calibrated: Calibrations
) -> list[dict[str, Any]]:
    """Return the figures as rows, an arm a row; :func:`of_results` reads them again.

    Args:
        reference: the arm that others are compared with, without a point of a sweep.
        baseline: how the arm that runs the target alone is called.
        calibrated: what a row holds beside figures: thresholds, and how they were found.
    """
    of_arm: dict[str, list[Figure]] = {}
    for one in found.figures:
        if not one.swept():
            of_arm.setdefault(one.arm, []).append(one)
    own = (names.REFERENCE, names.BROKEN)
    marks = {mark: arms for mark, arms in found.marks.items() if mark not in own}
    algorithms = {arm: mark for mark, arms in marks.items() for arm in arms}
    targets = targets_of(found, baseline)
    known = {metric.name: metric for metric in found.metrics}
    rows = []
    for arm, figures in of_arm.items():
        held = Figures(figures=tuple(figures))
        row: dict[str, Any] = {"arm": arm, "algorithm": algorithms.get(arm)}
        row |= _counted(held, arm)
        against = _against(figures, reference)
        row["reference"] = against
        row["difference"] = _gap(held.find(names.ACCURACY_GAP, arm, against or ""))
        for place in _ALONE:
            _put(row, place, held.find(place.quantity, arm))
        for place in _BESIDE:
            _put(row, place, held.find(place.quantity, arm, against or ""))
        for place in _OVER_TARGET:
            _put(row, place, over_target(figures, place.quantity, targets))
        row |= {**_share_of(held, arm), **_calibration_of(calibrated.get(arm, ()))}
        rows.append({**row, **_metrics_of(held, arm, against, known)})
    return rows


def _counted(held: Figures, arm: str) -> dict[str, int]:
    counted = held.find(names.PROBLEMS, arm)
    return {
        "problems": counted.n if counted else 0,
        "seeds": counted.seeds if counted else 1,
    }


def _against(figures: Sequence[Figure], reference: str | None) -> str | None:
    """Return the arm that one is compared with; nothing scored names none but in its speed."""
    gaps = (one.against for one in figures if one.quantity == names.ACCURACY_GAP)
    root = (reference or "").partition("@")[0]
    others = (one.against for one in figures if (one.against or "").partition("@")[0] == root)
    return next((name for name in (*gaps, *others) if name), None)


def _gap(one: Figure | None) -> dict[str, Any] | None:
    return None if one is None else {"problems": one.n, "seeds": one.seeds, "p_value": one.p}


def _put(row: dict[str, Any], place: FigurePlace, one: Figure | None) -> None:
    *above, key = place.path.split(".")
    held = row[above[0]] if above else row
    if held is not None:
        plain = one is not None and place.plain
        held[key] = None if one is None else one.span.estimate if plain else as_json(one.span)


def _share_of(held: Figures, arm: str) -> dict[str, Any]:
    share, asked = held.find(names.SHARE, arm), held.find(names.ASKED_SHARE, arm)
    return {
        "draft_share": share.span.estimate if share else None,
        "asked_share": share.expected if share else asked.span.estimate if asked else None,
        "share_missed": share is not None and missed(share),
    }


def _calibration_of(known: Sequence[StoredCalibration]) -> dict[str, Any]:
    written = [as_json(one) for one in known]
    return {
        "calibration": written[0] if written else None,
        "calibration_seeds": written if len(written) > 1 else [],
    }


def _metrics_of(
    held: Figures, arm: str, against: str | None, known: Mapping[str, Metric]
) -> dict[str, Any]:
    """Return what the metrics that scorers declare come to; nothing where there are none."""
    found = []
    for one in held.figures:
        if one.metric in known and one.quantity == one.metric:
            gap = held.find(names.gap_of(one.metric), arm, against or "")
            beside = {**(_gap(gap) or {}), "score": as_json(gap.span)} if gap else None
            metric, value = as_json(known[one.metric]), as_json(one.span)
            found.append({"metric": metric, "value": value, "difference": beside})
    return {"metrics": found} if found else {}


def targets_of(found: Figures, baseline: str | None) -> frozenset[str]:
    """Return what arms that run the target alone are called, with and without a sweep's point."""
    arms = found.marked("target")
    roots = {arm.partition("@")[0] for arm in arms}
    return frozenset({*arms, *roots, *([baseline] if baseline else ())})


def over_target(found: Sequence[Figure], quantity: str, targets: frozenset[str]) -> Figure | None:
    """Return an arm's rate over that of the target alone: the last, as a reference may be one."""
    known = (one for one in reversed(found) if one.quantity == quantity)
    return next((one for one in known if one.against in targets), None)


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
