"""Templates of three or four calls."""

from __future__ import annotations

from typing import Any

from llmx.papers.indata.arguments import Handle
from llmx.papers.indata.items.draft import AskedQuestion, NoFit, QuestionDraft, Table

_WORDS = {"mean": "mean", "sum": "total", "median": "median", "max": "largest"}


def ranked(
    d: QuestionDraft, table: Table, keys: list[str], way: str, op: str, column: str
) -> Handle:
    """Group, sort by the measure, and return the sorted table."""
    made = [{"name": "measure", "op": op, "column": column}]
    grouped = d.call("group_aggregate", table=table, keys=keys, aggregates=made)
    return d.call("sort_rows", table=grouped, keys=["measure"], directions=[way])


def read(d: QuestionDraft, table: Handle, column: str, row: int = 1) -> Handle:
    """Read a cell of an aggregated table."""
    return d.call("get_value", table=table, row_position=row, column=column)


_ENDS = (("desc", "highest"), ("asc", "lowest"))


def best_label(d: QuestionDraft) -> AskedQuestion:
    """Which label has the highest or lowest measure."""
    column, label = d.floats(), d.label()
    op, (way, word) = d.rng.choice(["mean", "sum", "median"]), d.rng.choice(_ENDS)
    read(d, ranked(d, d.events, [label.name], way, op, column.name), label.name)
    measure = f"{word} {_WORDS[op]} {d.phrase(column)}"
    return AskedQuestion(
        f"Which {label.description} has the {measure} over all {d.noun}?", "string"
    )


def best_label_where(d: QuestionDraft) -> AskedQuestion:
    """The same under a condition."""
    column, label = d.floats(), d.label()
    table, text = d.condition(d.events, column.name, label.name)
    op, (way, word) = d.rng.choice(["mean", "sum"]), d.rng.choice(_ENDS)
    read(d, ranked(d, table, [label.name], way, op, column.name), label.name)
    measure = f"{word} {_WORDS[op]} {d.phrase(column)}"
    return AskedQuestion(
        f"Among {d.noun} {text}, which {label.description} has the {measure}?", "string"
    )


def second_best(d: QuestionDraft) -> AskedQuestion:
    """The measure of the label in second place."""
    column, label = d.floats(), d.label()
    way, word = d.rng.choice(_ENDS)
    read(d, ranked(d, d.events, [label.name], way, "mean", column.name), "measure", 2)
    measure = f"second {word} mean {d.phrase(column)}"
    asked = f"What is the {measure} that any {label.description} has over all {d.noun}?"
    return AskedQuestion(asked, "float")


def product_where(d: QuestionDraft) -> AskedQuestion:
    """A total of the product of two columns under a condition."""
    one = d.number()
    other = d.number(one.name)
    made = d.call("derive_arithmetic", table=d.events, new_column="product", op="mul",
                  a=one.name, b=other.name)  # fmt: skip
    table, text = d.condition(made, one.name, other.name, kinds=("label", "flag", "labels", "day"))
    op = d.rng.choice(["mean", "sum"])
    d.call("aggregate_column", table=table, column="product", op=op)
    words = f"{_WORDS[op]} of {d.phrase(one)} times {d.phrase(other)}"
    kind: Any = "integer" if op == "sum" and {one.type, other.type} == {"int"} else "float"
    return AskedQuestion(f"What is the {words} over {d.noun} {text}?", kind)


_PARTS = {"year": "year", "quarter": "quarter", "month": "month", "weekday": "weekday (Monday = 1)"}


def part_of_date(d: QuestionDraft) -> AskedQuestion:
    """A measure of the rows of a part of the date."""
    day, column = d.column("date", "datetime"), d.floats()
    part = d.rng.choice(sorted(_PARTS))
    made = d.call("derive_date_part", table=d.events, new_column="part", column=day.name, part=part)
    values = {"year": (2022, 2024), "quarter": (1, 4), "month": (1, 12), "weekday": (1, 7)}[part]
    value = d.rng.randint(*values)
    table = d.filter(made, "part", "eq", value)
    op = d.rng.choice(["mean", "sum"])
    d.call("aggregate_column", table=table, column=column.name, op=op)
    when = f"whose {day.description} is in {_PARTS[part]} {value}"
    return AskedQuestion(
        f"What is the {_WORDS[op]} {d.phrase(column)} of {d.noun} {when}?", "float"
    )


def joined_measure(d: QuestionDraft) -> AskedQuestion:
    """A measure of the rows whose joined row fits a condition."""
    column = d.floats()
    table, other = d.joined()
    kept, text = d.condition(table, source=other, kinds=("label", "number", "labels"))
    op = d.rng.choice(["mean", "sum", "median"])
    d.call("aggregate_column", table=kept, column=column.name, op=op)
    return AskedQuestion(
        f"What is the {_WORDS[op]} {d.phrase(column)} of {d.noun} {text}?", "float"
    )


def joined_groups(d: QuestionDraft) -> AskedQuestion:
    """The best label of a joined table."""
    column = d.floats()
    table, other = d.joined()
    label = d.label(table=other)
    op, (way, word) = d.rng.choice(["mean", "sum"]), d.rng.choice(_ENDS)
    read(d, ranked(d, table, [label.name], way, op, column.name), label.name)
    measure = f"{word} {_WORDS[op]} {d.phrase(column)} of {d.noun}"
    return AskedQuestion(f"Which {label.description} has the {measure}?", "string")


def groups_above(d: QuestionDraft) -> AskedQuestion:
    """How many groups of two labels have a measure above a constant."""
    column, one = d.floats(), d.label()
    other = d.label(one.name)
    made = [{"name": "measure", "op": "mean", "column": column.name}]
    keys = [one.name, other.name]
    grouped = d.call("group_aggregate", table=d.events, keys=keys, aggregates=made)
    bound = d.quantile(column, 0.45, 0.55)
    d.call("count_rows", table=d.filter(grouped, "measure", "gt", bound))
    words = f"combinations of {one.description} and {other.description}"
    asked = f"How many {words} have a mean {d.phrase(column)} above {bound} over all {d.noun}?"
    return AskedQuestion(asked, "integer")


def share_where(d: QuestionDraft) -> AskedQuestion:
    """Which fraction of rows fits a condition."""
    table, text = d.condition(d.events)
    part = d.call("count_rows", table=table)
    whole = d.call("count_rows", table=d.events)
    d.call("scalar_arithmetic", op="ratio", a=part, b=whole)
    return AskedQuestion(f"Which fraction (0 to 1) of all {d.noun} are {d.noun} {text}?", "float")


def top_rows(d: QuestionDraft) -> AskedQuestion:
    """A measure of the first rows by another column."""
    by = d.floats()
    column = d.number(by.name)
    n, (way, word) = d.rng.randint(5, 40), d.rng.choice(_ENDS)
    ordered = d.call("sort_rows", table=d.events, keys=[by.name], directions=[way])
    op = d.rng.choice(["mean", "median"])
    table = d.call("take_rows", table=ordered, n=n)
    d.call("aggregate_column", table=table, column=column.name, op=op)
    words = f"{_WORDS[op]} {d.phrase(column)} of the {n} {d.noun}"
    return AskedQuestion(f"What is the {words} with the {word} {d.phrase(by)}?", "float")


def days_between(d: QuestionDraft) -> AskedQuestion:
    """A mean of the time between two dates under a condition."""
    days = [c for c in d.schema(d.events).columns if c.type in ("date", "datetime")]
    if len(days) < 2:
        raise NoFit
    one, other = days[:2]
    d.used |= {(d.events, one.name), (d.events, other.name)}
    unit = d.rng.choice(["days", "weeks", "months"])
    made = d.call("derive_date_diff", table=d.events, new_column="gap", a=one.name, b=other.name,
                  unit=unit)  # fmt: skip
    table, text = d.condition(made, kinds=("label", "number", "flag"))
    d.call("aggregate_column", table=table, column="gap", op="mean")
    words = f"mean number of whole {unit} from {one.description} to {other.description}"
    return AskedQuestion(f"What is the {words} of {d.noun} {text}?", "float")


def binned(d: QuestionDraft) -> AskedQuestion:
    """A count of the rows in one of several intervals under a condition."""
    column = d.floats()
    values = sorted(d.cells(column.name))
    if len(values) < 20:
        raise NoFit
    edges = sorted({round(values[place * len(values) // 10], 1) for place in (1, 3, 5, 7, 9)})
    if len(edges) < 4:
        raise NoFit
    at = d.rng.randrange(len(edges) - 1)
    made = d.call("derive_bin", table=d.events, new_column="bin", column=column.name, edges=edges)
    table = d.filter(made, "bin", "eq", at)
    other = d.floats(column.name)
    d.call("aggregate_column", table=table, column=other.name, op="mean")
    words = f"with {d.phrase(column)} from {edges[at]} to below {edges[at + 1]}"
    return AskedQuestion(f"What is the mean {d.phrase(other)} of {d.noun} {words}?", "float")


def later_than(d: QuestionDraft) -> AskedQuestion:
    """A count of the rows where one column exceeds another, under a condition."""
    days = [c for c in d.schema(d.events).columns if c.type in ("date", "datetime")]
    if len(days) < 2:
        raise NoFit
    one, other = d.rng.sample(days[:2], 2)
    d.used |= {(d.events, one.name), (d.events, other.name)}
    kept = d.call("filter_by_column", table=d.events, left_column=one.name, op="gt",
                  right_column=other.name)  # fmt: skip
    table, text = d.condition(kept, kinds=("label", "number", "flag", "range"))
    d.call("count_rows", table=table)
    words = f"have {one.description} after {other.description}"
    return AskedQuestion(f"How many {d.noun} {text} {words}?", "integer")


def percent_above(d: QuestionDraft) -> AskedQuestion:
    """By how many percent a measure under a condition is above that of all."""
    column = d.floats()
    whole = d.call("aggregate_column", table=d.events, column=column.name, op="mean")
    table, text = d.condition(d.events, column.name, kinds=("label", "flag", "labels"))
    part = d.call("aggregate_column", table=table, column=column.name, op="mean")
    d.call("scalar_arithmetic", op="pct_change", a=whole, b=part)
    words = f"mean {d.phrase(column)} of {d.noun} {text}"
    asked = f"By how many percent is the {words} above that of all {d.noun} (negative if below)?"
    return AskedQuestion(asked, "float")


def combinations(d: QuestionDraft) -> AskedQuestion:
    """How many combinations of labels and numbers occur under a condition."""
    one, other = d.label(), d.column("int")
    table, text = d.condition(d.events, one.name, other.name)
    kept = d.call("distinct_rows", table=table, columns=[one.name, other.name])
    d.call("count_rows", table=kept)
    words = f"combinations of {one.description} and {other.description}"
    return AskedQuestion(f"How many different {words} occur among {d.noun} {text}?", "integer")


def which_is_larger(d: QuestionDraft) -> AskedQuestion:
    """Whether one column's measure exceeds another's under a condition."""
    one = d.floats()
    other = d.floats(one.name)
    table, text = d.condition(d.events, one.name, other.name)
    a = d.call("aggregate_column", table=table, column=one.name, op="median")
    b = d.call("aggregate_column", table=table, column=other.name, op="mean")
    d.call("compare_scalars", op="gt", a=a, b=b)
    words = f"the median {d.phrase(one)} a larger number than the mean {d.phrase(other)}"
    return AskedQuestion(f"Among {d.noun} {text}, is {words}?", "boolean")


def never_met(d: QuestionDraft) -> AskedQuestion:
    """How many rows of another table no row under a condition points to."""
    other, left, right = d.other_table()
    first, label = d.condition(d.events, kinds=("label",))
    table, text = d.condition(first, kinds=("range", "number"))
    on = [{"left": right, "right": left}]
    d.call("count_rows", table=d.call("join_tables", left=other, right=table, on=on, kind="anti"))
    noun = d.drawn.wording.nouns[other]
    return AskedQuestion(f"How many {noun} have no {d.noun} {label} and {text}?", "integer")


def pivoted(d: QuestionDraft) -> AskedQuestion:
    """Where the difference between two labels' measures is largest."""
    column, label = d.floats(), d.label()
    by = d.label(label.name)
    one, other = d.rng.sample(label.values, 2)
    table = d.call("pivot_table", table=d.events, index=[by.name], columns=label.name,
                   values=column.name, op="mean")  # fmt: skip
    made = d.call("derive_arithmetic", table=table, new_column="gap", op="sub", a=one, b=other)
    way, word = d.rng.choice(_ENDS)
    ordered = d.call("sort_rows", table=made, keys=["gap"], directions=[way])
    read(d, ordered, by.name)
    words = f"mean {d.phrase(column)} where {label.description} is {one} minus that where it is"
    return AskedQuestion(f"For which {by.description} is the {words} {other} {word}?", "string")


MEDIUM = (
    best_label, best_label_where, second_best, product_where, part_of_date, joined_measure,
    joined_groups, groups_above, share_where, top_rows, days_between, binned, later_than,
    percent_above, combinations, which_is_larger, never_met, pivoted,
)  # fmt: skip
