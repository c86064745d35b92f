"""Tables of trainings on planned batches, made of the figures of a run alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from llmx.core.figure import Figure, Figures
from llmx.papers.b3 import figure_names as names
from llmx.papers.b3.report.plans import LEVELS, TRUTHS
from llmx.papers.b3.report.points import method_of
from llmx.papers.b3.report.said import batch_said, count_said, ratio_said
from llmx.report.brought import BroughtTable
from llmx.report.numbers import NONE, number, p_value, percent, percent_span, points_span
from llmx.report.training.tables import TrainingTable

Rows = tuple[tuple[str, ...], ...]


def metric_of(figures: Figures) -> str:
    """Return the metric that quality is, as its stage calls it."""
    marks = (mark for mark in figures.marks if mark.startswith(names.METRIC))
    return next((mark.removeprefix(names.METRIC) for mark in marks), "metric")


def arms_of(figures: Figures) -> dict[str, int]:
    """Return the trained arms, in their order, with the rows of their batches."""
    return {one.arm: round(one.span.estimate) for one in figures.of(names.BATCH)}


def methods_of(figures: Figures) -> list[str]:
    """Return the methods of the trained arms, each once, in their order."""
    return list(dict.fromkeys(method_of(arm, size) for arm, size in arms_of(figures).items()))


def _cell(figures: Figures, quantity: str, arm: str, factor: float = 1.0, digits: int = 0) -> str:
    one = figures.find(quantity, arm)
    return NONE if one is None else number(factor * one.span.estimate, digits)


def ends(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yield a row an arm: what it came to, and what that took."""
    for arm, size in arms_of(figures).items():
        last = figures.find(names.LAST, arm)
        totals = (figures.find(names.SPENT[kind], arm) for kind in names.SETTINGS)
        spent = [count_said(one.span.estimate if one else None) for one in totals]
        more = [_cell(figures, names.NEGATIVES, arm), _cell(figures, names.PEAK, arm)]
        yield (arm, str(size), percent_span(last.span if last else None), *spent, *more)


def beside(figures: Figures, kind: str) -> Iterator[tuple[str, ...]]:
    """Yield a row an arm beside its control, where both have spent as much of a kind."""
    for one in figures.of(names.difference(kind)):
        sizes = str(arms_of(figures).get(one.arm, NONE))
        seeds = f"{one.seeds}{' (indicative)' if one.lone else ''}"
        amount = count_said(one.expected)
        yield (
            one.arm, str(one.against), sizes, amount, points_span(one.span), p_value(one.p), seeds,
        )  # fmt: skip


def equal_quality(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yield a row an arm: what it needs for its control's quality."""
    for one in figures.of(names.to_equal("samples")):
        others = (figures.find(names.to_equal(k), one.arm, one.against) for k in names.SETTINGS)
        cells = [NONE if other is None else ratio_said(other) for other in others]
        yield (one.arm, str(one.against), *cells)


def equal_batches(figures: Figures) -> Iterator[tuple[str, ...]]:
    """Yield a row an arm: at which batch the control is as good."""
    for one in figures.of(names.EQUAL_BATCH):
        size = arms_of(figures).get(one.arm)
        control = ", ".join(str(arms_of(figures).get(name, "")) for name in one.over)
        told = (NONE if size is None else str(size), batch_said(one), control, p_value(one.p))
        yield (one.arm, *told)


ENDS = BroughtTable(
    "What each arm came to",
    "Quality is in percent, with its 95 % interval over queries, groups of queries and seeds."
    " Seconds are of training alone, as they were measured; texts are what was encoded, hard"
    " negatives among them.",
    ("arm", "batch, rows", "quality, %", "samples", "seconds", "texts", "negatives a row", "MiB"),
    ends,
)
AFTER_EQUAL_SAMPLES = BroughtTable(
    "After equal samples",
    "The quality of an arm minus that of its control with batches of the same size, in points,"
    " paired by query and seed; groups of queries are drawn together. Each p value is its own.",
    ("arm", "control", "batch, rows", "samples", "difference, points", "p", "seeds"),
    lambda figures: beside(figures, "samples"),
)
AFTER_EQUAL_TEXTS = BroughtTable(
    "At equal encoder time",
    "The same where both have encoded as many texts: an arm with hard negatives has then seen fewer"
    " rows. Between two evaluations quality is taken to rise evenly.",
    ("arm", "control", "batch, rows", "texts", "difference, points", "p", "seeds"),
    lambda figures: beside(figures, "texts"),
)
TO_EQUAL_QUALITY = BroughtTable(
    "What equal quality costs",
    "How much an arm needs for the quality that its control ends with, as a multiple of what the"
    " control spent; below 1 is cheaper. Intervals are by inverting the test of equal quality."
    " Those of seconds do not count how unsteady the machine was.",
    ("arm", "control", *(f"{setting}, ×" for setting in names.SETTINGS.values())),
    equal_quality,
)
EQUAL_BATCHES = BroughtTable(
    "Batches of equal quality",
    "An arm at its batch is as good as the control at another batch, after equal samples. Between"
    " two sizes quality is taken to rise evenly with the logarithm; beyond the sizes that were run"
    " nothing is known. p is of equal quality at the arm's own batch.",
    ("arm", "its batch, rows", "batch of the control, rows", "controls at", "p"),
    equal_batches,
)


def compared(figures: Figures) -> list[TrainingTable]:
    """Return the tables of trained arms that have something to show."""
    made = (ENDS, AFTER_EQUAL_SAMPLES, AFTER_EQUAL_TEXTS, TO_EQUAL_QUALITY, EQUAL_BATCHES)
    return [found for one in made if (found := filled(one, figures)).rows]


def filled(one: BroughtTable, figures: Figures) -> TrainingTable:
    """Return a table with its rows."""
    return TrainingTable(one.title, one.note, one.head, tuple(one.rows(figures)))


def planned(figures: Figures, arms: Iterable[str]) -> list[TrainingTable]:
    """Return the tables of plans that have something to show.

    Args:
        arms: in their order.
    """
    known = list(arms)
    made = [
        TrainingTable(
            "Clusters and batches",
            "Edges are of the graph, each once. A row's first ranks are suspected false negatives,"
            " equal targets certain ones; both are means a row, of its batch.",
            ("arm", "edges in clusters, %", "edges in batches, %", "edges a row", "largest hub",
             "rows without an edge, %", "of its band", "of its first ranks", "equal targets"),
            _plans(figures, known),
        ),
        TrainingTable(
            "Sizes of clusters",
            "How many clusters have how many rows, before their repair and after it.",
            ("arm", "before the repair", "after it"),
            _sizes(figures, known),
        ),
        TrainingTable(
            "Theorem 1 beside the loss",
            "Mean over rows of log(H / H_B), in nats: by how much the bound of the loss over all"
            " targets lies above that of a batch that holds a row's K nearest. The loss is that of"
            " the end of the training, over its own batches: harder batches have a higher one.",
            ("arm", "log(H / H_B)", "of random batches", "loss at the end", "in-batch accuracy, %"),
            _bounds(figures, known),
        ),
        TrainingTable(
            "Who shares a batch: false negatives",
            "Pairs of the first epoch by the rank of the one for the other, and what a sample of"
            " them is: as right as the row's own target (duplicate), near it, or wrong.",
            ("arm", "pairs", "how many", "duplicate, %", "related, %", "unrelated, %", "unknown, %",
             "looked at"),
            _met(figures, known),
        ),
    ]  # fmt: skip
    return [one for one in made if one.rows]


def _plans(figures: Figures, arms: Sequence[str]) -> Rows:
    rows = []
    for arm in arms:
        shares = [_share(figures, f"share of edges inside {level}", arm) for level in LEVELS]
        degrees = [_cell(figures, names.DEGREES["degree_mean"][0], arm, digits=1)]
        degrees.append(_cell(figures, names.DEGREES["degree_max"][0], arm))
        alone = _share(figures, "share of rows without an edge", arm)
        met = [
            _cell(figures, f"{what} met in batches", arm, digits=2)
            for what in ("rows of the own band", "own first ranks", "equal targets")
        ]
        if any(cell != NONE for cell in (*shares, alone)):
            rows.append((arm, *shares, *degrees, alone, *met))
    return tuple(rows)


def _share(figures: Figures, quantity: str, arm: str) -> str:
    one = figures.find(quantity, arm)
    return NONE if one is None else percent(one.span.estimate)


def _sizes(figures: Figures, arms: Sequence[str]) -> Rows:
    rows = []
    for arm in arms:
        cells = [_counted(figures.of(name, {arm})) for name in (names.SIZES_BEFORE, names.SIZES)]
        if cells[1] != NONE:
            rows.append((arm, *cells))
    return tuple(rows)


def _counted(found: Sequence[Figure]) -> str:
    """Return ``7 × 31, 610 × 32``; of many sizes their range."""
    known = sorted(found, key=lambda one: one.at or 0.0)
    if not known:
        return NONE
    if len(known) > _SIZES:
        total = sum(one.span.estimate for one in known)
        return f"{number(total, 0)} of {known[0].at:g} to {known[-1].at:g} rows"
    return ", ".join(f"{number(one.span.estimate, 0)} × {one.at:g}" for one in known)


_SIZES = 4


def _bounds(figures: Figures, arms: Sequence[str]) -> Rows:
    rows = []
    for arm in arms:
        bounds = [_cell(figures, name, arm, digits=2) for name in (names.BOUND, names.BOUND_RANDOM)]
        loss, accuracy = (_last(figures, name, arm) for name in (names.LOSS, names.IN_BATCH))
        if bounds[0] != NONE or loss is not None:
            told = (number(loss, 3), percent(accuracy))
            rows.append((arm, *bounds, *told))
    return tuple(rows)


def _last(figures: Figures, quantity: str, arm: str) -> float | None:
    found = figures.of(quantity, {arm})
    return max(found, key=lambda one: one.at or 0.0).span.estimate if found else None


def _met(figures: Figures, arms: Sequence[str]) -> Rows:
    rows = []
    for arm in arms:
        for where, called in names.RANGES.items():
            pairs = figures.find(names.met(where), arm)
            if pairs is None:
                continue
            found = [figures.find(names.truth(truth, where), arm) for truth in TRUTHS]
            cells = [NONE if one is None else percent_span(one.span) for one in found]
            looked = next((str(one.n) for one in found if one is not None), "0")
            rows.append((arm, called, count_said(pairs.span.estimate), *cells, looked))
    return tuple(rows)


def spent(figures: Figures, arms: Iterable[str], stages: Sequence[str]) -> TrainingTable:
    """Return the seconds of each stage of an arm."""
    rows = [
        (arm, *(_cell(figures, f"{names.STAGE_SECONDS}{stage}", arm) for stage in stages))
        for arm in arms
    ]
    return TrainingTable(
        "Seconds by stage",
        "As they were measured, evaluations included. What arms share was done once, and stands in"
        " the row of each.",
        ("arm", *stages),
        tuple(row for row in rows if any(cell != NONE for cell in row[1:])),
    )
