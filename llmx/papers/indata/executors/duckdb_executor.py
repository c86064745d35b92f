"""DuckDB: the second engine. A program becomes SQL in which every value is a bound parameter.

Columns are called c0, c1, … by their place, tables t0, t1, …; no text of a model, and no name of a
catalogue, is in a statement. Order and identity of rows are columns of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from llmx.papers.indata import arguments as a
from llmx.papers.indata.check import filter_values, joined
from llmx.papers.indata.executors.executor import CallInputs, Executor, Row
from llmx.papers.indata.executors.polars_executor import need
from llmx.papers.indata.executors.sql_text import (
    OPERATORS,
    computed,
    condition,
    difference,
    fitting,
    middle_rank,
    plain_aggregate,
)
from llmx.papers.indata.literals import Value
from llmx.papers.indata.schema import ScalarSchema, TableSchema
from llmx.papers.indata.world import DataWorld

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

HARDENED: dict[str, Any] = {
    "enable_external_access": "false",
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "memory_limit": "512MB",
    "max_temp_directory_size": "0MB",
    "threads": 1,
}
"""No file, no network, no extension, no Python variable, one thread; then locked."""

_SQL_TYPES = {
    "int": "BIGINT", "float": "DOUBLE", "string": "VARCHAR", "category": "VARCHAR",
    "bool": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMP",
}  # fmt: skip


@dataclass(frozen=True)
class SqlTable:
    """A query with columns ``id``, ``pos``, ``c0`` …, its parameters, and what it types as."""

    schema: TableSchema
    sql: str
    bound: dict[str, Value]

    def at(self, name: str) -> str:
        """Return how a column is called in the query."""
        return f"c{self.schema.names.index(name)}"

    @property
    def all(self) -> list[str]:
        """Return how all columns are called, in their order."""
        return [f"c{at}" for at in range(len(self.schema.columns))]


Inputs = CallInputs[SqlTable]


def hardened() -> DuckDBPyConnection:
    """Return a connection to an empty database in memory that reaches nothing else.

    Its configuration is not locked yet: see :class:`DuckdbExecutor`.

    Raises:
        ConfigError: if DuckDB is not there.
    """
    need("duckdb")
    import duckdb

    return duckdb.connect(":memory:", config=HARDENED)


class DuckdbExecutor(Executor[SqlTable]):
    """Runs calls as SQL; a table is a query until somebody asks for its rows."""

    kind: ClassVar[str] = "duckdb"

    def __init__(self, world: DataWorld) -> None:
        super().__init__(world)
        self.connection = hardened()
        self._numbers = count()
        self._tables: dict[str, SqlTable] = {}
        for at, table in enumerate(world.catalogue.tables):
            self._load(f"t{at}", table.name)
        self.connection.execute("SET lock_configuration = true")

    def _load(self, called: str, name: str) -> None:
        import polars as pl

        table = self.world.catalogue.table(name)
        cells = self.world.tables[name]
        kinds: dict[str, Any] = {"BIGINT": pl.Int64, "DOUBLE": pl.Float64, "BOOLEAN": pl.Boolean}
        times: dict[str, Any] = {"DATE": pl.Date, "TIMESTAMP": pl.Datetime("us")}
        types = [_SQL_TYPES[column.type] for column in table.columns]
        frame = pl.DataFrame(
            [
                pl.Series(f"c{at}", cells[column.name], {**kinds, **times}.get(of, pl.String))
                for at, (column, of) in enumerate(zip(table.columns, types, strict=True))
            ]
        )
        frame = frame.with_row_index("id").with_columns(pl.col("id").cast(pl.Int64))
        self.connection.register("loading", frame)
        self.connection.execute(f"CREATE TABLE {called} AS SELECT *, id AS pos FROM loading")
        self.connection.unregister("loading")
        schema = TableSchema(table.columns, name)
        names = ", ".join(f"c{at}" for at in range(len(table.columns)))
        self._tables[name] = SqlTable(schema, f"SELECT id, pos, {names} FROM {called}", {})

    def base(self, name: str) -> SqlTable:
        """Return a table of the catalogue."""
        return self._tables[name]

    def rows(self, table: SqlTable, schema: TableSchema) -> list[Row]:
        """Return the rows of a table in their order."""
        sql = f"SELECT {', '.join(table.all)} FROM ({table.sql}) q ORDER BY pos"
        return self._run(sql, table.bound)

    def _run(self, sql: str, bound: dict[str, Value]) -> list[Row]:
        found: list[Row] = self.connection.execute(sql, bound or None).fetchall()
        return found

    def _one(self, sql: str, bound: dict[str, Value]) -> Value:
        return self._run(sql, bound)[0][0]

    def _bind(self, bound: dict[str, Value], value: Value, column_type: str) -> str:
        name = f"p{next(self._numbers)}"
        bound[name] = value
        return f"CAST(${name} AS {_SQL_TYPES[column_type]})"

    def _value(self, bound: dict[str, Value], value: Value) -> str:
        """Bind a value by its own type."""
        kinds = {bool: "bool", int: "int", float: "float", str: "string"}
        named = kinds.get(type(value)) or ("datetime" if hasattr(value, "hour") else "date")
        return self._bind(bound, value, named)

    def _derived(
        self, source: SqlTable, made: TableSchema, expression: str, bound: dict[str, Value]
    ) -> SqlTable:
        new = f"c{len(source.schema.columns)}"
        kind = _SQL_TYPES[made.columns[-1].type]
        head = ", ".join(["id", "pos", *source.all])
        sql = f"SELECT {head}, CAST({expression} AS {kind}) AS {new} FROM ({source.sql}) q"
        return SqlTable(made, sql, {**source.bound, **bound})

    def _filtered(
        self, source: SqlTable, made: TableSchema, condition: str, bound: dict[str, Value]
    ) -> SqlTable:
        sql = f"SELECT * FROM ({source.sql}) q WHERE {condition}"
        return SqlTable(made, sql, {**source.bound, **bound})

    def select_columns(self, call: a.SelectColumns, on: Inputs, made: TableSchema) -> SqlTable:
        """Keep columns."""
        source = on.table(call.table)
        kept = [f"{source.at(name)} AS c{at}" for at, name in enumerate(call.columns)]
        sql = f"SELECT id, pos, {', '.join(kept)} FROM ({source.sql}) q"
        return SqlTable(made, sql, source.bound)

    def filter_rows(self, call: a.FilterRows, on: Inputs, made: TableSchema) -> SqlTable:
        """Keep rows by a value."""
        source = on.table(call.table)
        column, held = source.schema.column(call.column), source.at(call.column)
        values = [on.scalar(value) for value in filter_values(on.check, call, column)]
        bound: dict[str, Value] = {}
        if None in values:
            return self._filtered(source, made, "false", bound)
        names = [self._value(bound, value) for value in values]
        return self._filtered(source, made, condition(held, call.op, names), bound)

    def filter_by_column(self, call: a.FilterByColumn, on: Inputs, made: TableSchema) -> SqlTable:
        """Keep rows by another column."""
        source = on.table(call.table)
        left, right = source.at(call.left_column), source.at(call.right_column)
        return self._filtered(source, made, f"{left} {OPERATORS[call.op]} {right}", {})

    def combine_rows(self, call: a.CombineRows, on: Inputs, made: TableSchema) -> SqlTable:
        """Combine two subsets of one table's rows."""
        left, right = on.table(call.left), on.table(call.right)
        names = ", ".join(["id", "id AS pos", *left.all])
        inside = {"intersection": "IN", "difference": "NOT IN"}.get(call.mode)
        if inside is not None:
            known = f"SELECT id FROM ({right.sql}) r"
            sql = f"SELECT {names} FROM ({left.sql}) q WHERE id {inside} ({known})"
        else:
            both = f"SELECT {names} FROM ({right.sql}) r WHERE id NOT IN"
            both = f"{both} (SELECT id FROM ({left.sql}) l)"
            sql = f"SELECT {names} FROM ({left.sql}) q UNION ALL {both}"
        return SqlTable(made, sql, {**left.bound, **right.bound})

    def sort_rows(self, call: a.SortRows, on: Inputs, made: TableSchema) -> SqlTable:
        """Sort."""
        source = on.table(call.table)
        pairs = zip(call.keys, call.directions, strict=True)
        order = ", ".join(f"{source.at(key)} {way.upper()} NULLS LAST" for key, way in pairs)
        place = f"row_number() OVER (ORDER BY {order}, pos)"
        names = ", ".join(source.all)
        return SqlTable(
            made, f"SELECT id, {place} AS pos, {names} FROM ({source.sql}) q", source.bound
        )

    def take_rows(self, call: a.TakeRows, on: Inputs, made: TableSchema) -> SqlTable:
        """Take from an end."""
        source = on.table(call.table)
        way = "ASC" if call.end == "first" else "DESC"
        bound: dict[str, Value] = {}
        limit = self._bind(bound, call.n, "int")
        sql = f"SELECT * FROM ({source.sql}) q ORDER BY pos {way} LIMIT {limit}"
        return SqlTable(made, sql, {**source.bound, **bound})

    def distinct_rows(self, call: a.DistinctRows, on: Inputs, made: TableSchema) -> SqlTable:
        """Keep each combination once."""
        source = on.table(call.table)
        kept = [f"{source.at(name)} AS c{at}" for at, name in enumerate(call.columns)]
        sql = f"SELECT DISTINCT {', '.join(kept)} FROM ({source.sql}) q"
        return _placed(made, sql, _sorted(len(kept)), source.bound)

    def join_tables(self, call: a.JoinTables, on: Inputs, made: TableSchema) -> SqlTable:
        """Join."""
        left, right = on.table(call.left), on.table(call.right)
        bound = {**left.bound, **right.bound}
        where = " AND ".join(f"l.{left.at(k.left)} = r.{right.at(k.right)}" for k in call.on)
        if call.kind in ("semi", "anti"):
            known = "" if call.kind == "semi" else "NOT "
            inner = f"SELECT 1 FROM ({right.sql}) r WHERE {where}"
            return SqlTable(
                made, f"SELECT * FROM ({left.sql}) l WHERE {known}EXISTS ({inner})", bound
            )
        moved = [right.at(column.name) for column, _ in joined(left.schema, right.schema, call)]
        named = [f"l.{one}" for one in left.all] + [f"r.{one}" for one in moved]
        shown = ", ".join(f"{one} AS c{at}" for at, one in enumerate(named))
        sql = f"SELECT {shown}, l.pos AS x, r.pos AS y FROM ({left.sql}) l"
        sql = f"{sql} {call.kind.upper()} JOIN ({right.sql}) r ON {where}"
        return _placed(made, sql, "x, y", bound)

    def derive_arithmetic(
        self, call: a.DeriveArithmetic, on: Inputs, made: TableSchema
    ) -> SqlTable:
        """Compute a column."""
        source = on.table(call.table)
        bound: dict[str, Value] = {}
        given = [one for one in (call.a, call.b) if one is not None]
        kind = made.columns[-1].type
        named = [
            f"CAST({source.at(one)} AS {_SQL_TYPES[kind]})"
            if isinstance(one, str)
            else self._bind(bound, on.scalar(one), kind)
            for one in given
        ]
        return self._derived(source, made, computed(call.op, named, kind == "int"), bound)

    def derive_date_part(self, call: a.DeriveDatePart, on: Inputs, made: TableSchema) -> SqlTable:
        """Read a part of a date."""
        source = on.table(call.table)
        part = "isodow" if call.part == "weekday" else call.part
        return self._derived(source, made, f"date_part('{part}', {source.at(call.column)})", {})

    def derive_date_diff(self, call: a.DeriveDateDiff, on: Inputs, made: TableSchema) -> SqlTable:
        """Count whole units between two dates."""
        source = on.table(call.table)
        found = difference(source.at(call.a), source.at(call.b), call.unit)
        return self._derived(source, made, found, {})

    def derive_bin(self, call: a.DeriveBin, on: Inputs, made: TableSchema) -> SqlTable:
        """Number the interval of a value."""
        source = on.table(call.table)
        bound: dict[str, Value] = {}
        held = source.at(call.column)
        edges = [self._value(bound, edge) for edge in call.edges]
        cases = " ".join(f"WHEN {held} < {edge} THEN {at}" for at, edge in enumerate(edges[1:]))
        found = f"CASE WHEN {held} < {edges[0]} THEN NULL {cases} END"
        return self._derived(source, made, found, bound)

    def derive_rank(self, call: a.DeriveRank, on: Inputs, made: TableSchema) -> SqlTable:
        """Rank within partitions."""
        source = on.table(call.table)
        held, way = source.at(call.column), call.direction.upper()
        function = {"dense": "dense_rank", "min": "rank", "ordinal": "row_number"}[call.method]
        order = f"{held} {way} NULLS LAST" + (", pos" if call.method == "ordinal" else "")
        over = _over(source, call.partition_by, order)
        found = f"CASE WHEN {held} IS NOT NULL THEN {function}() OVER ({over}) END"
        return self._derived(source, made, found, {})

    def derive_cumulative(
        self, call: a.DeriveCumulative, on: Inputs, made: TableSchema
    ) -> SqlTable:
        """Add a running value."""
        source = on.table(call.table)
        order = _by(source, call.order_by)
        frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
        over = f"OVER ({_over(source, call.partition_by, order)} {frame})"
        name = {"mean": "avg"}.get(call.op, call.op)
        found = f"{name}({source.at(call.column)}) {over}"
        if call.op in ("sum", "mean"):
            found = fitting(found, made.columns[-1].type == "int")
        return self._derived(source, made, found, {})

    def derive_shift(self, call: a.DeriveShift, on: Inputs, made: TableSchema) -> SqlTable:
        """Add the value of a row before or after."""
        source = on.table(call.table)
        over = _over(source, call.partition_by, _by(source, call.order_by))
        found = f"lag({source.at(call.column)}, {int(call.periods)}) OVER ({over})"
        return self._derived(source, made, found, {})

    def group_aggregate(self, call: a.GroupAggregate, on: Inputs, made: TableSchema) -> SqlTable:
        """Aggregate by groups."""
        source = on.table(call.table)
        bound = dict(source.bound)
        shown = [f"{source.at(key)} AS c{at}" for at, key in enumerate(call.keys)]
        for at, one in enumerate(call.aggregates, len(call.keys)):
            held = None if one.column is None else source.at(one.column)
            found = self._aggregate(source, held, one.op, one.q, bound)
            shown.append(f"CAST({found} AS {_SQL_TYPES[made.columns[at].type]}) AS c{at}")
        keys = ", ".join(source.at(key) for key in call.keys)
        sql = f"SELECT {', '.join(shown)} FROM ({source.sql}) q GROUP BY {keys}"
        return _placed(made, sql, _sorted(len(call.keys)), bound)

    def _aggregate(
        self, source: SqlTable, held: str | None, op: str, q: float | None, bound: dict[str, Value],
        where: str = "",
    ) -> str:  # fmt: skip
        """Return an aggregate; ``where`` is a condition on its rows."""
        if held is None:
            return "count(*)"
        of = source.schema.columns[int(held[1:])]
        rows = f" FILTER (WHERE {where})" if where else ""
        if op == "share_of_total":
            bound.update(source.bound)
            total = f"(SELECT sum({held})::DOUBLE FROM ({source.sql}) whole)"
            share = f"coalesce(sum({held}){rows}, 0)::DOUBLE / {total}"
            return fitting(f"CASE WHEN {total} <> 0 THEN {share} END", False)
        if op == "quantile":
            level = repr(float(q or 0.0))  # a constant is asked for, and pydantic made it a float
            return f"quantile_cont({held}::DOUBLE, {level}){rows}"
        return plain_aggregate(held, of, op, rows)

    def aggregate_column(self, call: a.AggregateColumn, on: Inputs, made: ScalarSchema) -> Value:
        """Aggregate to one value."""
        source = on.table(call.table)
        bound = dict(source.bound)
        found = self._aggregate(source, source.at(call.column), call.op, call.q, bound)
        sql = f"SELECT CAST({found} AS {_SQL_TYPES[made.type]}) FROM ({source.sql}) q"
        return self._one(sql, bound)

    def count_rows(self, call: a.CountRows, on: Inputs, made: ScalarSchema) -> Value:
        """Count rows."""
        source = on.table(call.table)
        return self._one(f"SELECT count(*) FROM ({source.sql}) q", source.bound)

    def pivot_table(self, call: a.PivotTable, on: Inputs, made: TableSchema) -> SqlTable:
        """Aggregate by index and label."""
        source = on.table(call.table)
        bound = dict(source.bound)
        by, held = source.at(call.columns), source.at(call.values)
        shown = [f"{source.at(key)} AS c{at}" for at, key in enumerate(call.index)]
        for at, label in enumerate(source.schema.column(call.columns).values, len(call.index)):
            where = f"{by} = {self._bind(bound, label, 'string')}"
            found = self._aggregate(source, held, call.op, None, bound, where)
            shown.append(f"CAST({found} AS {_SQL_TYPES[made.columns[at].type]}) AS c{at}")
        keys = ", ".join(source.at(key) for key in call.index)
        sql = f"SELECT {', '.join(shown)} FROM ({source.sql}) q GROUP BY {keys}"
        return _placed(made, sql, _sorted(len(call.index)), bound)

    def correlate(self, call: a.Correlate, on: Inputs, made: ScalarSchema) -> Value:
        """Correlate two columns."""
        source = on.table(call.table)
        x, y = source.at(call.x), source.at(call.y)
        sql = f"SELECT {x}::DOUBLE AS x, {y}::DOUBLE AS y FROM ({source.sql}) q"
        sql = f"{sql} WHERE {x} IS NOT NULL AND {y} IS NOT NULL"
        if call.method == "spearman":
            sql = f"SELECT {middle_rank('x')} AS x, {middle_rank('y')} AS y FROM ({sql}) v"
        means = "x - avg(x) OVER () AS x, y - avg(y) OVER () AS y"  # in two passes, as elsewhere
        centred = f"SELECT {means}, x AS a, y AS b FROM ({sql}) w"
        found = "sum(x * y) / sqrt(sum(x * x) * sum(y * y))"
        varies = "min(a) < max(a) AND min(b) < max(b)"
        found = fitting(f"CASE WHEN {varies} THEN {found} END", False)
        return self._one(f"SELECT {found} FROM ({centred}) z", source.bound)

    def get_value(self, call: a.GetValue, on: Inputs, made: ScalarSchema) -> Value:
        """Read a cell; there is none behind the last row."""
        source = on.table(call.table)
        bound = dict(source.bound)
        skip = self._bind(bound, call.row_position - 1, "int")
        held = source.at(call.column)
        found = self._run(
            f"SELECT {held} FROM ({source.sql}) q ORDER BY pos LIMIT 1 OFFSET {skip}", bound
        )
        return found[0][0] if found else None

    def scalar_arithmetic(self, call: a.ScalarArithmetic, on: Inputs, made: ScalarSchema) -> Value:
        """Compute with two values."""
        bound: dict[str, Value] = {}
        whole = made.type == "int"
        if call.op == "round":
            one = self._bind(bound, on.scalar(call.a), made.type)
            if whole:
                return self._one(f"SELECT {one}", bound)
            scale = self._bind(bound, 10.0 ** float(on.scalar(call.b)), "float")  # type: ignore[arg-type]
            sql = f"sign({one}) * floor(abs({one}) * {scale} + 0.5) / {scale}"
            return self._one(f"SELECT {fitting(sql, False)}", bound)
        given = [one for one in (call.a, call.b) if one is not None]
        named = [self._bind(bound, on.scalar(one), made.type) for one in given]
        op = "div" if call.op == "ratio" else call.op
        if op == "pct_change":
            one, other = named
            sql = f"CASE WHEN {one} <> 0 THEN 100.0::DOUBLE * ({other} - {one}) / {one} END"
            return self._one(f"SELECT {fitting(sql, False)}", bound)
        return self._one(f"SELECT {computed(op, named, whole)}", bound)

    def compare_scalars(self, call: a.CompareScalars, on: Inputs, made: ScalarSchema) -> Value:
        """Compare two values."""
        one, other = on.scalar(call.a), on.scalar(call.b)
        if one is None or other is None:
            return False
        bound: dict[str, Value] = {}
        names = self._value(bound, one), self._value(bound, other)
        return self._one(f"SELECT {names[0]} {OPERATORS[call.op]} {names[1]}", bound)


def _placed(made: TableSchema, sql: str, order: str, bound: dict[str, Value]) -> SqlTable:
    """Return rows that are new, with identity and place by an order."""
    names = ", ".join(f"c{at}" for at in range(len(made.columns)))
    place = f"row_number() OVER (ORDER BY {order})"
    inner = f"SELECT {place} AS id, {names} FROM ({sql}) g"
    return SqlTable(made, f"SELECT id, id AS pos, {names} FROM ({inner}) n", bound)


def _sorted(columns: int) -> str:
    return ", ".join(f"c{at} NULLS LAST" for at in range(columns))


def _by(source: SqlTable, names: Iterable[str]) -> str:
    return ", ".join([*(f"{source.at(name)} NULLS LAST" for name in names), "pos"])


def _over(source: SqlTable, partition: Sequence[str], order: str) -> str:
    keys = ", ".join(source.at(name) for name in partition)
    return f"{f'PARTITION BY {keys} ' if keys else ''}ORDER BY {order}"
