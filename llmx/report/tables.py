"""The tables of a report, defined once for Markdown, HTML and the terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from llmx.core.figure import Figure, Span
from llmx.core.record import Metric
from llmx.report.figures import names
from llmx.report.figures.by_arm import ByArm, references_of, span_of, value_of
from llmx.report.figures.decoded import missed
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
from llmx.report.results import Results

Cell = Callable[[str], str]
"""Arm → what its cell says."""

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
    arms: tuple[str, ...]


def tables(results: Results) -> tuple[Table, ...]:
    """Return the tables that have anything to say about these results."""
    known = ByArm(results.figures, results.baseline)
    reference, baseline = reference_title(results), results.baseline or ""
    compared = tuple(arm for arm in known.arms if arm in known.references)
    timed = any(known.alone(names.TOKEN_RATE, arm) for arm in known.arms)
    plans = (
        (
            "main",
            f"Accuracy{' and speed' if timed else ''}",
            _main(known, reference, baseline),
            known.arms,
        ),
        ("beside", f"Beside {reference}", _beside(known, reference), compared),
        ("decoding", "What decoding did", _decoding(known), known.arms),
        ("paired", f"Paired comparison with {reference}", _paired(known, reference), compared),
        (METRICS, "Metrics", _metrics(known, reference), known.arms),
    )
    made = (
        Table(name, title, _filled(columns, arms), arms) for name, title, columns, arms in plans
    )
    return tuple(table for table in made if table.columns and table.arms)


def reference_title(results: Results) -> str:
    """Return what the reference is called in headings: its name, or what stands for several.

    Where every arm has the reference at its own point of a sweep, it is named without a point.
    """
    found = set(references_of(results.figures).values())
    if len(found) == 1:
        return found.pop()
    return MANY if len({name.partition("@")[0] for name in found}) > 1 else results.reference or ""


def _filled(columns: tuple[Column, ...], arms: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(column for column in columns if any(column.cell(arm) != NONE for arm in arms))


Write = Callable[[Span | None], str]


def _of(find: Callable[[str, str], Figure | None], quantity: str, write: Write) -> Cell:
    """Return the cell of a quantity: what finds it of an arm, and how its interval is written."""
    return lambda arm: write(span_of(find(quantity, arm)))


def _digits(digits: int) -> Write:
    return lambda span: number_span(span, digits)


def _whole(span: Span | None) -> str:
    return NONE if span is None else number(span.estimate, 0)


def _main(known: ByArm, reference: str, baseline: str) -> tuple[Column, ...]:
    return (
        Column(
            "Accuracy",
            "%",
            "Share of problems whose strict answer equals the reference answer; 95 % Wilson"
            " interval, of several seeds Student's t over items, and seeds of trained arms.",
            _of(known.alone, names.ACCURACY, percent_span),
        ),
        Column(
            f"Accuracy − {reference}",
            "points",
            f"Paired difference in accuracy from {reference} on the same problems; 95 % score"
            " interval (Tango), of several seeds Student's t over items, and seeds of trained"
            " arms.",
            _of(known.beside, names.ACCURACY_GAP, points_span),
            short=f"− {reference}",
        ),
        Column(
            "Speed",
            "tokens/s",
            "Emitted tokens over seconds in the interleaved speed stage; 95 % interval over"
            " rounds.",
            _of(known.alone, names.TOKEN_RATE, number_span),
            brief=_of(known.alone, names.TOKEN_RATE, _whole),
        ),
        Column(
            f"Speed-up over {baseline}",
            "×",
            f"Tokens/s over those of {baseline}, paired by round; 95 % interval over rounds.",
            _of(known.over_target, names.TOKEN_RATE, _digits(2)),
            short="× target",
        ),
        Column(
            "Speed-up per problem",
            "×",
            f"Problems/s over those of {baseline}: unlike tokens/s it falls when answers get"
            " longer.",
            _of(known.over_target, names.PROBLEM_RATE, _digits(2)),
            spare=True,
        ),
    )


def _beside(known: ByArm, reference: str) -> tuple[Column, ...]:
    """Return what each arm costs beside its reference; rounds do not depend on the machine."""
    several = Column(
        "Reference",
        "arm",
        "The arm that this one is compared with.",
        lambda arm: known.references.get(arm, NONE),
    )
    ratios = (
        Column(
            f"Tokens/s over {reference}",
            "×",
            f"Tokens/s over those of {reference}, paired by round; 95 % interval over rounds.",
            _of(known.beside, names.TOKEN_RATE, _digits(2)),
            short="Tokens/s",
        ),
        Column(
            f"Problems/s over {reference}",
            "×",
            f"Problems/s over those of {reference}, paired by round: unlike tokens/s it falls when"
            " answers get longer.",
            _of(known.beside, names.PROBLEM_RATE, _digits(2)),
            short="Problems/s",
        ),
        Column(
            f"Rounds over {reference}",
            "×",
            f"Target rounds a problem over those of {reference}, paired by problem: unlike the"
            " speeds it does not depend on the machine.",
            _of(known.beside, names.ROUNDS, _digits(2)),
            short="Rounds",
        ),
    )
    return (several, *ratios) if reference == MANY else ratios


def _decoding(known: ByArm) -> tuple[Column, ...]:
    return (
        Column(
            "Target rounds",
            "per problem",
            "Forward passes of the target after the prompt, mean over problems.",
            _of(known.alone, names.ROUNDS, _digits(1)),
            short="Rounds",
        ),
        Column(
            "Accepted",
            "tokens/round",
            "Drafted tokens that were kept, per verify round.",
            _of(known.alone, names.ACCEPTED, _digits(2)),
        ),
        Column(
            "Draft share",
            "%",
            "Drafted tokens among the emitted ones; ! marks a miss of over 3 points.",
            lambda arm: _share(known.alone(names.SHARE, arm)),
        ),
        Column(
            "Asked share",
            "%",
            "The draft share that was asked for.",
            lambda arm: percent(_asked_share(known, arm)),
            short="Asked",
        ),
        Column(
            "Asked loss",
            "points",
            "What the threshold was to lose at most of lossless SD's accuracy on calibration"
            " problems; in brackets what it lost there, mean over seeds ± one standard error (the"
            " mean of the seeds': all have the same problems).",
            lambda arm: _asked_loss(known, arm),
            short="May lose",
        ),
        Column(
            "Length",
            "tokens",
            "Emitted tokens per problem, mean.",
            _of(known.alone, names.LENGTH, _digits(1)),
        ),
        Column(
            "Cut",
            "%",
            "Outputs that were ended by the length cap.",
            _of(known.alone, names.CUT, percent_span),
        ),
        Column(
            "Unparsed",
            "%",
            "Outputs without an answer in the asked form; they count as wrong.",
            _of(known.alone, names.UNPARSED, percent_span),
        ),
        Column(
            "Flexible accuracy",
            "%",
            "Accuracy if the last number of the text is taken for the answer.",
            _of(known.alone, names.FLEXIBLE, percent_span),
            spare=True,
        ),
    )


def _metrics(known: ByArm, reference: str) -> tuple[Column, ...]:
    """Return two columns a metric that a scorer declares: what it comes to, and the difference."""
    return tuple(column for one in known.metrics for column in _metric(known, one, reference))


def _metric(known: ByArm, metric: Metric, reference: str) -> tuple[Column, Column]:
    value = _of(known.alone, metric.name, lambda span: level(span, metric))
    beside = _of(known.beside, names.gap_of(metric.name), lambda span: gap(span, metric))
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


def _share(one: Figure | None) -> str:
    return percent(value_of(one)) + (" !" if one is not None and missed(one) else "")


def _asked_share(known: ByArm, arm: str) -> float | None:
    share = known.alone(names.SHARE, arm)
    return share.expected if share else value_of(known.alone(names.ASKED_SHARE, arm))


def _asked_loss(known: ByArm, arm: str) -> str:
    loss = known.alone(names.LOSS, arm)
    if loss is None or loss.expected is None:
        return percent(value_of(known.alone(names.ASKED_LOSS, arm)))
    asked, span = percent(loss.expected), loss.span
    if span.high is None:
        return asked
    return f"{asked} ({points(span.estimate)} ± {percent(span.high - span.estimate)})"


def _p(one: Figure | None) -> float | None:
    return None if one is None else one.p


def _paired(known: ByArm, reference: str) -> tuple[Column, ...]:
    return (
        Column(
            "Right here only",
            "problems",
            f"Problems that this arm gets right and {reference} wrong.",
            _of(known.beside, names.GAINED, _whole),
            short="Gained",
        ),
        Column(
            "Wrong here only",
            "problems",
            f"Problems that this arm gets wrong and {reference} right.",
            _of(known.beside, names.LOST, _whole),
            short="Lost",
        ),
        Column(
            "McNemar",
            "p",
            "Exact two-sided test that the two counts differ by chance alone; of several seeds"
            " sign flips of the items' mean differences, of trained arms the interval inverted; not"
            " corrected for the number of arms.",
            lambda arm: p_value(_p(known.beside(names.ACCURACY_GAP, arm))),
        ),
        Column(
            "Bootstrap",
            "points",
            "The same difference with a paired bootstrap over problems (BCa, 10,000 resamples).",
            _of(known.beside, names.BOOTSTRAP, points_span),
        ),
        Column(
            "By template",
            "points",
            "Paired bootstrap over whole clusters of alike problems: for conclusions about new"
            " templates.",
            _of(known.beside, names.CLUSTERED, points_span),
        ),
        Column(
            "Detectable",
            "points",
            "Smallest difference that this comparison finds with 80 % power.",
            lambda arm: percent(value_of(known.beside(names.DETECTABLE, arm))),
        ),
    )
