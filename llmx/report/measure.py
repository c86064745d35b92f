"""The figures of the arms, measured from what the stages left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmx.core.figure import Figure, Figures, Span
from llmx.core.record import RIGHT, Metric, Record, Score
from llmx.core.spec import ArmSpec, unlike
from llmx.report.difference import difference
from llmx.report.figures import names
from llmx.report.figures.decoded import asked_share, loss_figures, share_figure
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.numbers import level_unit
from llmx.report.paired_table import (
    PairedTable,
    counted,
    paired_table,
    ratio_of,
    rounds,
    size_of,
    value_of,
)
from llmx.report.timing import Timing, as_span, common_rounds, rate, ratio, timing
from llmx.report.verdict.gap import times
from llmx.stats.crossed import two_level
from llmx.stats.graded import graded_interval
from llmx.stats.proportion import wilson

_ALONE = ("target", "draft")
"""Algorithms that let nothing be drafted."""


def measure(
    found: Gathered,
    arms: Mapping[str, ArmSpec],
    reference: str | None,
    baseline: str | None,
    references: Mapping[str, str] | None = None,
) -> Figures:
    """Return the figures of all arms, in the order of the arms.

    An arm bears its algorithm as a mark, and so do arms that others are compared with; see
    :data:`llmx.report.figures.names.REFERENCE`.

    Args:
        references: arm → the arm it is compared with, where that is not the same for all.
    """
    clock, own = timing(found.blocks), references or {}
    figures: list[Figure] = []
    for name, spec in arms.items():
        figures += arm_figures(name, spec, found.arms[name])
        figures += _speeds(clock, name, arms, own.get(name, reference), baseline)
        against = own.get(name, reference)
        if against in found.arms and against != name:
            figures += beside_figures(name, found.arms[name], against, found.arms[against])
    metrics = dict.fromkeys(one for arm in arms for one in found.arms[arm].metrics)
    return Figures(figures=tuple(figures), marks=_marks(figures, arms), metrics=tuple(metrics))


def _marks(figures: Sequence[Figure], arms: Mapping[str, ArmSpec]) -> dict[str, tuple[str, ...]]:
    gaps = (one.against for one in figures if one.quantity == names.ACCURACY_GAP)
    found: dict[str, tuple[str, ...]] = {}
    if bases := tuple(dict.fromkeys(name for name in gaps if name)):
        found[names.REFERENCE] = bases
    for name, spec in arms.items():
        if algorithm := _algorithm(spec):
            found[algorithm] = (*found.get(algorithm, ()), name)
    return found


def arm_figures(name: str, spec: ArmSpec, files: ArmFiles) -> Iterator[Figure]:
    """Yield the figures of one arm by itself, without speed."""
    counts = counts_of(files)
    own = {"arm": name, **counts}
    yield Figure(quantity=names.PROBLEMS, span=Span(estimate=counts["n"]), unit="problems", **own)
    for quantity, span, unit in (*_quality(files), *_lengths(files, _algorithm(spec))):
        yield Figure(quantity=quantity, span=span, unit=unit, **own)
    yield from _shares(name, spec, files)
    for metric in files.metrics if _scored(files) else ():
        said = {"quantity": metric.name, "metric": metric.name, "unit": level_unit(metric)}
        yield Figure(**said, span=value_span(files, metric), **own)


def counts_of(files: ArmFiles) -> dict[str, int]:
    """Return the problems and seeds that an arm was measured on, as fields of a figure."""
    if _scored(files):
        return {"n": len(files.scores), "seeds": len(files.runs())}
    return {"n": len(files.records), "seeds": 1}


def _scored(files: ArmFiles) -> bool:
    return any(run.scores for run in files.runs())


def beside_figures(name: str, files: ArmFiles, against: str, base: ArmFiles) -> Iterator[Figure]:
    """Yield what is compared with another arm problem by problem; nothing without a common one."""
    for metric in (RIGHT, *(files.metrics if _scored(files) else ())):
        if (found := difference(files, base, metric)) is not None:
            yield from found.figures(name, against)
    table = paired_table(files, base)
    span = None if table is None else _rounds(table)
    if span is not None:
        own = {"arm": name, "against": against, **counts_of(files)}
        yield Figure(quantity=names.ROUNDS, span=span, unit="times", **own)


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


Found = tuple[str, Span, str]
"""A quantity, what it comes to, its unit."""


def _quality(files: ArmFiles) -> Iterator[Found]:
    scores = [score for run in files.runs() for score in run.scores.values()]
    n = len(scores)
    if n:
        yield names.ACCURACY, accuracy(files), "share"
        right = sum(score.correct_flexible for score in scores) / n
        yield names.FLEXIBLE, Span(estimate=right), "share"
        unparsed = sum(score.unparsed for score in scores) / n
        yield names.UNPARSED, Span(estimate=unparsed), "share"


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


def _lengths(files: ArmFiles, algorithm: str | None) -> Iterator[Found]:
    """Count from the scores, which carry the record's counts, or from the records alone."""
    outputs = _outputs(files)
    n = len(outputs)
    if not n:
        return
    forwards = sum(out.rounds for out in outputs)
    yield names.ROUNDS, Span(estimate=forwards / n), "rounds"
    if forwards and algorithm not in (*_ALONE, None):
        accepted = sum(out.accepted for out in outputs)
        yield names.ACCEPTED, Span(estimate=accepted / forwards), "tokens"
    yield names.LENGTH, Span(estimate=sum(out.tokens for out in outputs) / n), "tokens"
    cut = sum(out.finish == "length" for out in outputs)
    yield names.CUT, Span(estimate=cut / n), "share"
    filtered = sum(out.finish == "filtered" for out in outputs)
    if filtered:  # nothing is said of what most arms have none of
        yield names.FILTERED, Span(estimate=filtered / n), "share"


def _outputs(files: ArmFiles) -> Sequence[Score | Record]:
    scores: Sequence[Score | Record] = [s for run in files.runs() for s in run.scores.values()]
    return scores or [record for run in files.runs() for record in run.records.values()]


def _shares(name: str, spec: ArmSpec, files: ArmFiles) -> Iterator[Figure]:
    """Yield the draft share beside the one asked for, and the loss that was allowed."""
    asked = files.calibration.asked_share if files.calibration else None
    if asked is None and spec.sampler is not None:
        asked = spec.sampler.draft_share
    outputs = _outputs(files) if _algorithm(spec) not in (*_ALONE, None) else ()
    tokens = sum(out.tokens for out in outputs)
    counts = counts_of(files)
    if tokens:
        span = Span(estimate=sum(out.accepted for out in outputs) / tokens)
        yield share_figure(name, span, asked, **counts)
    elif asked is not None:
        yield asked_share(name, asked)
    yield from loss_figures(name, [run.calibration for run in files.runs() if run.calibration])


def _speeds(
    clock: Timing,
    name: str,
    arms: Mapping[str, ArmSpec],
    reference: str | None,
    baseline: str | None,
) -> Iterator[Figure]:
    """Yield the speed of an arm alone, beside its reference, and beside the target alone."""
    rounds = len(clock.get(name, {}))
    for quantity, unit in _RATES.items():
        if (span := rate(clock, name, unit)) is not None:
            yield Figure(quantity=quantity, arm=name, span=span, unit=quantity, rounds=rounds)
    yield from speed_ratios(clock, name, reference)
    alone = _alone(baseline, name, arms)
    if (said := common(alone, arms)) != reference:
        yield from speed_ratios(clock, name, alone, said)


_RATES = {names.TOKEN_RATE: "tokens", names.PROBLEM_RATE: "problems"}


def speed_ratios(
    clock: Timing, name: str, base: str | None, said: str | None = None
) -> Iterator[Figure]:
    """Yield how many times as fast an arm is as another, paired by round; nothing without any.

    Args:
        said: how the other is called, where it stands for those at several points of a sweep.
    """
    for quantity, unit in _RATES.items():
        span = ratio(clock, name, base, unit)
        if base is not None and span is not None:
            yield Figure(
                quantity=quantity,
                arm=name,
                against=said or base,
                span=span,
                unit="times",
                rounds=len(common_rounds(clock, name, base)),
            )


def common(name: str | None, arms: Mapping[str, ArmSpec]) -> str | None:
    """Drop the sweep point from a name that stands for several arms."""
    if name is None:
        return None
    root = name.partition("@")[0]
    return root if sum(arm.partition("@")[0] == root for arm in arms) > 1 else name
