"""Conventions that decide answers, fixed: all three engines give what stands here."""

from datetime import date, datetime

import pytest
from plain_executor import PlainExecutor

from llmx.papers.indata.executors.duckdb_executor import DuckdbExecutor
from llmx.papers.indata.executors.polars_executor import PolarsExecutor
from llmx.papers.indata.program import read_program
from llmx.papers.indata.schema import Catalogue, DataColumn, DataTable
from llmx.papers.indata.world import DataWorld

TYPES = {int: "int", float: "float", str: "string", bool: "bool", date: "date",
         datetime: "datetime"}  # fmt: skip


def world_of(**columns):
    """A table `t` of columns, each a list whose first known value says its type."""
    made = []
    for name, cells in columns.items():
        known = next(value for value in cells if value is not None)
        made.append(DataColumn(name=name, type=TYPES[type(known)], nullable=True))
    catalogue = Catalogue(domain="test", tables=(DataTable(name="t", columns=tuple(made)),))
    return DataWorld(catalogue, {"t": columns})


def scalar(op, a, b=None):
    return {"x": [1]}, [
        ("scalar_arithmetic", {"op": op, "a": a, **({} if b is None else {"b": b})})
    ]


def row(op, a, b):
    given = {"x": [a], "y": [b]}
    first = ("derive_arithmetic", {"table": "t", "new_column": "z", "op": op, "a": "x", "b": "y"})
    return given, [first, ("select_columns", {"table": {"handle": "s0"}, "columns": ["z"]})]


def of(op, cells, **more):
    return {"x": cells}, [("aggregate_column", {"table": "t", "column": "x", "op": op, **more})]


def kept(op, cells, value):
    given = {"table": "t", "column": "x", "op": op}
    given = given if value is None else {**given, "value": value}
    return {"x": cells}, [("filter_rows", given), ("count_rows", {"table": {"handle": "s0"}})]


def diff(a, b, unit):
    first = {"table": "t", "new_column": "z", "a": "x", "b": "y", "unit": unit}
    last = ("select_columns", {"table": {"handle": "s0"}, "columns": ["z"]})
    return {"x": [a], "y": [b]}, [("derive_date_diff", first), last]


def part(day, name):
    first = {"table": "t", "new_column": "z", "column": "x", "part": name}
    last = ("select_columns", {"table": {"handle": "s0"}, "columns": ["z"]})
    return {"x": [day]}, [("derive_date_part", first), last]


def derived(tool, cells, **more):
    first = (tool, {"table": "t", "new_column": "z", "column": "x", **more})
    return {"x": cells}, [first, ("select_columns", {"table": {"handle": "s0"}, "columns": ["z"]})]


def nothing(op, **more):
    first = ("filter_rows", {"table": "t", "column": "x", "op": "gt", "value": 99})
    last = {"table": {"handle": "s0"}, "column": "x", "op": op, **more}
    return {"x": [1, 2]}, [first, ("aggregate_column", last)]


def pairs(x, y, method="pearson"):
    return {"x": x, "y": y}, [("correlate", {"table": "t", "x": "x", "y": "y", "method": method})]


def either(cells):
    """The last ones first, then the first: their union is in the order of the table."""
    kept = {"table": "t", "column": "x"}
    calls = [
        ("filter_rows", {**kept, "op": "ge", "value": 3}),
        ("filter_rows", {**kept, "op": "le", "value": 1}),
        ("combine_rows", {"left": {"handle": "s0"}, "right": {"handle": "s1"}, "mode": "union"}),
    ]
    return {"x": cells}, calls


def ordered(cells, way):
    return {"x": cells}, [("sort_rows", {"table": "t", "keys": ["x"], "directions": [way]})]


GOLDEN = [
    (row("floordiv", -7, 2), [(-4,)]),
    (row("floordiv", 7, -2), [(-4,)]),
    (row("floordiv", -7, -2), [(3,)]),
    (row("floordiv", -7.0, 2.0), [(-4.0,)]),
    (row("mod", -7, 2), [(1,)]),
    (row("mod", 7, -2), [(-1,)]),
    (row("mod", -7.5, 2.0), [(0.5,)]),
    (row("div", 7, 2), [(3.5,)]),
    (row("div", 1, 0), [(None,)]),
    (row("div", 0.0, 0.0), [(None,)]),
    (row("floordiv", 1, 0), [(None,)]),
    (row("mod", 1, 0), [(None,)]),
    (row("mul", 1e200, 1e200), [(None,)]),
    (row("mul", 2**40, 2**20), [(None,)]),
    (row("add", 2**53 - 1, 2), [(None,)]),
    (row("min", 1, 2), [(1,)]),
    (({"x": [1, None], "y": [None, 2]}, row("max", 1, 1)[1]), [(None,), (None,)]),
    (({"x": [1, None], "y": [2, 2]}, row("add", 1, 1)[1]), [(3,), (None,)]),
    (scalar("round", 0.5, 0), 1.0),
    (scalar("round", 1.5, 0), 2.0),
    (scalar("round", 2.5, 0), 3.0),
    (scalar("round", -0.5, 0), -1.0),
    (scalar("round", -2.5, 0), -3.0),
    (scalar("round", 0.125, 2), 0.13),
    (scalar("round", -2.3, 0), -2.0),
    (either([1, 2, 3, 4]), [(1,), (3,), (4,)]),
    (scalar("round", 7, 2), 7),
    (scalar("pct_change", 50, 60), 20.0),
    (scalar("pct_change", 0, 60), None),
    (scalar("ratio", 1, 4), 0.25),
    (scalar("div", 1, 0), None),
    (nothing("sum"), 0),
    (nothing("count"), 0),
    (nothing("mean"), None),
    (nothing("max"), None),
    (nothing("median"), None),
    (nothing("std"), None),
    (nothing("quantile", q=0.5), None),
    (of("std", [1.0, 3.0]), 2**0.5),
    (of("var", [1.0, 3.0, None]), 2.0),
    (of("std", [1.0]), None),
    (of("median", [1, 2, 3, 4]), 2.5),
    (of("quantile", [1, 2, 3, 4], q=0.25), 1.75),
    (of("quantile", [1, 2, None, 3], q=1.0), 3.0),
    (of("mean", [1, None, 2]), 1.5),
    (of("count", [1, None, 2]), 2),
    (of("count_distinct", [1, None, 1, 2]), 2),
    (of("max", [1.0, None, 3.0]), 3.0),
    (kept("ne", [1, None, 2], 1), 1),
    (kept("not_in", [1, None, 2], [1]), 1),
    (kept("is_null", [1, None, 2], None), 1),
    (kept("between", [1, 2, 3], [1, 2]), 2),
    (kept("contains", ["50%", "500", "5%0"], "0%"), 1),
    (kept("starts_with", ["Ab", "ab"], "a"), 1),
    (diff(date(2020, 1, 31), date(2020, 2, 29), "months"), [(0,)]),
    (diff(date(2020, 1, 15), date(2020, 2, 15), "months"), [(1,)]),
    (diff(date(2020, 2, 15), date(2020, 1, 16), "months"), [(0,)]),
    (diff(date(2020, 2, 29), date(2021, 2, 28), "years"), [(0,)]),
    (diff(date(2020, 1, 10), date(2020, 1, 1), "weeks"), [(-1,)]),
    (diff(datetime(2020, 1, 1, 23), datetime(2020, 1, 2, 22), "days"), [(0,)]),
    (part(date(2024, 1, 1), "weekday"), [(1,)]),
    (part(date(2023, 12, 31), "weekday"), [(7,)]),
    (derived("derive_bin", [0, 1, 2, 3, None], edges=[1, 2, 3]),
     [(None,), (0,), (1,), (None,), (None,)]),
    (derived("derive_rank", [3, 1, 3, None], method="min", direction="desc"),
     [(1,), (3,), (1,), (None,)]),
    (derived("derive_cumulative", [1, None, 2], op="sum", order_by=["x"]), [(1,), (3,), (3,)]),
    (derived("derive_shift", [1, 2, 3], periods=1, order_by=["x"]), [(None,), (1,), (2,)]),
    (pairs([1, 2, 3], [2, 2, 2]), None),
    (pairs([1, 2, None], [2, 4, 9]), 1.0),
    (pairs([1, 2, 3], [1, 8, 27], "spearman"), 1.0),
    (ordered([2, None, 1], "asc"), [(1,), (2,), (None,)]),
    (ordered([2, None, 1], "desc"), [(2,), (1,), (None,)]),
    (ordered(["b", "B", "é", "a"], "asc"), [("B",), ("a",), ("b",), ("é",)]),
]  # fmt: skip


def test_the_table_is_complete():
    assert len(GOLDEN) >= 60


@pytest.mark.parametrize("engine", [PolarsExecutor, DuckdbExecutor, PlainExecutor])
@pytest.mark.parametrize("case", range(len(GOLDEN)))
def test_every_engine_keeps_the_conventions(case, engine):
    (columns, calls), expected = GOLDEN[case]
    named = enumerate(calls)
    program = read_program(
        [{"name": f"s{at}", "tool": tool, "arguments": given} for at, (tool, given) in named]
    )
    found = engine(world_of(**columns)).answer(program)
    assert found == (pytest.approx(expected) if isinstance(expected, float) else expected)
    assert type(found) is type(expected)
