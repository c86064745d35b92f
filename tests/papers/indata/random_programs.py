"""Random worlds and programs over all tools, by a seed; calls that do not fit are drawn anew."""

from datetime import date, datetime, timedelta
from itertools import count
from random import Random

from llmx.papers.indata.arguments import (
    TOOLS,
    AggregateOp,
    ArithmeticOp,
    ColumnOp,
    FilterOp,
    Handle,
    ScalarOp,
)
from llmx.papers.indata.check import CallChecker
from llmx.papers.indata.program import Program, ProgramStep
from llmx.papers.indata.schema import (
    CallError,
    Catalogue,
    DataColumn,
    DataTable,
    ScalarSchema,
    TableSchema,
)
from llmx.papers.indata.world import DataWorld

LABELS = ("north", "south", "west")
COLUMNS = tuple(
    DataColumn(name=f"{kind}{at}", type=kind, nullable=True,
               values=LABELS if kind == "category" else ())
    for kind in ("int", "float", "string", "category", "bool", "date", "datetime")
    for at in (0, 1)
)  # fmt: skip


def cell(rng, kind):
    if rng.random() < 0.15:
        return None
    return {
        "int": lambda: rng.choice([0, 1, 2, -1, -7, 3, 7, rng.randint(-50, 50)]),
        "float": lambda: rng.randint(-40, 40) / 4,
        "string": lambda: rng.choice(["a", "ab", "b%", "_", "B", "é", ""]),
        "category": lambda: rng.choice(LABELS),
        "bool": lambda: rng.random() < 0.5,
        "date": lambda: date(2020, 1, 28) + timedelta(rng.choice([0, 1, 3, 31, 33, 365, -30])),
        "datetime": lambda: datetime(2020, 2, 28, 23) + timedelta(minutes=rng.randint(-9999, 9999)),
    }[kind]()  # fmt: skip


def random_world(rng, most=20):
    tables, cells = [], {}
    for name in ("t", "u"):
        rows = rng.randint(0, most)
        tables.append(DataTable(name=name, columns=COLUMNS))
        cells[name] = {c.name: [cell(rng, c.type) for _ in range(rows)] for c in COLUMNS}
    return DataWorld(Catalogue(domain="test", tables=tuple(tables)), cells)


class Drawing:
    """Draws one call after another against the schemas of what there is."""

    def __init__(self, rng, world):
        self.rng, self.world, self.known, self.steps = rng, world, {}, []

    def of(self, kind):
        names = [name for name, held in self.known.items() if isinstance(held, kind)]
        return Handle(handle=self.rng.choice(names)) if names else None

    def table(self):
        held = self.of(TableSchema) if self.rng.random() < 0.8 else None
        return held or self.rng.choice(["t", "u"])

    def column(self, table):
        return self.rng.choice(CallChecker(self.world.catalogue, self.known).table(table).names)

    def columns(self, table, most=2):
        return tuple({self.column(table): 0 for _ in range(self.rng.randint(1, most))})

    def number(self):
        held = self.of(ScalarSchema) if self.rng.random() < 0.4 else None
        return held or self.rng.choice([0, 1, 2, -2, 3, 0.5, -1.25, 10])

    def value(self, kind):
        found = None
        while found is None:
            found = cell(self.rng, kind)
        return found.isoformat() if isinstance(found, date) else found

    def filter_value(self, table, column, op):
        held = CallChecker(self.world.catalogue, self.known).table(table).column(column)
        if op in ("is_null", "not_null"):
            return None
        if op in ("in", "not_in", "between"):
            found = [self.value(held.type) for _ in range(2)]
            return tuple(sorted(found) if op == "between" else found)
        if self.rng.random() < 0.3 and (scalar := self.of(ScalarSchema)):
            return scalar
        return self.value(held.type)

    def arguments(self, tool):
        rng, table = self.rng, self.table()
        choose = lambda of: rng.choice(of.__args__)  # noqa: E731
        new = f"n{len(self.steps)}"
        column, order = self.column(table), self.columns(table)
        partition = self.columns(table) if rng.random() < 0.5 else ()
        op = {"filter_rows": FilterOp, "aggregate_column": ColumnOp}.get(tool)
        made = {
            "select_columns": lambda: dict(table=table, columns=self.columns(table, 6)),
            "filter_rows": lambda: dict(table=table, column=column, op=(one := choose(op)),
                                        value=self.filter_value(table, column, one)),
            "filter_by_column": lambda: dict(table=table, left_column=column, op="lt",
                                             right_column=self.column(table)),
            "combine_rows": lambda: dict(left=table, right=self.table(),
                                         mode=rng.choice(["union", "intersection", "difference"])),
            "sort_rows": lambda: dict(table=table, keys=order,
                                      directions=[rng.choice(["asc", "desc"]) for _ in order]),
            "take_rows": lambda: dict(table=table, n=rng.randint(1, 9),
                                      end=rng.choice(["first", "last"])),
            "distinct_rows": lambda: dict(table=table, columns=order),
            "join_tables": lambda: dict(left=table, right=(other := self.table()),
                                        on=[dict(left=column, right=self.column(other))],
                                        kind=rng.choice(["inner", "left", "semi", "anti"])),
            "derive_arithmetic": lambda: dict(
                table=table, new_column=new, op=(one := choose(ArithmeticOp)), a=column,
                b=None if one in ("abs", "neg") else
                rng.choice([self.column(table), self.number()])),
            "derive_date_part": lambda: dict(
                table=table, new_column=new, column=column,
                part=rng.choice(["year", "quarter", "month", "day", "weekday", "hour"])),
            "derive_date_diff": lambda: dict(
                table=table, new_column=new, a=column, b=self.column(table),
                unit=rng.choice(["minutes", "hours", "days", "weeks", "months", "years"])),
            "derive_bin": lambda: dict(table=table, new_column=new, column=column,
                                       edges=sorted(rng.sample([-7, -2.5, 0, 1, 3, 7], 3))),
            "derive_rank": lambda: dict(table=table, new_column=new, column=column,
                                        partition_by=partition,
                                        method=rng.choice(["dense", "min", "ordinal"]),
                                        direction=rng.choice(["asc", "desc"])),
            "derive_cumulative": lambda: dict(
                table=table, new_column=new, column=column, order_by=order, partition_by=partition,
                op=rng.choice(["sum", "count", "mean", "max", "min"])),
            "derive_shift": lambda: dict(table=table, new_column=new, column=column, order_by=order,
                                         partition_by=partition, periods=rng.randint(-3, 3)),
            "group_aggregate": lambda: dict(
                table=table, keys=order,
                aggregates=[dict(name=f"{new}_{at}", op=(one := choose(AggregateOp)),
                                 column=self.column(table),
                                 q=0.3 if one == "quantile" else None)
                            for at in range(rng.randint(1, 3))]),
            "aggregate_column": lambda: dict(table=table, column=column, op=(one := choose(op)),
                                             q=0.75 if one == "quantile" else None),
            "count_rows": lambda: dict(table=table),
            "pivot_table": lambda: dict(table=table, index=order, columns=self.column(table),
                                        values=column, op=rng.choice(["count", "sum", "median"])),
            "correlate": lambda: dict(table=table, x=column, y=self.column(table),
                                      method=rng.choice(["pearson", "spearman"])),
            "get_value": lambda: dict(table=table, row_position=rng.randint(1, 4), column=column),
            "scalar_arithmetic": lambda: dict(
                op=(one := choose(ScalarOp)), a=self.number(),
                b=None if one == "abs" else rng.randint(0, 3) if one == "round"
                else self.number()),
            "compare_scalars": lambda: dict(op=rng.choice(["eq", "lt", "ge", "ne"]),
                                            a=self.number(), b=self.number()),
        }[tool]  # fmt: skip
        return TOOLS[tool].model_validate(made())

    def step(self, tools):
        name = f"s{len(self.steps)}"
        checker = CallChecker(self.world.catalogue, self.known)
        for attempt in count():
            if attempt % 20 == 0:
                tool = self.rng.choice(tools)
            try:
                call = self.arguments(tool)
                self.known[name] = checker.result(call, name)
                break
            except (CallError, ValueError):
                continue
        self.steps.append(ProgramStep(name, call))


COMPUTING = [t for t in TOOLS if t not in ("list_tables", "describe_table", "submit_answer")]


def random_program(rng, world, steps=None):
    drawing = Drawing(rng, world)
    for _ in range(steps or rng.randint(1, 8)):
        drawing.step(COMPUTING)
    return Program(tuple(drawing.steps))


def random_case(seed):
    rng = Random(seed)
    world = random_world(rng)
    return world, random_program(rng, world)
