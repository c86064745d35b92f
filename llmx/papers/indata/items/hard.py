"""Templates of five or more calls, with branches that meet or a computed value in a filter."""

from __future__ import annotations

from llmx.papers.indata.arguments import Handle
from llmx.papers.indata.items.draft import AskedQuestion, NoFit, QuestionDraft, Table
from llmx.papers.indata.items.medium import ranked, read
from llmx.papers.indata.schema import DataColumn

_WORDS = {"mean": "mean", "sum": "total", "median": "median"}


def _measure(d: QuestionDraft, table: Table, column: str, op: str) -> Handle:
    return d.call("aggregate_column", table=table, column=column, op=op)


def _two_labels(d: QuestionDraft) -> tuple[DataColumn, str, str]:
    label = d.label()
    one, other = d.rng.sample(label.values, 2)
    return label, one, other


def gap_of_two(d: QuestionDraft) -> AskedQuestion:
    """The difference of a measure between two labels."""
    column, (label, one, other) = d.floats(), _two_labels(d)
    op = d.rng.choice(sorted(_WORDS))
    a = _measure(d, d.filter(d.events, label.name, "eq", one), column.name, op)
    b = _measure(d, d.filter(d.events, label.name, "eq", other), column.name, op)
    d.call("scalar_arithmetic", op="sub", a=a, b=b)
    words = f"{_WORDS[op]} {d.phrase(column)} of {d.noun} whose {label.description} is"
    return AskedQuestion(f"What is the {words} {one} minus that of {other}?", "float")


def ratio_of_two(d: QuestionDraft) -> AskedQuestion:
    """The ratio of a measure between two labels, to some decimals."""
    column, (label, one, other) = d.floats(), _two_labels(d)
    a = _measure(d, d.filter(d.events, label.name, "eq", one), column.name, "sum")
    b = _measure(d, d.filter(d.events, label.name, "eq", other), column.name, "sum")
    ratio = d.call("scalar_arithmetic", op="ratio", a=a, b=b)
    decimals = d.rng.randint(2, 4)
    d.call("scalar_arithmetic", op="round", a=ratio, b=decimals)
    words = f"total {d.phrase(column)} of {d.noun} whose {label.description} is"
    asked = f"What is the ratio of the {words} {one} to that of {other}, to {decimals} decimals?"
    return AskedQuestion(asked, "float", decimals)


def compared(d: QuestionDraft) -> AskedQuestion:
    """Whether a measure is larger for one label than for another."""
    column, (label, one, other) = d.floats(), _two_labels(d)
    a = _measure(d, d.filter(d.events, label.name, "eq", one), column.name, "mean")
    b = _measure(d, d.filter(d.events, label.name, "eq", other), column.name, "mean")
    d.call("compare_scalars", op="gt", a=a, b=b)
    words = f"mean {d.phrase(column)} of {d.noun} whose {label.description} is {one}"
    return AskedQuestion(f"Is the {words} above that of those where it is {other}?", "boolean")


def above_average(d: QuestionDraft) -> AskedQuestion:
    """Which label is best among the rows above the average of another column."""
    by = d.floats()
    column, label = d.floats(by.name), d.label()
    middle = _measure(d, d.events, by.name, "mean")
    table = d.filter(d.events, by.name, "gt", middle)
    read(d, ranked(d, table, [label.name], "desc", "mean", column.name), label.name)
    words = f"{d.noun} with {d.phrase(by)} above its mean over all {d.noun}"
    asked = f"Among {words}, which {label.description} has the highest mean {d.phrase(column)}?"
    return AskedQuestion(asked, "string")


def share_of_total(d: QuestionDraft) -> AskedQuestion:
    """A condition's share of a total, in percent to some decimals."""
    column = d.floats()
    table, text = d.condition(d.events, column.name)
    part = _measure(d, table, column.name, "sum")
    whole = _measure(d, d.events, column.name, "sum")
    share = d.call("scalar_arithmetic", op="ratio", a=part, b=whole)
    percent = d.call("scalar_arithmetic", op="mul", a=share, b=100)
    d.call("scalar_arithmetic", op="round", a=percent, b=2)
    words = f"total {d.phrase(column)} comes from {d.noun} {text}"
    return AskedQuestion(f"How many percent of the {words}, to 2 decimals?", "float", 2)


def joined_above(d: QuestionDraft) -> AskedQuestion:
    """The largest count of a joined table's labels among rows above the average."""
    column = d.floats()
    middle = _measure(d, d.events, column.name, "mean")
    table, other = d.joined()
    label = d.label(table=other)
    kept = d.filter(table, column.name, "gt", middle)
    counted = [{"name": "rows", "op": "count"}]
    grouped = d.call("group_aggregate", table=kept, keys=[label.name], aggregates=counted)
    read(d, d.call("sort_rows", table=grouped, keys=["rows"], directions=["desc"]), "rows")
    words = f"{d.noun} with {d.phrase(column)} above the mean of all {d.noun}"
    asked = f"Count {words} for each {label.description}: what is the largest of these counts?"
    return AskedQuestion(asked, "integer")


def either_condition(d: QuestionDraft) -> AskedQuestion:
    """The highest measure of a label among rows that fit one of two conditions."""
    column, label = d.floats(), d.label()
    one, first = d.condition(d.events, column.name, label.name, kinds=("number", "flag"))
    other, second = d.condition(d.events, column.name, label.name, kinds=("range", "label", "day"))
    both = d.call("combine_rows", left=one, right=other, mode="union")
    read(d, ranked(d, both, [label.name], "desc", "mean", column.name), "measure")
    words = f"Among {d.noun} {first} or {d.noun} {second} (or both)"
    asked = f"{words}, what is the highest mean {d.phrase(column)} of any {label.description}?"
    return AskedQuestion(asked, "float")


def but_not(d: QuestionDraft) -> AskedQuestion:
    """A measure of the rows that fit one condition and not another, relative to all."""
    column = d.floats()
    one, first = d.condition(d.events, column.name, kinds=("number", "labels"))
    other, second = d.condition(d.events, column.name, kinds=("range", "flag", "day"))
    left = d.call("combine_rows", left=one, right=other, mode="difference")
    part = _measure(d, left, column.name, "mean")
    d.call("scalar_arithmetic", op="sub", a=part, b=_measure(d, d.events, column.name, "mean"))
    words = f"mean {d.phrase(column)} of {d.noun} {first} that are not {d.noun} {second}"
    return AskedQuestion(f"What is the {words}, minus the mean of all {d.noun}?", "float")


def best_month(d: QuestionDraft) -> AskedQuestion:
    """A measure of the month that has the most of something."""
    day, column = d.column("date", "datetime"), d.floats()
    other = d.floats(column.name)
    made = d.call(
        "derive_date_part", table=d.events, new_column="month", column=day.name, part="month"
    )
    ordered = ranked(d, made, ["month"], "desc", "sum", column.name)
    best = read(d, ordered, "month")
    _measure(d, d.filter(made, "month", "eq", best), other.name, "mean")
    words = f"the calendar month of {day.description} with the highest total {d.phrase(column)}"
    return AskedQuestion(f"In {words}, what is the mean {d.phrase(other)} of {d.noun}?", "float")


def change_of_year(d: QuestionDraft) -> AskedQuestion:
    """By how many percent a total changed from one year to the next."""
    day, column = d.column("date", "datetime"), d.floats()
    made = d.call(
        "derive_date_part", table=d.events, new_column="year", column=day.name, part="year"
    )
    year = 2022
    one = _measure(d, d.filter(made, "year", "eq", year), column.name, "sum")
    other = _measure(d, d.filter(made, "year", "eq", year + 1), column.name, "sum")
    d.call("scalar_arithmetic", op="pct_change", a=one, b=other)
    words = f"total {d.phrase(column)} of {d.noun} by year of {day.description}"
    asked = f"By how many percent did the {words} change from {year} to {year + 1}?"
    return AskedQuestion(asked, "float")


def upper_part(d: QuestionDraft) -> AskedQuestion:
    """A measure of the rows beyond a quantile, relative to all."""
    by = d.floats()
    column = d.floats(by.name)
    percent = d.rng.choice([70, 80, 90])
    bound = d.call("aggregate_column", table=d.events, column=by.name, op="quantile",
                   q=percent / 100)  # fmt: skip
    part = _measure(d, d.filter(d.events, by.name, "ge", bound), column.name, "mean")
    whole = _measure(d, d.events, column.name, "mean")
    d.call("scalar_arithmetic", op="ratio", a=part, b=whole)
    words = f"at least the {percent}th percentile of {d.phrase(by)}"
    asked = f"For {d.noun} with {words}, what is the ratio of their mean {d.phrase(column)}"
    return AskedQuestion(f"{asked} to that of all {d.noun}?", "float")


def half_of_total(d: QuestionDraft) -> AskedQuestion:
    """How many labels, largest first, it takes to reach half of a total."""
    column, one = d.floats(), d.label()
    other = d.label(one.name)
    keys = [one.name, other.name]
    totals = [{"name": "measure", "op": "sum", "column": column.name}]
    grouped = d.call("group_aggregate", table=d.events, keys=keys, aggregates=totals)
    made = d.call("derive_arithmetic", table=grouped, new_column="turned", op="neg", a="measure")
    run = d.call("derive_cumulative", table=made, new_column="running", column="measure", op="sum",
                 order_by=["turned"])  # fmt: skip
    whole = _measure(d, d.events, column.name, "sum")
    half = d.call("scalar_arithmetic", op="mul", a=whole, b=0.5)
    d.call("count_rows", table=d.filter(run, "running", "le", half))
    words = f"combinations of {one.description} and {other.description}"
    asked = f"Add up the total {d.phrase(column)} of {d.noun} over {words}, largest first: how many"
    return AskedQuestion(f"{asked} combinations stay within half of the overall total?", "integer")


def rising_months(d: QuestionDraft) -> AskedQuestion:
    """How many months rose by more than the average change."""
    day, column = d.column("date", "datetime"), d.floats()
    made = d.call(
        "derive_date_part", table=d.events, new_column="month", column=day.name, part="month"
    )
    totals = [{"name": "measure", "op": "sum", "column": column.name}]
    grouped = d.call("group_aggregate", table=made, keys=["month"], aggregates=totals)
    moved = d.call("derive_shift", table=grouped, new_column="before", column="measure", periods=1,
                   order_by=["month"])  # fmt: skip
    gap = d.call("derive_arithmetic", table=moved, new_column="gap", op="sub", a="measure",
                 b="before")  # fmt: skip
    middle = _measure(d, gap, "gap", "mean")
    d.call("count_rows", table=d.filter(gap, "gap", "gt", middle))
    words = f"total {d.phrase(column)} of {d.noun} by calendar month of {day.description}"
    asked = f"Take the {words}, and each month's change from the month before: how many changes"
    return AskedQuestion(f"{asked} are above the mean change?", "integer")


def winners(d: QuestionDraft) -> AskedQuestion:
    """The gap between the mean of each group's best and the mean of all groups."""
    column, one = d.floats(), d.label()
    other = d.label(one.name)
    made = [{"name": "measure", "op": "mean", "column": column.name}]
    keys = [one.name, other.name]
    grouped = d.call("group_aggregate", table=d.events, keys=keys, aggregates=made)
    order = d.call("derive_rank", table=grouped, new_column="place", column="measure",
                   partition_by=[one.name], method="min", direction="desc")  # fmt: skip
    best = _measure(d, d.filter(order, "place", "eq", 1), "measure", "mean")
    whole = _measure(d, grouped, "measure", "mean")
    d.call("scalar_arithmetic", op="sub", a=best, b=whole)
    words = f"mean {d.phrase(column)} for each {one.description} and {other.description}"
    asked = f"Take the {words} of {d.noun}. What is the mean of the highest value of each"
    return AskedQuestion(f"{asked} {one.description}, minus the mean of all these values?", "float")


def through_another(d: QuestionDraft) -> AskedQuestion:
    """A share of a total that comes from rows of another table under a condition."""
    column = d.floats()
    other, left, right = d.other_table()
    kept, text = d.condition(other, source=other, kinds=("label", "number", "labels"))
    on = [{"left": left, "right": right}]
    table = d.call("join_tables", left=d.events, right=kept, on=on, kind="semi")
    part = _measure(d, table, column.name, "sum")
    whole = _measure(d, d.events, column.name, "sum")
    d.call("scalar_arithmetic", op="ratio", a=part, b=whole)
    words = f"total {d.phrase(column)} comes from {d.noun} {text}"
    return AskedQuestion(f"Which fraction (0 to 1) of the {words}?", "float")


def gap_of_correlations(d: QuestionDraft) -> AskedQuestion:
    """By how much a correlation differs between two labels."""
    x, (label, one, other) = d.floats(), _two_labels(d)
    y = d.number(x.name)
    found = [
        d.call("correlate", table=d.filter(d.events, label.name, "eq", value), x=x.name, y=y.name)
        for value in (one, other)
    ]
    d.call("scalar_arithmetic", op="sub", a=found[0], b=found[1])
    words = f"Pearson's correlation of {d.phrase(x)} and {d.phrase(y)} over {d.noun}"
    asked = f"What is {words} whose {label.description} is {one}, minus that of {other}?"
    return AskedQuestion(asked, "float")


def days_above(d: QuestionDraft) -> AskedQuestion:
    """Which fraction of rows took longer than the average."""
    days = [c for c in d.schema(d.events).columns if c.type in ("date", "datetime")]
    if len(days) < 2:
        raise NoFit
    one, other = days[:2]
    d.used |= {(d.events, one.name), (d.events, other.name)}
    made = d.call("derive_date_diff", table=d.events, new_column="gap", a=one.name, b=other.name,
                  unit="days")  # fmt: skip
    middle = _measure(d, made, "gap", "mean")
    part = d.call("count_rows", table=d.filter(made, "gap", "gt", middle))
    whole = d.call("count_rows", table=d.events)
    d.call("scalar_arithmetic", op="ratio", a=part, b=whole)
    words = f"more whole days from {one.description} to {other.description} than the mean"
    return AskedQuestion(f"Which fraction (0 to 1) of all {d.noun} took {words}?", "float")


HARD = (
    gap_of_two, ratio_of_two, compared, above_average, share_of_total, joined_above,
    either_condition, but_not, best_month, change_of_year, upper_part, half_of_total,
    rising_months, winners, through_another, gap_of_correlations, days_above,
)  # fmt: skip
