"""One row of the table per arm, measured from what the stages left behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmx.core.figure import Span
from llmx.core.record import RIGHT, Metric, Record, Score
from llmx.core.spec import ArmSpec, unlike
from llmx.report.difference import difference
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.paired_ratio import ratio_of
from llmx.report.paired_table import (
    PairedTable,
    counted,
    paired_table,
    rounds,
    size_of,
    value_of,
)
from llmx.report.results import Measured, Row
from llmx.report.timing import Timing, as_span, rate, ratio, timing
from llmx.report.verdict.gap import times
from llmx.stats.crossed import two_level
from llmx.stats.graded import graded_interval
from llmx.stats.proportion import wilson

MISS = 0.03 + 1e-9
"""A draft share further than this from what was asked is flagged: over three points."""

_ALONE = ("target", "draft")
"""Algorithms that let nothing be drafted."""


def measure(
    found: Gathered,
    arms: Mapping[str, ArmSpec],
    reference: str | None,
    baseline: str | None,
    references: Mapping[str, str] | None = None,
) -> tuple[Row, ...]:
    """Return the rows in the order of the arms.

    Args:
        references: arm → the arm it is compared with, where that is not the same for all.
    """
    clock = timing(found.blocks)
    own = {name: (references or {}).get(name, reference) for name in arms}
    return tuple(
        measure_arm(name, spec, found.arms[name]).model_copy(
            update={
                **_speed(clock, name, own[name], _alone(baseline, name, arms)),
                **_beside(found, name, own[name]),
            }
        )
        for name, spec in arms.items()
    )


def measure_arm(name: str, spec: ArmSpec, files: ArmFiles) -> Row:
    """Return the row of one arm by itself, without speed."""
    return Row(
        arm=name,
        algorithm=_algorithm(spec),
        **_quality(files),
        **_lengths(files, _algorithm(spec)),
        **_shares(files, spec),
    )


def _beside(found: Gathered, name: str, reference: str | None) -> dict[str, Any]:
    """Return what is compared with the reference problem by problem."""
    base = found.arms.get(reference or "")
    if name == reference or base is None:
        return {}
    table = paired_table(found.arms[name], base)
    return {
        "reference": reference,
        "difference": difference(found.arms[name], base),
        "metrics": tuple(_measured(found.arms[name], metric, base) for metric in _of(found, name)),
        "rounds_reference": None if table is None else _rounds(table),
    }


def _of(found: Gathered, name: str) -> tuple[Metric, ...]:
    files = found.arms[name]
    return files.metrics if any(run.scores for run in files.runs()) else ()


def _measured(files: ArmFiles, metric: Metric, base: ArmFiles | None = None) -> Measured:
    """Return what a metric comes to, beside another arm's where one is given."""
    gap = None if base is None else difference(files, base, metric)
    return Measured(metric=metric, value=value_span(files, metric), difference=gap)


def _rounds(table: PairedTable) -> Span | None:
    """Return the ratio of target rounds a problem; None where one of the two needs none."""
    first, second = (table.values(arm, rounds) for arm in (table.first, table.second))
    if not (first.any() and second.any()):
        return None
    return ratio_of(table, first, second).span


def _alone(baseline: str | None, of: str, arms: Mapping[str, ArmSpec]) -> str | None:
    """Return the arm that runs the target alone as `of` draws its tokens: like for like."""
    if baseline is not None and unlike(arms[of].sampler, arms[baseline].sampler):
        alone = (name for name, spec in arms.items() if _algorithm(spec) == "target")
        alike = (name for name in alone if not unlike(arms[of].sampler, arms[name].sampler))
        baseline = next(alike, baseline)
    return at_point(baseline, of, arms)


def at_point(arm: str | None, of: str, arms: Mapping[str, ArmSpec]) -> str | None:
    """Return `arm` at the sweep point of another one, or as it is.

    An arm that does not read a swept key has no value of it: ``target@temperature=0`` stands
    beside ``sd@gamma=3@temperature=0``.
    """
    root, point = (arm or "").partition("@")[0], set(of.split("@")[1:])
    fitting = (n for n in arms if n.partition("@")[0] == root and set(n.split("@")[1:]) <= point)
    return max(fitting, key=len, default=arm)


def baseline_of(arms: Mapping[str, ArmSpec]) -> str | None:
    """Return the arm that runs the target alone: `target`, or else the first of that algorithm."""
    alone = [name for name, spec in arms.items() if _algorithm(spec) == "target"]
    named = [name for name in alone if name.partition("@")[0] == "target"]
    return next(iter(named + alone), None)


def _algorithm(spec: ArmSpec) -> str | None:
    return spec.sampler.algorithm if spec.sampler else None


def _quality(files: ArmFiles) -> dict[str, Any]:
    runs = files.runs()
    scores = [score for run in runs for score in run.scores.values()]
    n = len(scores)
    if not n:
        return {"problems": len(files.records)}
    return {
        "problems": len(files.scores),
        "seeds": len(runs),
        "accuracy": accuracy(files),
        "accuracy_flexible": sum(score.correct_flexible for score in scores) / n,
        "unparsed_share": sum(score.unparsed for score in scores) / n,
        "metrics": tuple(_measured(files, metric) for metric in files.metrics),
    }


def accuracy(files: ArmFiles) -> Span:
    """Return the share of right answers; see :func:`value_span`."""
    return value_span(files, RIGHT)


def value_span(files: ArmFiles, metric: Metric) -> Span:
    """Return what a metric comes to. The arm has at least one score, and the metric.

    What is had or not: Wilson's interval, of several seeds a t interval, over items, and seeds
    where the arm was trained. Of graded values the t interval, of one seed too.
    """
    table = paired_table(files, files)
    span = _share(files, table, metric) if metric.boolean else _mean(files, table, metric)
    size = size_of(metric, len(table.ids) if table else len(files.scores))
    return span if size == 1 else times(span, size)


def _mean(files: ArmFiles, table: PairedTable | None, metric: Metric) -> Span:
    assert table is not None  # an arm is always paired with itself
    values = table.values(files, value_of(metric))
    interval = graded_interval(counted(table, values), metric.low, metric.high)
    return Span(estimate=float(values.mean())) if interval is None else as_span(interval)


def _share(files: ArmFiles, table: PairedTable | None, metric: Metric) -> Span:
    if table is None or table.seeds == 1 or len(table.ids) < 2:
        right = [int(metric.of(score)) for score in files.scores.values()]
        return as_span(wilson(sum(right), len(right)))
    values = table.values(files, value_of(metric))
    if (values == values[0, 0]).all():  # Student's interval would be empty
        return as_span(wilson(int(values[:, 0].sum()), len(values)))
    span = as_span(two_level(counted(table, values)).interval)
    assert span.low is not None and span.high is not None
    # Few seeds that disagree give an interval wider than accuracies are.
    return span.model_copy(update={"low": max(span.low, 0.0), "high": min(span.high, 1.0)})


def _lengths(files: ArmFiles, algorithm: str | None) -> dict[str, Any]:
    """Count from the scores, which carry the record's counts, or from the records alone."""
    outputs: Sequence[Score | Record] = [s for run in files.runs() for s in run.scores.values()]
    outputs = outputs or [record for run in files.runs() for record in run.records.values()]
    n = len(outputs)
    if not n:
        return {}
    forwards, tokens = sum(out.rounds for out in outputs), sum(out.tokens for out in outputs)
    accepted, drafts = sum(out.accepted for out in outputs), algorithm not in (*_ALONE, None)
    return {
        "target_rounds": forwards / n,
        "accepted_length": accepted / forwards if drafts and forwards else None,
        "draft_share": accepted / tokens if drafts and tokens else None,
        "output_tokens": tokens / n,
        "cut_share": sum(out.finish == "length" for out in outputs) / n,
    }


def _shares(files: ArmFiles, spec: ArmSpec) -> dict[str, Any]:
    asked = files.calibration.asked_share if files.calibration else None
    if asked is None and spec.sampler is not None:
        asked = spec.sampler.draft_share
    achieved = _lengths(files, _algorithm(spec)).get("draft_share")
    missed = asked is not None and achieved is not None and abs(achieved - asked) > MISS
    found = [run.calibration for run in files.runs() if run.calibration is not None]
    return {
        "asked_share": asked,
        "calibration": files.calibration,
        "calibration_seeds": tuple(found) if len(found) > 1 else (),
        "share_missed": missed,
    }


def _speed(clock: Timing, arm: str, reference: str | None, baseline: str | None) -> dict[str, Any]:
    return {
        "tokens_per_second": rate(clock, arm, "tokens"),
        "problems_per_second": rate(clock, arm, "problems"),
        "speedup": ratio(clock, arm, baseline, "tokens"),
        "speedup_problems": ratio(clock, arm, baseline, "problems"),
        "speedup_reference": ratio(clock, arm, reference, "tokens"),
        "speedup_reference_problems": ratio(clock, arm, reference, "problems"),
    }
