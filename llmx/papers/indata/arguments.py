"""The 26 tools: one pydantic model each, from which schema, documents and checks follow.

A plain string names a table of the catalogue or a column; what an earlier call returned is
``{"handle": …}``. So a reference is never confused with a text that looks like one. No tool takes
an expression, a regular expression or code.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    StringConstraints,
    model_validator,
)

from llmx.core.record import Frozen
from llmx.papers.indata.schema import Name
from llmx.tools.tool import Tool, ToolResult


class Handle(Frozen):
    """A result of an earlier call."""

    handle: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]

    @model_validator(mode="before")
    @classmethod
    def _of_a_plan(cls, given: Any) -> Any:
        """Take ``{"ref": …}``, by which a step of a whole plan refers to an earlier one."""
        if isinstance(given, dict) and given.keys() == {"ref"}:
            return {"handle": given["ref"]}
        return given


_Whole = Annotated[StrictInt, Field(ge=-(2**53) + 1, le=2**53 - 1)]


def _no_whole(given: Any) -> Any:
    """Keep whole numbers out of floats: one that is too large would lose its digits there."""
    if type(given) is int:
        raise ValueError("is a whole number not below 2^53")
    return given


_Float = Annotated[
    StrictFloat, BeforeValidator(_no_whole), Field(ge=-1e300, le=1e300, allow_inf_nan=False)
]
_Text = Annotated[StrictStr, StringConstraints(max_length=200)]
Number = _Whole | _Float
Literals = StrictBool | _Whole | _Float | _Text
_Listed = Annotated[tuple[Literals, ...], Field(min_length=1, max_length=50)]
TableArg = Name | Handle
NumberArg = Number | Handle
ScalarArg = Literals | Handle
ColumnNames = Annotated[tuple[Name, ...], Field(min_length=1, max_length=16)]
Partition = Annotated[tuple[Name, ...], Field(max_length=8)]
Quantile = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Comparison = Literal["eq", "ne", "lt", "le", "gt", "ge"]
FilterOp = Literal[
    "eq", "ne", "lt", "le", "gt", "ge",
    "in", "not_in", "between", "is_null", "not_null", "contains", "starts_with",
]  # fmt: skip
AggregateOp = Literal[
    "count", "count_distinct", "sum", "mean", "median", "min", "max",
    "std", "var", "share_of_total", "quantile",
]  # fmt: skip
ColumnOp = Literal[
    "count", "count_distinct", "sum", "mean", "median", "min", "max", "std", "var", "quantile"
]
ArithmeticOp = Literal["add", "sub", "mul", "div", "floordiv", "mod", "abs", "neg", "min", "max"]
ScalarOp = Literal["add", "sub", "mul", "div", "pct_change", "ratio", "round", "abs", "min", "max"]
DatePart = Literal["year", "quarter", "month", "day", "weekday", "hour"]
Unit = Literal["minutes", "hours", "days", "weeks", "months", "years"]
AnswerType = Literal[
    "integer", "float", "boolean", "string", "date", "list", "set", "mapping",
    "cannot_be_determined",
]  # fmt: skip


class ToolArguments(Tool):
    """Base of all; the docstring is what the tool does, and is shown to a model.

    A list is taken for a tuple; numbers and texts are what they are (`StrictInt`, `StrictStr`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)
    tool: ClassVar[str]

    def run(self, world: Any) -> ToolResult:
        """Make the call in a session of the analysis."""
        made: ToolResult = world.run(self)
        return made


class ListTables(ToolArguments):
    """Name the tables and what each is about."""

    tool = "list_tables"


class DescribeTable(ToolArguments):
    """Describe the columns of a table: name, type, unit, whether values may be missing."""

    tool = "describe_table"
    table: TableArg


class SelectColumns(ToolArguments):
    """Keep some columns of a table, in the order given."""

    tool = "select_columns"
    table: TableArg
    columns: ColumnNames


class FilterRows(ToolArguments):
    """Keep the rows whose value compares as asked. A comparison with a missing value is false.

    `between` has both ends, `contains` and `starts_with` are of plain text, case counts.
    """

    tool = "filter_rows"
    table: TableArg
    column: Name
    op: FilterOp
    value: ScalarArg | _Listed | None = None


class FilterByColumn(ToolArguments):
    """Keep the rows where two columns compare as asked; with a missing value they do not."""

    tool = "filter_by_column"
    table: TableArg
    left_column: Name
    op: Comparison
    right_column: Name


class CombineRows(ToolArguments):
    """Combine two subsets of the rows of one table, by row identity; order is the table's."""

    tool = "combine_rows"
    left: TableArg
    right: TableArg
    mode: Literal["union", "intersection", "difference"]


class SortRows(ToolArguments):
    """Sort rows, stably; missing values come last, ties keep the order they had."""

    tool = "sort_rows"
    table: TableArg
    keys: ColumnNames
    directions: Annotated[tuple[Literal["asc", "desc"], ...], Field(min_length=1, max_length=16)]

    @model_validator(mode="after")
    def _one_each(self) -> SortRows:
        if len(self.keys) != len(self.directions):
            raise ValueError("directions need one entry for each of keys")
        return self


class TakeRows(ToolArguments):
    """Keep the first or last n rows of a sorted table."""

    tool = "take_rows"
    table: TableArg
    n: Annotated[StrictInt, Field(ge=1, le=100_000)]
    end: Literal["first", "last"] = "first"


class DistinctRows(ToolArguments):
    """Return the distinct combinations of some columns, sorted; not of float columns."""

    tool = "distinct_rows"
    table: TableArg
    columns: ColumnNames


class JoinKey(Frozen):
    """Columns that have to be equal."""

    left: Name
    right: Name


class JoinTables(ToolArguments):
    """Join on equal columns; missing values match nothing.

    Columns of the right table follow those of the left one, without its keys; a name that is
    taken gets the suffix `_right`. semi and anti keep rows of the left table with and without
    a match.
    """

    tool = "join_tables"
    left: TableArg
    right: TableArg
    on: Annotated[tuple[JoinKey, ...], Field(min_length=1, max_length=4)]
    kind: Literal["inner", "left", "semi", "anti"] = "inner"


class DeriveArithmetic(ToolArguments):
    """Add a column computed row by row; a text names a column, abs and neg take `a` alone.

    With a missing value the result is missing, and so it is for division by zero. div is exact
    division, floordiv rounds down (-7 floordiv 2 is -4), mod has the sign of b (-7 mod 2 is 1).
    What is no finite number, or no whole number below 2^53, is missing.
    """

    tool = "derive_arithmetic"
    table: TableArg
    new_column: Name
    op: ArithmeticOp
    a: Name | NumberArg
    b: Name | NumberArg | None = None

    @model_validator(mode="after")
    def _operands(self) -> DeriveArithmetic:
        if (self.b is None) != (self.op in ("abs", "neg")):
            raise ValueError(f"{self.op} takes {'a alone' if self.b is not None else 'a and b'}")
        return self


class DeriveDatePart(ToolArguments):
    """Add a part of a date: weekday is 1 on Monday; hour needs a datetime."""

    tool = "derive_date_part"
    table: TableArg
    new_column: Name
    column: Name
    part: DatePart


class DeriveDateDiff(ToolArguments):
    """Add b - a in whole units, cut toward zero.

    A month is whole when the day of the month is reached again, a year is 12 of them.
    """

    tool = "derive_date_diff"
    table: TableArg
    new_column: Name
    a: Name
    b: Name
    unit: Unit


class DeriveBin(ToolArguments):
    """Add the number of the half-open interval [edge, next edge) that holds a value, from 0.

    Outside of all intervals it is missing.
    """

    tool = "derive_bin"
    table: TableArg
    new_column: Name
    column: Name
    edges: Annotated[tuple[Number, ...], Field(min_length=2, max_length=50)]

    @model_validator(mode="after")
    def _rising(self) -> DeriveBin:
        if any(one >= other for one, other in zip(self.edges, self.edges[1:], strict=False)):
            raise ValueError("edges have to rise")
        return self


class DeriveRank(ToolArguments):
    """Add the rank of a value, from 1, within each partition; a missing value has none.

    dense leaves no gaps behind ties, min does, ordinal parts ties by the order of rows.
    """

    tool = "derive_rank"
    table: TableArg
    new_column: Name
    column: Name
    partition_by: Partition = ()
    method: Literal["dense", "min", "ordinal"] = "min"
    direction: Literal["asc", "desc"] = "asc"


class DeriveCumulative(ToolArguments):
    """Add a running value, in the order of a column (ties by the order of rows).

    Missing values are passed over: the running value stays as it was, and is missing before the
    first one (count is 0).
    """

    tool = "derive_cumulative"
    table: TableArg
    new_column: Name
    column: Name
    op: Literal["sum", "count", "mean", "max", "min"]
    order_by: ColumnNames
    partition_by: Partition = ()


class DeriveShift(ToolArguments):
    """Add the value of the row `periods` before (negative: after), in the order of a column."""

    tool = "derive_shift"
    table: TableArg
    new_column: Name
    column: Name
    periods: Annotated[StrictInt, Field(ge=-1000, le=1000)]
    order_by: ColumnNames
    partition_by: Partition = ()


class Aggregate(Frozen):
    """One aggregate of a group; count without a column counts rows."""

    name: Name
    op: AggregateOp
    column: Name | None = None
    q: Quantile | None = None

    @model_validator(mode="after")
    def _complete(self) -> Aggregate:
        found: Aggregate = _with_quantile(self)
        return found

    @model_validator(mode="after")
    def _of_a_column(self) -> Aggregate:
        if self.column is None and self.op != "count":
            raise ValueError(f"{self.op} needs a column")
        return self


def _with_quantile(held: Any) -> Any:
    if (held.q is None) == (held.op == "quantile"):
        raise ValueError("q goes with op quantile, and with no other")
    return held


class GroupAggregate(ToolArguments):
    """Aggregate by groups of equal keys, sorted by them; missing keys are a group of their own.

    Missing values are passed over. Over none of them count and sum are 0, all else is missing.
    std and var are of a sample (n - 1), quantiles are interpolated linearly, share_of_total is
    the sum of a group over the sum of all, a fraction.
    """

    tool = "group_aggregate"
    table: TableArg
    keys: ColumnNames
    aggregates: Annotated[tuple[Aggregate, ...], Field(min_length=1, max_length=8)]


class AggregateColumn(ToolArguments):
    """Aggregate a column to one value, by the conventions of group_aggregate."""

    tool = "aggregate_column"
    table: TableArg
    column: Name
    op: ColumnOp
    q: Quantile | None = None

    @model_validator(mode="after")
    def _complete(self) -> AggregateColumn:
        found: AggregateColumn = _with_quantile(self)
        return found


class CountRows(ToolArguments):
    """Count the rows of a table."""

    tool = "count_rows"
    table: TableArg


class PivotTable(ToolArguments):
    """Aggregate values by index, with a column for each allowed label of a category."""

    tool = "pivot_table"
    table: TableArg
    index: ColumnNames
    columns: Name
    values: Name
    op: Literal["count", "sum", "mean", "median", "min", "max"]


class Correlate(ToolArguments):
    """Correlate two columns over the rows that have both; missing where one does not vary."""

    tool = "correlate"
    table: TableArg
    x: Name
    y: Name
    method: Literal["pearson", "spearman"] = "pearson"


class GetValue(ToolArguments):
    """Read a cell of a table that came from an aggregation; rows count from 1."""

    tool = "get_value"
    table: TableArg
    row_position: Annotated[StrictInt, Field(ge=1, le=100_000)]
    column: Name


class ScalarArithmetic(ToolArguments):
    """Compute with two values: pct_change is 100 (b - a) / a, ratio is a / b.

    round is of `a` to `b` decimals, halves away from zero; abs takes `a` alone.
    """

    tool = "scalar_arithmetic"
    op: ScalarOp
    a: NumberArg
    b: NumberArg | None = None

    @model_validator(mode="after")
    def _operands(self) -> ScalarArithmetic:
        if (self.b is None) != (self.op == "abs"):
            raise ValueError(f"{self.op} takes {'a alone' if self.b is not None else 'a and b'}")
        if self.op == "round" and not (type(self.b) is int and 0 <= self.b <= 10):
            raise ValueError("round takes as b how many decimals, 0 to 10")
        return self


class CompareScalars(ToolArguments):
    """Compare two values; with a missing one the answer is false."""

    tool = "compare_scalars"
    op: Comparison
    a: ScalarArg
    b: ScalarArg


_Answer = Annotated[
    Handle
    | Literals
    | Annotated[tuple[Literals, ...], Field(max_length=500)]
    | Annotated[dict[_Text, Literals], Field(max_length=500)],
    Field(union_mode="left_to_right"),
]


class SubmitAnswer(ToolArguments):
    """End with the answer: a value, a list, a mapping, or a handle.

    A table with one column is a list or set, one with two is a mapping of the first to the
    second. What cannot be found out with these tools and tables is `cannot_be_determined`.
    """

    tool = "submit_answer"
    value: _Answer
    unit: Annotated[str, StringConstraints(max_length=40)] = ""


TOOLS: dict[str, type[ToolArguments]] = {
    model.tool: model
    for model in (
        ListTables, DescribeTable, SelectColumns, FilterRows, FilterByColumn, CombineRows,
        SortRows, TakeRows, DistinctRows, JoinTables, DeriveArithmetic, DeriveDatePart,
        DeriveDateDiff, DeriveBin, DeriveRank, DeriveCumulative, DeriveShift, GroupAggregate,
        AggregateColumn, CountRows, PivotTable, Correlate, GetValue, ScalarArithmetic,
        CompareScalars, SubmitAnswer,
    )
}  # fmt: skip
"""The 26 tools by name."""
