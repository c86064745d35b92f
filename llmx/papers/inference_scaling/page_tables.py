"""The tables of a page on inference-time scaling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from llmx.core.figure import Span
from llmx.papers.inference_scaling.associations import named
from llmx.papers.inference_scaling.features.rows import MarkerTable
from llmx.papers.inference_scaling.frontiers import ALL, ON
from llmx.report.numbers import (
    NONE,
    number,
    number_span,
    p_value,
    percent,
    percent_span,
    points_span,
    signed_span,
)
from llmx.report.priced import (
    PricedGap,
    PricedPoint,
    PricedPoints,
    cheapest_within,
    cost_amount,
    cost_said,
)
from llmx.report.training.tables import TrainingTable

Rows = Iterable[tuple[str, ...]]


def tables(
    found: PricedPoints, markers: Sequence[MarkerTable], gain: float, kinds: Sequence[str]
) -> list[TrainingTable]:
    """Return the tables that have something to show."""
    made = [
        _enough(found, gain, kinds),
        _floors(found),
        _matched(found, kinds),
        _frontier(found, kinds),
        _markers(markers),
        _votes(markers),
        _weights(markers),
        _points(found, kinds),
    ]
    return [one for one in made if one.rows]


def _table(title: str, note: str, head: Sequence[str], rows: Rows) -> TrainingTable:
    return TrainingTable(title, note, tuple(head), tuple(rows))


def _enough(found: PricedPoints, gain: float, kinds: Sequence[str]) -> TrainingTable:
    rows = (
        (
            one.arm,
            cost_said(kind),
            one.label,
            f"{one.size} {one.sizes}",
            percent_span(one.accuracy),
            points_span(one.behind),
            cost_amount(one.costs.get(kind)),
        )
        for kind in kinds
        for one in cheapest_within(found, gain, kind)
    )
    head = ("Arm", "By", "Method", "Size", "Accuracy, %", "From best vote, points", "Cost")
    note = (
        f"The cheapest method within {number(100 * gain)} points of an arm's best, compared on"
        " common problems. `llmx budget RUN` asks for other margins and costs."
    )
    return _table("What is enough", note, head, rows)


def _floors(found: PricedPoints) -> TrainingTable:
    rows = (
        (
            one.arm,
            one.against,
            NONE if one.votes is None else str(one.votes),
            f"{one.low or '> ' + str(one.most)} to {one.high or '> ' + str(one.most)}",
            f"{number_span(one.ratio, 2)} × {cost_said(one.kind)}",
        )
        for one in found.floors
    )
    head = ("Arm", "One answer of", "Votes to reach it", "Interval, 95 %", "Cost there")
    note = "– : not reached by any number of votes tried; the cost is then that of the most."
    return _table("Does the weaker catch up?", note, head, rows)


def _matched(found: PricedPoints, kinds: Sequence[str]) -> TrainingTable:
    rows = (
        (
            one.arm,
            cost_said(kind),
            one.beside,
            points_span(one.span),
            p_value(one.p),
            p_value(one.p_family),
        )
        for kind in kinds
        for one in _largest(one for one in found.gaps if one.what.endswith(f" at matched {kind}"))
    )
    head = ("Arm", "By", "Beside", "Vote − it, points", "p", "p, Holm")
    note = (
        "The largest majority vote that costs no more than the other method at its largest size, on"
        " the same problems. Holm over the methods compared at one budget. Other sizes are in"
        " `scaling.json`."
    )
    return _table("At a matched cost", note, head, rows)


def _largest(found: Iterable[PricedGap]) -> Iterable[PricedGap]:
    """Return of each comparison of an arm the one at the largest size."""
    kept: dict[tuple[str, str], PricedGap] = {}
    for one in found:
        held = kept.get((one.arm, one.what))
        if held is None or (one.at or 0.0) > (held.at or 0.0):
            kept[one.arm, one.what] = one
    return kept.values()


def _frontier(found: PricedPoints, kinds: Sequence[str]) -> TrainingTable:
    rows = (
        (
            one.arm,
            cost_said(kind),
            one.label,
            f"{one.size} {one.sizes}",
            percent_span(one.accuracy),
            cost_amount(one.costs.get(kind)),
            *(percent(shares.get(scope), 0) for scope in (ALL, found.classes.get(one.arm, ""))),
            percent(shares.get(one.arm), 0),
        )
        for kind in kinds
        for one in sorted(found.points, key=lambda one: one.costs.get(kind, 0.0))
        if max((shares := one.frontier.get(kind, {})).values(), default=0.0) > ON
    )
    head = ("Arm", "By", "Method", "Size", "Accuracy, %", "Cost", "All, %", "Class, %", "Arm, %")
    note = (
        "Share of resamples of the problems in which nothing is as good and cheaper, or better at"
        " no more cost: among all arms, the arms of its class, and its own points. On the problems"
        f" that all of these have: {_problems(found)}."
    )
    return _table("On the frontier", note, head, rows)


def _problems(found: PricedPoints) -> str:
    return ", ".join(f"{scope} {count}" for scope, count in found.frontier_problems.items())


def _markers(found: Sequence[MarkerTable]) -> TrainingTable:
    rows = (
        (
            table.arm,
            row.category,
            row.filing or NONE,
            row.part,
            row.measure,
            number(row.right, 2),
            number(row.wrong, 2),
            _signed(row.pooled),
            f"{_signed(row.within)}, {row.mixed}",
            number_span(row.auc, 2),
            number_span(row.auc_within, 2),
        )
        for table in found
        for row in table.rows
    )
    head = (
        *("Arm", "What", "Filing", "Part", "Measure", "Right", "Wrong", "Right − wrong, pooled"),
        *("Within problems, of how many", "AUC", "AUC within"),
    )
    hashes = {name: text for table in found for name, text in table.hashes.items()}
    lists = ", ".join(f"{name} {text[:12]}" for name, text in sorted(hashes.items()))
    note = (
        "Pooled differences are also made by problems that are hard; those within problems are not."
        f" Two filings of the disputed words. Lists, by hash: {lists}."
    )
    return _table("Right and wrong answers", note, head, rows)


def _signed(span: Span | None) -> str:
    return signed_span(span, 2)


def _votes(found: Sequence[MarkerTable]) -> TrainingTable:
    rows = (
        (
            table.arm,
            named(row),
            percent(row.accuracy),
            points_span(row.gain),
            points_span(row.control),
            points_span(row.excess),
            p_value(row.p),
            row.claim,
        )
        for table in found
        for row in table.votes
    )
    head = (
        *("Arm", "Vote by", "Accuracy, %", "− plain vote, points", "Random feature − plain vote"),
        *("− random feature's", "p, Holm", "Reads"),
    )
    note = (
        "Settings are chosen on other problems (five folds). A gain is claimed only where it is"
        " sure over the plain vote and over the same rule with a random feature."
    )
    return _table("Votes by features", note, head, rows)


def _weights(found: Sequence[MarkerTable]) -> TrainingTable:
    rows = (
        (table.arm, row.category, row.filing or NONE, _signed(row.weight), str(row.problems))
        for table in found
        for row in table.logit
    )
    head = ("Arm", "Feature", "Filing", "Log odds a standard deviation", "Mixed problems")
    note = "All features together, with a constant for each problem (conditional logit)."
    return _table("What tells right draws from wrong ones", note, head, rows)


def _points(found: PricedPoints, kinds: Sequence[str]) -> TrainingTable:
    head = (
        *("Arm", "Method", "Size", "Accuracy, %", "No answer, %", "Cut, %"),
        *map(cost_said, kinds),
        "Problems",
    )
    note = "Every point; shares of answers that none could be read from, and that the cap cut."
    return _table("All points", note, head, (_point(one, kinds) for one in found.points))


def _point(one: PricedPoint, kinds: Sequence[str]) -> tuple[str, ...]:
    drawn = f" ± {percent(one.error)}" if one.error else ""
    return (
        one.arm,
        one.label,
        f"{one.size} {one.sizes}",
        f"{percent_span(one.accuracy)}{drawn}",
        percent(one.unparsed),
        percent(one.cut),
        *(cost_amount(one.costs.get(kind)) for kind in kinds),
        str(one.problems),
    )


def counted(found: PricedPoints) -> Iterator[str]:
    """Yield a warning for each method of an arm whose draws were cut more often than a fifth."""
    for one in found.points:
        if one.cut > 0.2 and one.method == "single":
            yield (
                f"Of `{one.arm}` {percent(one.cut)} % of the draws ended at the length cap: nothing"
                " is said of it."
            )
