"""Polars: serves the tools. Rows stand in their order; a hidden column has their identity."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from math import floor, isfinite
from typing import TYPE_CHECKING, Any, ClassVar

from llmx.core.errors import ConfigError
from llmx.core.install import with_extra
from llmx.papers.indata import arguments as a
from llmx.papers.indata.check import filter_values, joined
from llmx.papers.indata.executors.executor import CallInputs, Executor, Row
from llmx.papers.indata.executors.expressions import (
    aggregate,
    arithmetic,
    compared,
    difference,
    predicate,
    running,
)
from llmx.papers.indata.executors.scalars import scalar
from llmx.papers.indata.literals import Value
from llmx.papers.indata.schema import (
    MOST_ROWS,
    CallError,
    ScalarSchema,
    TableSchema,
)
from llmx.papers.indata.world import DataWorld

if TYPE_CHECKING:
    from polars import DataFrame, Expr

    Inputs = CallInputs[DataFrame]

ID = "__id"
FROM = "__from"
"""Of a joined table: the row of its source that each row has."""
_PLACE = "__place"
NEAR = 1e-9
"""Relative distance below which two engines may part floats that they computed."""
FEW = 5


def need(package: str) -> None:
    """Refuse in one line where an engine of the tools is not there.

    Raises:
        ConfigError: with the command that installs it.
    """
    if find_spec(package) is None:
        raise ConfigError(f"data kind indata needs the package '{package}'", with_extra("indata"))


class PolarsExecutor(Executor["DataFrame"]):
    """Runs calls on frames.

    Attributes:
        doubts: filled where `watch` is set, for the generator: ``near`` where another engine might
            come to something else, ``tie`` where groups share a place, ``few`` where a value rests
            on few rows. Ties of rows are found by running a program on rows in reverse.
    """

    kind: ClassVar[str] = "polars"

    def __init__(self, world: DataWorld, *, watch: bool = False) -> None:
        need("polars")
        super().__init__(world)
        self.watch = watch
        self.doubts: set[str] = set()
        self._frames = {table.name: self._frame(table.name) for table in world.catalogue.tables}

    def _frame(self, name: str) -> DataFrame:
        import polars as pl

        kinds: dict[str, Any] = {
            "int": pl.Int64, "float": pl.Float64, "string": pl.String, "category": pl.String,
            "bool": pl.Boolean, "date": pl.Date, "datetime": pl.Datetime("us"),
        }  # fmt: skip
        cells = self.world.tables[name]
        columns = self.world.catalogue.table(name).columns
        series = [pl.Series(c.name, cells[c.name], kinds[c.type]) for c in columns]
        return pl.DataFrame(series).with_row_index(ID)

    def base(self, name: str) -> DataFrame:
        """Return a table of the catalogue."""
        return self._frames[name]

    def rows(self, table: DataFrame, schema: TableSchema) -> list[Row]:
        """Return the rows of a table in their order."""
        return table.select(schema.names).rows()

    def _doubt(self, reason: str, frame: DataFrame, condition: Expr) -> None:
        if self.watch and frame.select(condition.fill_null(False).any()).item():
            self.doubts.add(reason)

    def _near(self, frame: DataFrame, one: Expr, other: Any, exact: bool) -> None:
        """Note values that are computed and as good as equal to what they are compared with."""
        import polars as pl

        if self.watch and not exact:
            gap = (one - other).abs()
            self._doubt("near", frame, gap <= NEAR * pl.max_horizontal(one.abs(), pl.lit(1.0)))

    def select_columns(self, call: a.SelectColumns, on: Inputs, made: TableSchema) -> DataFrame:
        """Keep columns."""
        frame = on.table(call.table)
        hidden = [name for name in (ID, FROM) if name in frame.columns]
        return frame.select(*hidden, *call.columns)

    def filter_rows(self, call: a.FilterRows, on: Inputs, made: TableSchema) -> DataFrame:
        """Keep rows by a value."""
        import polars as pl

        frame, column = on.table(call.table), on.schema(call.table).column(call.column)
        given = filter_values(on.check, call, column)
        values = [on.scalar(value) for value in given]
        if None in values:
            return frame.clear()
        held = pl.col(call.column)
        types = [on.type(value) for value in given if isinstance(value, a.Handle)]
        if values and column.type in ("int", "float"):
            exact = column.exact and all(one.exact for one in types)
            for value in values:
                self._near(frame, held, value, exact)
        return frame.filter(predicate(held, call.op, values))

    def filter_by_column(self, call: a.FilterByColumn, on: Inputs, made: TableSchema) -> DataFrame:
        """Keep rows by another column."""
        import polars as pl

        frame = on.table(call.table)
        left, right = made.column(call.left_column), made.column(call.right_column)
        if left.type in ("int", "float"):
            other = pl.col(right.name)
            self._near(frame, pl.col(left.name), other, left.exact and right.exact)
        return frame.filter(compared(pl.col(left.name), call.op, pl.col(right.name)))

    def combine_rows(self, call: a.CombineRows, on: Inputs, made: TableSchema) -> DataFrame:
        """Combine two subsets of one table's rows."""
        import polars as pl

        left, right = on.table(call.left), on.table(call.right)
        right = right.select(left.columns)
        both = {"intersection": "semi", "difference": "anti"}
        if call.mode in both:
            found = left.join(right, on=ID, how=both[call.mode])  # type: ignore[arg-type]
        else:
            found = pl.concat([left, right.join(left, on=ID, how="anti")])
        return found.sort(ID)

    def sort_rows(self, call: a.SortRows, on: Inputs, made: TableSchema) -> DataFrame:
        """Sort."""
        import polars as pl

        down = [way == "desc" for way in call.directions]
        frame = on.table(call.table).sort(
            call.keys, descending=down, nulls_last=True, maintain_order=True
        )
        if self.watch:
            inexact = [n for n in call.keys if not made.column(n).exact]
            for name in inexact:
                self._near(frame, pl.col(name), pl.col(name).shift(1), False)
            if made.aggregated and self._repeats(frame, call.keys):
                self.doubts.add("tie")
        return frame

    def take_rows(self, call: a.TakeRows, on: Inputs, made: TableSchema) -> DataFrame:
        """Take from an end."""
        frame = on.table(call.table)
        return frame.head(call.n) if call.end == "first" else frame.tail(call.n)

    def distinct_rows(self, call: a.DistinctRows, on: Inputs, made: TableSchema) -> DataFrame:
        """Keep each combination once."""
        found = on.table(call.table).select(call.columns).unique()
        return found.sort(call.columns, nulls_last=True).with_row_index(ID)

    def join_tables(self, call: a.JoinTables, on: Inputs, made: TableSchema) -> DataFrame:
        """Join."""
        import polars as pl

        left, right = on.table(call.left), on.table(call.right)
        keys = [key.left for key in call.on]
        others = [key.right for key in call.on]
        if call.kind in ("semi", "anti"):
            return left.join(
                right, left_on=keys, right_on=others, how=call.kind, maintain_order="left"
            )
        self._small_enough(left, right, keys, others)
        names = {one.name: shown for one, shown in joined(*_schemas(on, call), call)}
        hidden = {other: f"__key{at}" for at, other in enumerate(others)}
        moved = right.select(*others, *names).rename({**names, **hidden})
        found = left.join(
            moved, left_on=keys, right_on=list(hidden.values()), how=call.kind,
            maintain_order="left_right",
        )  # fmt: skip
        source = pl.col(FROM if FROM in left.columns else ID).alias(FROM)
        return found.select(*made.names, source).with_row_index(ID)

    def _small_enough(
        self, left: DataFrame, right: DataFrame, keys: list[str], others: list[str]
    ) -> None:
        import polars as pl

        many = right.group_by(others).agg(pl.len().alias("__many"))
        found = left.join(many, left_on=keys, right_on=others, how="left").select("__many")
        if found.height and (found["__many"].fill_null(1).sum() or 0) > MOST_ROWS:
            raise CallError("too_large", "on", f"the result has more than {MOST_ROWS:,} rows")

    def derive_arithmetic(
        self, call: a.DeriveArithmetic, on: Inputs, made: TableSchema
    ) -> DataFrame:
        """Compute a column."""
        import polars as pl

        frame, column = on.table(call.table), made.column(call.new_column)
        kind: Any = pl.Int64 if column.type == "int" else pl.Float64
        schema = on.schema(call.table)
        given = [one for one in (call.a, call.b) if one is not None]
        operands = [
            pl.col(one).cast(kind) if isinstance(one, str) else pl.lit(on.scalar(one), kind)
            for one in given
        ]
        if self.watch:
            self._doubt_division(frame, call, [_exact(on, schema, one) for one in given], operands)
        return frame.with_columns(arithmetic(call.op, operands, column).alias(column.name))

    def _doubt_division(
        self, frame: DataFrame, call: a.DeriveArithmetic, exact: list[bool], operands: list[Expr]
    ) -> None:
        if call.op not in ("div", "floordiv", "mod") or all(exact):
            return
        one, other = operands
        if not exact[1]:
            self._doubt("near", frame, other.abs() <= NEAR)
        if call.op != "div":
            ratio = one / other
            self._doubt("near", frame, (ratio - ratio.round()).abs() <= NEAR * (1 + ratio.abs()))

    def derive_date_part(self, call: a.DeriveDatePart, on: Inputs, made: TableSchema) -> DataFrame:
        """Read a part of a date."""
        import polars as pl

        part = getattr(pl.col(call.column).dt, call.part)()
        return on.table(call.table).with_columns(part.cast(pl.Int64).alias(call.new_column))

    def derive_date_diff(self, call: a.DeriveDateDiff, on: Inputs, made: TableSchema) -> DataFrame:
        """Count whole units between two dates."""
        timed = made.column(call.a).type == "datetime"
        found = difference(call.a, call.b, call.unit, timed)
        return on.table(call.table).with_columns(found.alias(call.new_column))

    def derive_bin(self, call: a.DeriveBin, on: Inputs, made: TableSchema) -> DataFrame:
        """Number the interval of a value."""
        import polars as pl

        frame, held = on.table(call.table), pl.col(call.column)
        for edge in call.edges:
            self._near(frame, held, edge, made.column(call.column).exact)
        index = pl.sum_horizontal([(held >= edge).cast(pl.Int64) for edge in call.edges]) - 1
        inside = (held >= call.edges[0]) & (held < call.edges[-1])
        return frame.with_columns(pl.when(inside).then(index).alias(call.new_column))

    def derive_rank(self, call: a.DeriveRank, on: Inputs, made: TableSchema) -> DataFrame:
        """Rank within partitions."""
        import polars as pl

        frame = on.table(call.table)
        rank = pl.col(call.column).rank(call.method, descending=call.direction == "desc")
        if self.watch and not made.column(call.column).exact:
            ordered = frame.sort(call.column)
            self._near(ordered, pl.col(call.column), pl.col(call.column).shift(1), False)
        rank = rank.over(call.partition_by) if call.partition_by else rank
        return frame.with_columns(rank.cast(pl.Int64).alias(call.new_column))

    def _repeats(self, frame: DataFrame, names: Sequence[str]) -> bool:
        return bool(frame.select(set(names)).is_duplicated().any())

    def _ordered(
        self, frame: DataFrame, call: a.DeriveCumulative | a.DeriveShift, made: TableSchema
    ) -> DataFrame:
        """Return the rows in the order of a window, with their place in a hidden column."""
        import polars as pl

        if self.watch:
            for name in call.order_by:
                ordered = frame.sort(name)
                self._near(ordered, pl.col(name), pl.col(name).shift(1), made.column(name).exact)
        placed = frame.with_row_index(_PLACE)
        return placed.sort(call.order_by, nulls_last=True, maintain_order=True)

    def derive_cumulative(
        self, call: a.DeriveCumulative, on: Inputs, made: TableSchema
    ) -> DataFrame:
        """Add a running value."""
        import polars as pl

        ordered = self._ordered(on.table(call.table), call, made)
        found = running(pl.col(call.column), call.op, call.partition_by, made.columns[-1])
        return ordered.with_columns(found.alias(call.new_column)).sort(_PLACE).drop(_PLACE)

    def derive_shift(self, call: a.DeriveShift, on: Inputs, made: TableSchema) -> DataFrame:
        """Add the value of a row before or after."""
        import polars as pl

        ordered = self._ordered(on.table(call.table), call, made)
        found = pl.col(call.column).shift(call.periods)
        found = found.over(call.partition_by) if call.partition_by else found
        return ordered.with_columns(found.alias(call.new_column)).sort(_PLACE).drop(_PLACE)

    def group_aggregate(self, call: a.GroupAggregate, on: Inputs, made: TableSchema) -> DataFrame:
        """Aggregate by groups."""
        import polars as pl

        frame, schema = on.table(call.table), on.schema(call.table)
        made_by = []
        for one in call.aggregates:
            column = None if one.column is None else schema.column(one.column)
            total = frame[one.column].sum() if one.op == "share_of_total" and one.column else None
            found = aggregate(column, one.op, one.q, total=total)
            made_by.append(found.alias(one.name))
        found_frame = frame.group_by(call.keys).agg(*made_by, pl.len().alias("__many"))
        fewest = found_frame["__many"].min() if found_frame.height else FEW
        if self.watch and not schema.aggregated and fewest < FEW:  # type: ignore[operator]
            self.doubts.add("few")
        found_frame = found_frame.sort(call.keys, nulls_last=True)
        return found_frame.select(made.names).with_row_index(ID)

    def aggregate_column(self, call: a.AggregateColumn, on: Inputs, made: ScalarSchema) -> Value:
        """Aggregate to one value."""
        frame, column = on.table(call.table), on.schema(call.table).column(call.column)
        if self.watch and not on.schema(call.table).aggregated and frame[call.column].count() < FEW:
            self.doubts.add("few")
        found: Value = frame.select(aggregate(column, call.op, call.q)).item()
        return found

    def count_rows(self, call: a.CountRows, on: Inputs, made: ScalarSchema) -> Value:
        """Count rows."""
        return on.table(call.table).height

    def pivot_table(self, call: a.PivotTable, on: Inputs, made: TableSchema) -> DataFrame:
        """Aggregate by index and label."""
        import polars as pl

        schema = on.schema(call.table)
        values = schema.column(call.values)
        cells = [
            aggregate(values, call.op, None, pl.col(call.columns) == label).alias(label)
            for label in schema.column(call.columns).values
        ]
        found = on.table(call.table).group_by(call.index).agg(cells)
        return found.sort(call.index, nulls_last=True).select(made.names).with_row_index(ID)

    def correlate(self, call: a.Correlate, on: Inputs, made: ScalarSchema) -> Value:
        """Correlate two columns."""
        import polars as pl

        frame = on.table(call.table)
        x, y = frame[call.x].cast(pl.Float64), frame[call.y].cast(pl.Float64)
        both = x.is_not_null() & y.is_not_null()
        x, y = x.filter(both), y.filter(both)
        if self.watch:
            if len(x) < FEW:
                self.doubts.add("few")
            if any(_narrow(one) for one in (x, y)):
                self.doubts.add("near")
        if call.method == "spearman":
            if self.watch and not all(
                _exact(on, on.schema(call.table), n) for n in (call.x, call.y)
            ):
                self.doubts.add("near")
            x, y = x.rank("average"), y.rank("average")
        return _correlation(x.to_list(), y.to_list())

    def get_value(self, call: a.GetValue, on: Inputs, made: ScalarSchema) -> Value:
        """Read a cell; there is none behind the last row."""
        frame = on.table(call.table)
        if call.row_position > frame.height:
            return None
        found: Value = frame[call.column][call.row_position - 1]
        return found

    def scalar_arithmetic(self, call: a.ScalarArithmetic, on: Inputs, made: ScalarSchema) -> Value:
        """Compute with two values."""
        one, other = on.scalar(call.a), None if call.b is None else on.scalar(call.b)
        if self.watch and not on.type(call.a).exact and call.op == "round":
            scaled = abs(float(one or 0)) * 10.0 ** int(other or 0)  # type: ignore[arg-type]
            if abs(scaled - floor(scaled) - 0.5) <= 1e-6:
                self.doubts.add("near")
        return scalar(call.op, one, other, made.type == "int")

    def compare_scalars(self, call: a.CompareScalars, on: Inputs, made: ScalarSchema) -> Value:
        """Compare two values."""
        one, other = on.scalar(call.a), on.scalar(call.b)
        if one is None or other is None:
            return False
        exact = on.type(call.a).exact and on.type(call.b).exact
        if self.watch and not exact and abs(one - other) <= NEAR * max(1.0, abs(one)):  # type: ignore[operator, arg-type]
            self.doubts.add("near")
        return bool(compared(one, call.op, other))


def _schemas(on: Inputs, call: a.JoinTables) -> tuple[TableSchema, TableSchema]:
    return on.schema(call.left), on.schema(call.right)


def _exact(on: Inputs, schema: TableSchema, given: Any) -> bool:
    return schema.column(given).exact if isinstance(given, str) else on.type(given).exact


def _narrow(values: Any) -> bool:
    """Whether a column hardly varies: its deviation is then mostly rounding."""
    spread, size = values.std(), values.abs().max()
    return spread is not None and 0 < spread <= 1e-6 * max(size, 1e-300)


def _correlation(x: Sequence[float], y: Sequence[float]) -> Value:
    """Return Pearson's correlation, in two passes; None where one does not vary."""
    if len(x) < 2 or min(x) == max(x) or min(y) == max(y):
        return None
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    dx, dy = [one - x_mean for one in x], [one - y_mean for one in y]
    down = (sum(d * d for d in dx) * sum(d * d for d in dy)) ** 0.5
    found = sum(one * other for one, other in zip(dx, dy, strict=True)) / down if down else 0.0
    return found if down and isfinite(found) else None
