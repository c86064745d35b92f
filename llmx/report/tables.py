"""The tables of a report, defined once for Markdown, HTML and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from llmx.core.record import Metric
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
)
from llmx.report.results import Results, Row

Cell = Callable[[Row], str]

METRICS = "metrics"
"""Name of the table of what scorers declare beside accuracy."""

MANY = "the reference"
"""How headings name the reference where arms have different ones."""


@dataclass(frozen=True)
class Column:
    """One column; where there is little room `short` is its head and `brief` its cell.

    With ``spare`` it is left out there altogether.
    """

    title: str
    unit: str
    explain: str
    cell: Cell
    short: str = ""
    brief: Cell | None = None
    spare: bool = False


@dataclass(frozen=True)
class Table:
    """A titled table of the arms; columns that would hold nothing are left out."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def tables(results: Results) -> tuple[Table, ...]:
    """Return the tables that have anything to say about these results."""
    reference, baseline = reference_title(results), results.baseline or ""
    compared = tuple(row for row in results.rows if row.difference is not None)
    timed = any(row.tokens_per_second is not None for row in results.rows)
    plans = (
        (
            "main",
            f"Accuracy{' and speed' if timed else ''}",
            _main(reference, baseline),
            results.rows,
        ),
        ("beside", f"Beside {reference}", _beside(reference), compared),
        ("decoding", "What decoding did", _decoding(), results.rows),
        ("paired", f"Paired comparison with {reference}", _paired(reference), compared),
        (METRICS, "Metrics", _metrics(results.rows, reference), results.rows),
    )
    made = (
        Table(name, title, _filled(columns, rows), rows) for name, title, columns, rows in plans
    )
    return tuple(table for table in made if table.columns and table.rows)


def reference_title(results: Results) -> str:
    """Return what the reference is called in headings: its name, or what stands for several."""
    named = (row.reference for row in results.rows if row.reference)
    found = {name.partition("@")[0] for name in named}
    return MANY if len(found) > 1 else results.reference or ""


def _filled(columns: tuple[Column, ...], rows: tuple[Row, ...]) -> tuple[Column, ...]:
    return tuple(column for column in columns if any(column.cell(row) != NONE for row in rows))


def _main(reference: str, baseline: str) -> tuple[Column, ...]:
    return (
        Column(
            "Accuracy",
            "%",
            "Share of problems whose strict answer equals the reference answer; 95 % Wilson"
            " interval, of several seeds Student's t over items, and seeds of trained arms.",
            lambda row: percent_span(row.accuracy),
        ),
        Column(
            f"Accuracy − {reference}",
            "points",
            f"Paired difference in accuracy from {reference} on the same problems; 95 % score"
            " interval (Tango), of several seeds Student's t over items, and seeds of trained"
            " arms.",
            lambda row: points_span(row.difference.score if row.difference else None),
            short=f"− {reference}",
        ),
        Column(
            "Speed",
            "tokens/s",
            "Emitted tokens over seconds in the interleaved speed stage; 95 % interval over"
            " rounds.",
            lambda row: number_span(row.tokens_per_second),
            brief=lambda row: number(
                row.tokens_per_second.estimate if row.tokens_per_second else None, 0
            ),
        ),
        Column(
            f"Speed-up over {baseline}",
            "×",
            f"Tokens/s over those of {baseline}, paired by round; 95 % interval over rounds.",
            lambda row: number_span(row.speedup, 2),
            short="× target",
        ),
        Column(
            "Speed-up per problem",
            "×",
            f"Problems/s over those of {baseline}: unlike tokens/s it falls when answers get"
            " longer.",
            lambda row: number_span(row.speedup_problems, 2),
            spare=True,
        ),
    )


def _beside(reference: str) -> tuple[Column, ...]:
    """Return what each arm costs beside its reference; rounds do not depend on the machine."""
    several = Column(
        "Reference",
        "arm",
        "The arm that this one is compared with.",
        lambda row: row.reference or NONE,
    )
    ratios = (
        Column(
            f"Tokens/s over {reference}",
            "×",
            f"Tokens/s over those of {reference}, paired by round; 95 % interval over rounds.",
            lambda row: number_span(row.speedup_reference, 2),
            short="Tokens/s",
        ),
        Column(
            f"Problems/s over {reference}",
            "×",
            f"Problems/s over those of {reference}, paired by round: unlike tokens/s it falls when"
            " answers get longer.",
            lambda row: number_span(row.speedup_reference_problems, 2),
            short="Problems/s",
        ),
        Column(
            f"Rounds over {reference}",
            "×",
            f"Target rounds a problem over those of {reference}, paired by problem: unlike the"
            " speeds it does not depend on the machine.",
            lambda row: number_span(row.rounds_reference, 2),
            short="Rounds",
        ),
    )
    return (several, *ratios) if reference == MANY else ratios


def _decoding() -> tuple[Column, ...]:
    return (
        Column(
            "Target rounds",
            "per problem",
            "Forward passes of the target after the prompt, mean over problems.",
            lambda row: number(row.target_rounds),
            short="Rounds",
        ),
        Column(
            "Accepted",
            "tokens/round",
            "Drafted tokens that were kept, per verify round.",
            lambda row: number(row.accepted_length, 2),
        ),
        Column(
            "Draft share",
            "%",
            "Drafted tokens among the emitted ones; ! marks a miss of over 3 points.",
            lambda row: percent(row.draft_share) + (" !" if row.share_missed else ""),
        ),
        Column(
            "Asked share",
            "%",
            "The draft share that was asked for.",
            lambda row: percent(row.asked_share),
            short="Asked",
        ),
        Column(
            "Asked loss",
            "points",
            "What the threshold was to lose at most of lossless SD's accuracy on calibration"
            " problems; in brackets what it lost there, mean over seeds ± one standard error (the"
            " mean of the seeds': all have the same problems).",
            _asked_loss,
            short="May lose",
        ),
        Column(
            "Length",
            "tokens",
            "Emitted tokens per problem, mean.",
            lambda row: number(row.output_tokens),
        ),
        Column(
            "Cut",
            "%",
            "Outputs that were ended by the length cap.",
            lambda row: percent(row.cut_share),
        ),
        Column(
            "Unparsed",
            "%",
            "Outputs without an answer in the asked form; they count as wrong.",
            lambda row: percent(row.unparsed_share),
        ),
        Column(
            "Flexible accuracy",
            "%",
            "Accuracy if the last number of the text is taken for the answer.",
            lambda row: percent(row.accuracy_flexible),
            spare=True,
        ),
    )


def _metrics(rows: tuple[Row, ...], reference: str) -> tuple[Column, ...]:
    """Return two columns a metric that a scorer declares: what it comes to, and the difference."""
    known = {one.metric.name: one.metric for row in rows for one in row.metrics}
    return tuple(column for metric in known.values() for column in _metric(metric, reference))


def _metric(metric: Metric, reference: str) -> tuple[Column, Column]:
    def value(row: Row) -> str:
        found = row.measured(metric.name)
        return level(found.value, metric) if found else NONE

    def beside(row: Row) -> str:
        found = row.measured(metric.name)
        return gap(found.difference.score, metric) if found and found.difference else NONE

    what = f"{metric.explain} " if metric.explain else ""
    how = f"{metric.aggregate.capitalize()} over problems, {metric.better} is better"
    interval = "Wilson's" if metric.boolean else "Student's t"
    return (
        Column(
            metric.name,
            metric.unit or metric.aggregate,
            f"{what}{how}; 95 % interval: {interval}, of several seeds Student's t over items, and"
            " seeds of trained arms.",
            value,
        ),
        Column(
            f"{metric.name} − {reference}",
            gap_unit(metric) or metric.aggregate,
            f"Paired difference in {metric.name} from {reference} on the same problems; 95 %"
            " interval.",
            beside,
            short=f"− {reference}",
        ),
    )


def _asked_loss(row: Row) -> str:
    known = row.calibrations()
    if not known or known[0].asked_loss is None:
        return NONE
    asked = percent(known[0].asked_loss)
    lost = [one.loss for one in known if one.loss is not None]
    errors = [one.standard_error for one in known if one.standard_error is not None]
    if not lost or not errors:
        return asked
    return f"{asked} ({points(fmean(lost))} ± {percent(fmean(errors))})"


def _paired(reference: str) -> tuple[Column, ...]:
    return (
        Column(
            "Right here only",
            "problems",
            f"Problems that this arm gets right and {reference} wrong.",
            lambda row: str(row.difference.gained) if row.difference else NONE,
            short="Gained",
        ),
        Column(
            "Wrong here only",
            "problems",
            f"Problems that this arm gets wrong and {reference} right.",
            lambda row: str(row.difference.lost) if row.difference else NONE,
            short="Lost",
        ),
        Column(
            "McNemar",
            "p",
            "Exact two-sided test that the two counts differ by chance alone; of several seeds"
            " sign flips of the items' mean differences, of trained arms the interval inverted; not"
            " corrected for the number of arms.",
            lambda row: p_value(row.difference.p_value if row.difference else None),
        ),
        Column(
            "Bootstrap",
            "points",
            "The same difference with a paired bootstrap over problems (BCa, 10,000 resamples).",
            lambda row: points_span(row.difference.bootstrap if row.difference else None),
        ),
        Column(
            "By template",
            "points",
            "Paired bootstrap over whole clusters of alike problems: for conclusions about new"
            " templates.",
            lambda row: points_span(row.difference.clustered if row.difference else None),
        ),
        Column(
            "Detectable",
            "points",
            "Smallest difference that this comparison finds with 80 % power.",
            lambda row: points(row.difference.detectable if row.difference else None).lstrip("+"),
        ),
    )
