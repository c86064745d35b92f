"""Templates of one or two calls."""

from __future__ import annotations

from llmx.papers.indata.items.draft import AskedQuestion, NoFit, QuestionDraft
from llmx.papers.indata.schema import DataColumn

_MEASURES = {
    "mean": "mean",
    "sum": "total",
    "median": "median",
    "min": "smallest",
    "max": "largest",
    "std": "sample standard deviation of the",
}


def _measured(op: str, phrase: str) -> str:
    return f"the {_MEASURES[op]} {phrase}"


def _nullable(d: QuestionDraft) -> DataColumn:
    found = [column for column in d.schema(d.events).columns if column.nullable]
    if not found:
        raise NoFit
    column = d.rng.choice(found)
    d.used.add((d.events, column.name))
    return column


def count_where(d: QuestionDraft) -> AskedQuestion:
    """How many rows fit a condition."""
    table, text = d.condition(d.events)
    d.call("count_rows", table=table)
    return AskedQuestion(f"How many {d.noun} {text} are there?", "integer")


def measure_where(d: QuestionDraft) -> AskedQuestion:
    """A measure of the rows that fit a condition."""
    column = d.floats()
    table, text = d.condition(d.events, column.name)
    op = d.rng.choice(["mean", "sum", "median"])
    d.call("aggregate_column", table=table, column=column.name, op=op)
    return AskedQuestion(f"What is {_measured(op, d.phrase(column))} of {d.noun} {text}?", "float")


def measure_all(d: QuestionDraft) -> AskedQuestion:
    """A measure of all rows."""
    column = d.floats()
    op = d.rng.choice(["mean", "median", "std", "sum"])
    d.call("aggregate_column", table=d.events, column=column.name, op=op)
    return AskedQuestion(f"What is {_measured(op, d.phrase(column))} over all {d.noun}?", "float")


def extreme_where(d: QuestionDraft) -> AskedQuestion:
    """The smallest or largest value under a condition."""
    column = d.floats()
    table, text = d.condition(d.events, column.name, kinds=("label", "flag", "day"))
    op = d.rng.choice(["min", "max"])
    d.call("aggregate_column", table=table, column=column.name, op=op)
    return AskedQuestion(f"What is {_measured(op, d.phrase(column))} of {d.noun} {text}?", "float")


def spread_where(d: QuestionDraft) -> AskedQuestion:
    """A sample deviation under a condition."""
    column = d.floats()
    table, text = d.condition(d.events, column.name, kinds=("label", "labels", "number"))
    d.call("aggregate_column", table=table, column=column.name, op="std")
    asked = f"What is {_measured('std', d.phrase(column))} of {d.noun} {text}?"
    return AskedQuestion(asked, "float")


def quantile_where(d: QuestionDraft) -> AskedQuestion:
    """A linear quantile under a condition."""
    column = d.floats()
    table, text = d.condition(d.events, column.name)
    percent = d.rng.choice([10, 25, 75, 90, 95])
    d.call("aggregate_column", table=table, column=column.name, op="quantile", q=percent / 100)
    asked = f"What is the {percent}th percentile of {d.phrase(column)} of {d.noun} {text}?"
    return AskedQuestion(asked, "float")


def different_values(d: QuestionDraft) -> AskedQuestion:
    """How many different values a column of whole numbers has under a condition."""
    column = d.column("int")
    table, text = d.condition(d.events, column.name, kinds=("label", "range", "day"))
    d.call("aggregate_column", table=table, column=column.name, op="count_distinct")
    asked = f"How many different values of {d.phrase(column)} do {d.noun} {text} have?"
    return AskedQuestion(asked, "integer")


def correlation_all(d: QuestionDraft) -> AskedQuestion:
    """A correlation of two columns."""
    x, method = d.number(), d.rng.choice(["pearson", "spearman"])
    y = d.number(x.name)
    d.call("correlate", table=d.events, x=x.name, y=y.name, method=method)
    name = {"pearson": "Pearson's", "spearman": "Spearman's"}[method]
    words = f"{d.phrase(x)} and {d.phrase(y)}"
    return AskedQuestion(f"What is {name} correlation of {words} over all {d.noun}?", "float")


def without_value(d: QuestionDraft) -> AskedQuestion:
    """How many rows have no value."""
    column = _nullable(d)
    call = {"table": d.events, "column": column.name, "op": "is_null"}
    d.call("count_rows", table=d.call("filter_rows", **call))
    return AskedQuestion(f"How many {d.noun} have no {column.description} recorded?", "integer")


def count_by_label(d: QuestionDraft) -> AskedQuestion:
    """How many rows each label has."""
    column = d.label()
    counted = [{"name": "rows", "op": "count"}]
    d.call("group_aggregate", table=d.events, keys=[column.name], aggregates=counted)
    asked = f"For each {column.description}, how many {d.noun} are there? Give a mapping."
    return AskedQuestion(asked, "mapping")


def measure_by_label(d: QuestionDraft) -> AskedQuestion:
    """A measure for each label, under a condition."""
    column = d.floats()
    label = d.label()
    table, text = d.condition(d.events, column.name, label.name, kinds=("number", "day", "flag"))
    op = d.rng.choice(["mean", "sum", "median"])
    made = [{"name": "measure", "op": op, "column": column.name}]
    d.call("group_aggregate", table=table, keys=[label.name], aggregates=made)
    words = f"{_measured(op, d.phrase(column))} of {d.noun} {text}"
    return AskedQuestion(
        f"For each {label.description}, what is {words}? Give a mapping.", "mapping"
    )


def known_where(d: QuestionDraft) -> AskedQuestion:
    """How many rows under a condition have a value."""
    column = _nullable(d)
    table, text = d.condition(d.events, column.name)
    d.call("aggregate_column", table=table, column=column.name, op="count")
    return AskedQuestion(
        f"How many {d.noun} {text} have a recorded {column.description}?", "integer"
    )


def values_where(d: QuestionDraft) -> AskedQuestion:
    """Which whole numbers occur under a condition."""
    column = d.column("int")
    table, text = d.condition(d.events, column.name, kinds=("range", "number"))
    d.call("distinct_rows", table=table, columns=[column.name])
    asked = f"Which values of {d.phrase(column)} occur among {d.noun} {text}? Give a set."
    return AskedQuestion(asked, "set")


EASY = (
    count_where, measure_where, measure_all, extreme_where, spread_where, quantile_where,
    different_values, correlation_all, without_value, count_by_label, measure_by_label,
    known_where, values_where,
)  # fmt: skip
