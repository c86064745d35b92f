"""What a call returns, by the schemas of what it refers to; every fault a model can make is here.

Nothing looks at a row. So an error says the same whatever the data are, and an executor can take
for granted that names exist and types fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmx.papers.indata import arguments as a
from llmx.papers.indata.literals import comparable, literal, type_of
from llmx.papers.indata.program import Program
from llmx.papers.indata.schema import (
    NUMBERS,
    TEXTS,
    TIMES,
    CallError,
    Catalogue,
    ColumnType,
    DataColumn,
    NoteSchema,
    ScalarSchema,
    Schema,
    TableSchema,
    opened,
)


class CallChecker:
    """Types calls: ``known`` holds the schemas of earlier results by their handles."""

    def __init__(self, catalogue: Catalogue, known: Mapping[str, Schema]) -> None:
        self.catalogue = catalogue
        self.known = known

    def table(self, given: Any, path: str = "table") -> TableSchema:
        """Return the schema of a table argument.

        Raises:
            CallError: if it is none.
        """
        if isinstance(given, a.Handle):
            table: TableSchema = self._held(given, TableSchema, path)
            return table
        return opened(self.catalogue.table(given))

    def scalar(self, given: Any, path: str) -> ScalarSchema:
        """Return the schema of a value.

        Raises:
            CallError: if it is none.
        """
        if isinstance(given, a.Handle):
            scalar: ScalarSchema = self._held(given, ScalarSchema, path)
            return scalar
        return ScalarSchema(type_of(given))

    def _held(self, given: a.Handle, kind: type[Any], path: str) -> Any:
        found = self.known.get(given.handle)
        if found is None:
            raise CallError("stale_handle", path, "no result of this episode has that handle")
        if not isinstance(found, kind):
            wanted = "table" if kind is TableSchema else "value"
            raise CallError("ill_typed", path, f"that handle is of no {wanted}")
        return found

    def result(self, call: a.ToolArguments, name: str) -> Schema:
        """Return the schema of what a call returns.

        Args:
            name: of the result, new in this episode.

        Raises:
            CallError: for whatever the model did wrong.
        """
        return _RULES[call.tool](self, call, name)


def schemas(program: Program, catalogue: Catalogue) -> dict[str, Schema]:
    """Return the schema of each step of a program.

    Raises:
        CallError: if a step does not fit.
    """
    known: dict[str, Schema] = {}
    checker = CallChecker(catalogue, known)
    for step in program.steps:
        known[step.name] = checker.result(step.arguments, step.name)
    return known


def _need(column: DataColumn, types: Sequence[ColumnType], path: str) -> DataColumn:
    if column.type not in types:
        message = f"'{column.name}' is of type {column.type}; this needs {' or '.join(types)}"
        raise CallError("ill_typed", path, message)
    return column


def _exactly_equal(column: DataColumn, path: str) -> DataColumn:
    return _need(column, ("int", "string", "bool", "date", "datetime", "category"), path)


def _with(table: TableSchema, column: DataColumn) -> TableSchema:
    if column.name in table.names:
        raise CallError("name_taken", "new_column", f"there is a column '{column.name}' already")
    columns = (*table.columns, column)
    return replace(table, columns=columns)


def _distinct(names: Sequence[str], path: str) -> None:
    if len(set(names)) < len(names):
        raise CallError("name_taken", path, "a name is there twice")


def _note(on: CallChecker, call: Any, name: str) -> Schema:
    if call.tool == "describe_table":
        on.table(call.table)
    return NoteSchema()


def _submit(on: CallChecker, call: a.SubmitAnswer, name: str) -> Schema:
    if isinstance(call.value, a.Handle):
        held = on.known.get(call.value.handle)
        if not isinstance(held, TableSchema | ScalarSchema):
            raise CallError("stale_handle", "value", "no result of this episode has that handle")
        if isinstance(held, TableSchema) and len(held.columns) > 2:
            message = "a table as an answer has one column (list, set) or two (mapping)"
            raise CallError("ill_typed", "value", message)
    return NoteSchema()


def _select(on: CallChecker, call: a.SelectColumns, name: str) -> Schema:
    table = on.table(call.table)
    _distinct(call.columns, "columns")
    columns = tuple(table.column(one, "columns") for one in call.columns)
    return replace(table, columns=columns)


_ORDER_OPS = ("lt", "le", "gt", "ge", "between")


def _filter(on: CallChecker, call: a.FilterRows, name: str) -> Schema:
    table = on.table(call.table)
    column = table.column(call.column)
    if call.op in _ORDER_OPS:
        _need(column, (*NUMBERS, *TIMES), "op")
    if call.op in ("contains", "starts_with"):
        _need(column, TEXTS, "op")
    filter_values(on, call, column)
    return table


def filter_values(on: CallChecker, call: a.FilterRows, column: DataColumn) -> tuple[Any, ...]:
    """Return the values that a filter compares with: literals of the column's type, or a handle.

    Raises:
        CallError: if their number or type does not fit.
    """
    many = call.op in ("in", "not_in", "between")
    if call.op in ("is_null", "not_null"):
        if call.value is not None:
            raise CallError("ill_typed", "value", f"{call.op} takes no value")
        return ()
    if many != isinstance(call.value, tuple) or call.value is None:
        message = f"{call.op} takes {'a list' if many else 'one value'}"
        raise CallError("ill_typed", "value", message)
    if isinstance(call.value, a.Handle):
        held = on.scalar(call.value, "value")
        if not comparable(held.type, column.type):
            message = f"'{column.name}' is of type {column.type}, the value of type {held.type}"
            raise CallError("ill_typed", "value", message)
        return (call.value,)
    given = call.value if isinstance(call.value, tuple) else (call.value,)
    if call.op == "between" and len(given) != 2:
        raise CallError("ill_typed", "value", "between takes two values")
    if call.op in ("contains", "starts_with"):
        column = column.model_copy(update={"values": ()})
    return tuple(literal(one, column) for one in given)


def _filter_by_column(on: CallChecker, call: a.FilterByColumn, name: str) -> Schema:
    table = on.table(call.table)
    left = table.column(call.left_column, "left_column")
    right = table.column(call.right_column, "right_column")
    if not comparable(left.type, right.type):
        message = f"{left.type} and {right.type} do not compare"
        raise CallError("ill_typed", "right_column", message)
    if call.op in _ORDER_OPS:
        _need(left, (*NUMBERS, *TIMES), "op")
    return table


def _combine(on: CallChecker, call: a.CombineRows, name: str) -> Schema:
    left, right = on.table(call.left, "left"), on.table(call.right, "right")
    if left.base != right.base:
        message = "these are not subsets of the rows of one table"
        raise CallError("other_base", "right", message)
    if left.columns != right.columns:
        raise CallError("other_base", "right", "both need the same columns")
    return replace(left, ordered=False, aggregated=left.aggregated and right.aggregated)


def _sort(on: CallChecker, call: a.SortRows, name: str) -> Schema:
    table = on.table(call.table)
    _distinct(call.keys, "keys")
    for key in call.keys:
        table.column(key, "keys")
    return replace(table, ordered=True)


def _take(on: CallChecker, call: a.TakeRows, name: str) -> Schema:
    table = on.table(call.table)
    if not table.ordered:
        raise CallError("not_sorted", "table", "sort the table first")
    return table


def _distinct_rows(on: CallChecker, call: a.DistinctRows, name: str) -> Schema:
    table = on.table(call.table)
    _distinct(call.columns, "columns")
    found = [_exactly_equal(table.column(one, "columns"), "columns") for one in call.columns]
    return TableSchema(tuple(found), name, False, table.aggregated)


def _join(on: CallChecker, call: a.JoinTables, name: str) -> Schema:
    left, right = on.table(call.left, "left"), on.table(call.right, "right")
    for key in call.on:
        one = _exactly_equal(left.column(key.left, "on"), "on")
        other = _exactly_equal(right.column(key.right, "on"), "on")
        if not comparable(one.type, other.type):
            raise CallError("ill_typed", "on", f"{one.type} and {other.type} do not compare")
    _distinct([key.left for key in call.on], "on")
    _distinct([key.right for key in call.on], "on")
    if call.kind in ("semi", "anti"):
        return left
    columns = list(left.columns)
    taken = set(left.names)
    for column, shown in joined(left, right, call):
        if shown in taken:
            raise CallError("name_taken", "right", f"there is a column '{shown}' already")
        taken.add(shown)
        nullable = column.nullable or call.kind == "left"
        columns.append(column.model_copy(update={"name": shown, "nullable": nullable}))
    aggregated = left.aggregated and right.aggregated
    return TableSchema(tuple(columns), name, False, aggregated, left.source)


def joined(
    left: TableSchema, right: TableSchema, call: a.JoinTables
) -> list[tuple[DataColumn, str]]:
    """Return the columns that come from the right table, each with its name in the result."""
    keys = {key.right for key in call.on}
    kept = [column for column in right.columns if column.name not in keys]
    suffixed = {True: "_right", False: ""}
    return [(one, one.name + suffixed[one.name in left.names]) for one in kept]


def _operand(on: CallChecker, table: TableSchema, given: Any, path: str) -> DataColumn:
    if isinstance(given, str):
        return _need(table.column(given, path), NUMBERS, path)
    held = on.scalar(given, path)
    return _need(DataColumn(name="value", type=held.type, exact=held.exact), NUMBERS, path)


def _arithmetic(on: CallChecker, call: a.DeriveArithmetic, name: str) -> Schema:
    table = on.table(call.table)
    given = [(call.a, "a")] if call.b is None else [(call.a, "a"), (call.b, "b")]
    operands = [_operand(on, table, one, path) for one, path in given]
    return _with(table, _computed(call.new_column, call.op, operands))


def _computed(name: str, op: str, operands: Sequence[DataColumn]) -> DataColumn:
    """Return the column of a computation; floats stay exact only where nothing is computed."""
    whole = all(one.type == "int" for one in operands) and op != "div"
    exact = whole or (op in ("abs", "neg", "min", "max") and all(one.exact for one in operands))
    return DataColumn(name=name, type="int" if whole else "float", nullable=True, exact=exact)


def _date_part(on: CallChecker, call: a.DeriveDatePart, name: str) -> Schema:
    table = on.table(call.table)
    _need(table.column(call.column), ("datetime",) if call.part == "hour" else TIMES, "column")
    return _with(table, DataColumn(name=call.new_column, type="int", nullable=True))


def _date_diff(on: CallChecker, call: a.DeriveDateDiff, name: str) -> Schema:
    table = on.table(call.table)
    types = ("datetime",) if call.unit in ("minutes", "hours") else TIMES
    one = _need(table.column(call.a, "a"), types, "a")
    _need(table.column(call.b, "b"), (one.type,), "b")
    return _with(table, DataColumn(name=call.new_column, type="int", nullable=True))


def _bin(on: CallChecker, call: a.DeriveBin, name: str) -> Schema:
    table = on.table(call.table)
    _need(table.column(call.column), NUMBERS, "column")
    return _with(table, DataColumn(name=call.new_column, type="int", nullable=True))


def _partitioned(table: TableSchema, keys: Sequence[str], order: Sequence[str] = ()) -> None:
    _distinct(keys, "partition_by")
    for key in keys:
        _exactly_equal(table.column(key, "partition_by"), "partition_by")
    _distinct(order, "order_by")
    for key in order:
        table.column(key, "order_by")


def _rank(on: CallChecker, call: a.DeriveRank, name: str) -> Schema:
    table = on.table(call.table)
    _need(table.column(call.column), (*NUMBERS, *TIMES), "column")
    _partitioned(table, call.partition_by)
    return _with(table, DataColumn(name=call.new_column, type="int", nullable=True))


def _cumulative(on: CallChecker, call: a.DeriveCumulative, name: str) -> Schema:
    table = on.table(call.table)
    column = table.column(call.column)
    if call.op != "count":
        _need(column, NUMBERS, "column")
    _partitioned(table, call.partition_by, call.order_by)
    return _with(table, _aggregated(call.new_column, call.op, column))


def _shift(on: CallChecker, call: a.DeriveShift, name: str) -> Schema:
    table = on.table(call.table)
    column = table.column(call.column)
    _partitioned(table, call.partition_by, call.order_by)
    return _with(table, column.model_copy(update={"name": call.new_column, "nullable": True}))


_OF_TIMES = ("min", "max")


def _aggregable(column: DataColumn, op: str, path: str) -> DataColumn:
    if op == "count":
        return column
    if op == "count_distinct":
        return _exactly_equal(column, path)
    return _need(column, (*NUMBERS, *TIMES) if op in _OF_TIMES else NUMBERS, path)


def _aggregated(name: str, op: str, column: DataColumn | None) -> DataColumn:
    """Return the column that an aggregate makes."""
    if op in ("count", "count_distinct") or column is None:
        return DataColumn(name=name, type="int")
    if op in ("min", "max"):
        return column.model_copy(update={"name": name, "nullable": True, "description": ""})
    whole = op == "sum" and column.type == "int"
    kind: ColumnType = "int" if whole else "float"
    return DataColumn(name=name, type=kind, unit=column.unit, nullable=True, exact=whole)


def _group(on: CallChecker, call: a.GroupAggregate, name: str) -> Schema:
    table = on.table(call.table)
    keys = [_exactly_equal(table.column(one, "keys"), "keys") for one in call.keys]
    made = []
    for one in call.aggregates:
        column = None if one.column is None else table.column(one.column, "aggregates")
        if column is not None:
            _aggregable(column, one.op, "aggregates")
        made.append(_aggregated(one.name, one.op, column))
    columns = (*keys, *made)
    _distinct([one.name for one in columns], "aggregates")
    return TableSchema(columns, name, False, True)


def _aggregate_column(on: CallChecker, call: a.AggregateColumn, name: str) -> Schema:
    column = on.table(call.table).column(call.column)
    found = _aggregated(call.column, call.op, _aggregable(column, call.op, "column"))
    return ScalarSchema(found.type, found.exact)


def _count(on: CallChecker, call: a.CountRows, name: str) -> Schema:
    on.table(call.table)
    return ScalarSchema("int")


def _pivot(on: CallChecker, call: a.PivotTable, name: str) -> Schema:
    table = on.table(call.table)
    index = [_exactly_equal(table.column(one, "index"), "index") for one in call.index]
    labels = _need(table.column(call.columns, "columns"), ("category",), "columns")
    values = _aggregable(table.column(call.values, "values"), call.op, "values")
    made = [_aggregated(one, call.op, values) for one in labels.values]
    columns = (*index, *made)
    _distinct([one.name for one in columns], "columns")
    return TableSchema(columns, name, False, True)


def _correlate(on: CallChecker, call: a.Correlate, name: str) -> Schema:
    table = on.table(call.table)
    for one, path in ((call.x, "x"), (call.y, "y")):
        _need(table.column(one, path), NUMBERS, path)
    return ScalarSchema("float", exact=False)


def _get(on: CallChecker, call: a.GetValue, name: str) -> Schema:
    table = on.table(call.table)
    column = table.column(call.column)
    if not table.aggregated:
        message = "cells are read of tables that come from an aggregation"
        raise CallError("not_aggregated", "table", message)
    return ScalarSchema(column.type, column.exact, column.values)


def _scalar_arithmetic(on: CallChecker, call: a.ScalarArithmetic, name: str) -> Schema:
    table = TableSchema((), name)
    alone = call.b is None or call.op == "round"
    given = [(call.a, "a")] if alone else [(call.a, "a"), (call.b, "b")]
    operands = [_operand(on, table, one, path) for one, path in given]
    op = "div" if call.op in ("pct_change", "ratio") else call.op
    found = _computed("value", op, operands)
    return ScalarSchema(found.type, found.exact)


def _compare(on: CallChecker, call: a.CompareScalars, name: str) -> Schema:
    one, other = on.scalar(call.a, "a"), on.scalar(call.b, "b")
    if not comparable(one.type, other.type):
        raise CallError("ill_typed", "b", f"{one.type} and {other.type} do not compare")
    if call.op in _ORDER_OPS and one.type not in (*NUMBERS, *TIMES):
        raise CallError("ill_typed", "op", f"values of type {one.type} have no order here")
    return ScalarSchema("bool")


_RULES: dict[str, Callable[[CallChecker, Any, str], Schema]] = {
    "list_tables": _note,
    "describe_table": _note,
    "select_columns": _select,
    "filter_rows": _filter,
    "filter_by_column": _filter_by_column,
    "combine_rows": _combine,
    "sort_rows": _sort,
    "take_rows": _take,
    "distinct_rows": _distinct_rows,
    "join_tables": _join,
    "derive_arithmetic": _arithmetic,
    "derive_date_part": _date_part,
    "derive_date_diff": _date_diff,
    "derive_bin": _bin,
    "derive_rank": _rank,
    "derive_cumulative": _cumulative,
    "derive_shift": _shift,
    "group_aggregate": _group,
    "aggregate_column": _aggregate_column,
    "count_rows": _count,
    "pivot_table": _pivot,
    "correlate": _correlate,
    "get_value": _get,
    "scalar_arithmetic": _scalar_arithmetic,
    "compare_scalars": _compare,
    "submit_answer": _submit,
}
