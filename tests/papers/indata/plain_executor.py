"""The third executor: plain Python, slow and obvious, the oracle of the two that are used."""

from dataclasses import dataclass
from datetime import datetime
from math import floor, isfinite
from operator import eq, ge, gt, le, lt, ne
from statistics import mean, median

from llmx.papers.indata.check import filter_values, joined
from llmx.papers.indata.executors.executor import Executor

COMPARE = {"eq": eq, "ne": ne, "lt": lt, "le": le, "gt": gt, "ge": ge}
MOST = 2**53 - 1


@dataclass
class PlainTable:
    """Rows as dictionaries, each with its identity under the key None."""

    rows: list


def fitting(value, whole):
    if value is None:
        return None
    if whole:
        return value if abs(value) <= MOST else None
    return float(value) if isfinite(value) else None


def computed(op, one, other, whole):
    if one is None or (other is None and op not in ("abs", "neg")):
        return None
    if not whole:
        one, other = float(one), None if other is None else float(other)
    if op in ("div", "floordiv", "mod") and other == 0:
        return None
    try:
        found = {
            "add": lambda: one + other,
            "sub": lambda: one - other,
            "mul": lambda: one * other,
            "div": lambda: one / other,
            "floordiv": lambda: one // other if whole else float(floor(one / other)),
            "mod": lambda: one % other if whole else one - other * floor(one / other),
            "abs": lambda: abs(one),
            "neg": lambda: -one,
            "min": lambda: min(one, other),
            "max": lambda: max(one, other),
        }[op]()
    except OverflowError:
        return None
    return fitting(found, whole)


def aggregated(values, op, q=None, total=None, whole=False):
    held = [value for value in values if value is not None]
    if op == "count":
        return len(held)
    if op == "count_distinct":
        return len(set(held))
    if op == "sum":
        return fitting(sum(held), whole)
    if op == "share_of_total":
        return fitting(sum(held) / total, False) if total else None
    if not held or (op in ("std", "var") and len(held) < 2):
        return None
    if op in ("min", "max"):
        return {"min": min, "max": max}[op](held)
    held = [float(value) for value in held]
    if op == "mean":
        return sum(held) / len(held)
    if op == "median":
        return median(held)
    if op == "quantile":
        held.sort()
        at = q * (len(held) - 1)
        low = floor(at)
        high = min(low + 1, len(held) - 1)
        return held[low] + (at - low) * (held[high] - held[low])
    middle = sum(held) / len(held)
    var = sum((value - middle) ** 2 for value in held) / (len(held) - 1)
    return var**0.5 if op == "std" else var


def nulls_last(value, down=False):
    return (value is None, 0 if value is None else value)


def in_order(rows, names, downs=None):
    """Sort stably by several keys, each with its direction, nulls last in both."""
    found = list(rows)
    downs = downs or [False] * len(names)
    for name, down in reversed(list(zip(names, downs, strict=True))):
        held = [row for row in found if row[name] is not None]
        lost = [row for row in found if row[name] is None]
        ordered = sorted(held, key=lambda row: row[name])
        if down:
            ordered = sorted(reversed(held), key=lambda row: row[name])[::-1]
        found = ordered + lost
    return found


def grouped(rows, keys):
    found = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return dict(sorted(found.items(), key=lambda pair: [nulls_last(one) for one in pair[0]]))


def seconds(moment):
    whole = datetime(moment.year, moment.month, moment.day)
    clock = (
        (moment.hour, moment.minute, moment.second) if isinstance(moment, datetime) else (0,) * 3
    )
    days = (whole - datetime(1970, 1, 1)).days
    return days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]


def difference(one, other, unit):
    if one is None or other is None:
        return None
    if seconds(other) < seconds(one):
        return -difference(other, one, unit)
    size = {"minutes": 60, "hours": 3600, "days": 86400, "weeks": 7 * 86400}
    if unit in size:
        return (seconds(other) - seconds(one)) // size[unit]
    months = 12 * (other.year - one.year) + other.month - one.month
    start = [seconds(day) - seconds(day.replace(day=1)) for day in (one, other)]
    if isinstance(one, datetime):
        start = [seconds(d) - seconds(datetime(d.year, d.month, 1)) for d in (one, other)]
    months -= start[1] < start[0]
    return months if unit == "months" else months // 12


class PlainExecutor(Executor):
    kind = "plain"

    def base(self, name):
        cells = self.world.tables[name]
        count = len(next(iter(cells.values())))
        return PlainTable([{None: at, **{c: cells[c][at] for c in cells}} for at in range(count)])

    def rows(self, table, schema):
        return [tuple(row[name] for name in schema.names) for row in table.rows]

    def select_columns(self, call, on, made):
        kept = (None, *call.columns)
        return PlainTable([{name: row[name] for name in kept} for row in on.table(call.table).rows])

    def filter_rows(self, call, on, made):
        column = on.schema(call.table).column(call.column)
        values = [on.scalar(one) for one in filter_values(on.check, call, column)]

        def keeps(row):
            held = row[call.column]
            if call.op in ("is_null", "not_null"):
                return (held is None) == (call.op == "is_null")
            if held is None or None in values:
                return False
            if call.op in ("in", "not_in"):
                return (held in values) == (call.op == "in")
            if call.op == "between":
                return values[0] <= held <= values[1]
            if call.op == "contains":
                return values[0] in held
            if call.op == "starts_with":
                return held.startswith(values[0])
            return COMPARE[call.op](held, values[0])

        return PlainTable([row for row in on.table(call.table).rows if keeps(row)])

    def filter_by_column(self, call, on, made):
        pairs = [(row, row[call.left_column], row[call.right_column])
                 for row in on.table(call.table).rows]  # fmt: skip
        kept = [row for row, one, other in pairs
                if None not in (one, other) and COMPARE[call.op](one, other)]  # fmt: skip
        return PlainTable(kept)

    def combine_rows(self, call, on, made):
        left = {row[None]: row for row in on.table(call.left).rows}
        right = {row[None]: row for row in on.table(call.right).rows}
        ids = {"union": left.keys() | right.keys(), "intersection": left.keys() & right.keys(),
               "difference": left.keys() - right.keys()}[call.mode]  # fmt: skip
        return PlainTable([left.get(one, right.get(one)) for one in sorted(ids)])

    def sort_rows(self, call, on, made):
        downs = [way == "desc" for way in call.directions]
        return PlainTable(in_order(on.table(call.table).rows, call.keys, downs))

    def take_rows(self, call, on, made):
        rows = on.table(call.table).rows
        return PlainTable(rows[: call.n] if call.end == "first" else rows[-call.n :])

    def _new(self, rows):
        return PlainTable([{**row, None: at} for at, row in enumerate(rows)])

    def distinct_rows(self, call, on, made):
        groups = grouped(on.table(call.table).rows, call.columns)
        return self._new([dict(zip(call.columns, key, strict=True)) for key in groups])

    def join_tables(self, call, on, made):
        left, right = on.table(call.left).rows, on.table(call.right).rows
        rows = []
        if call.kind in ("inner", "left"):
            names = joined(on.schema(call.left), on.schema(call.right), call)
        for row in left:
            found = [other for other in right
                     if all(row[k.left] is not None and row[k.left] == other[k.right]
                            for k in call.on)]  # fmt: skip
            if call.kind in ("semi", "anti"):
                if bool(found) == (call.kind == "semi"):
                    rows.append(row)
                continue
            if not found and call.kind == "left":
                found = [{column.name: None for column, _ in names}]
            moved = [{shown: other[c.name] for c, shown in names} for other in found]
            rows += [{**row, **cells} for cells in moved]
        return PlainTable(rows) if call.kind in ("semi", "anti") else self._new(rows)

    def _derived(self, call, on, function):
        rows = on.table(call.table).rows
        return PlainTable([{**row, call.new_column: function(row)} for row in rows])

    def derive_arithmetic(self, call, on, made):
        whole = made.column(call.new_column).type == "int"

        def value(given, row):
            return row[given] if isinstance(given, str) else on.scalar(given)

        return self._derived(
            call,
            on,
            lambda row: computed(
                call.op, value(call.a, row), None if call.b is None else value(call.b, row), whole
            ),
        )

    def derive_date_part(self, call, on, made):
        def part(row):
            day = row[call.column]
            if day is None:
                return None
            if call.part == "weekday":
                return day.isoweekday()
            return (day.month + 2) // 3 if call.part == "quarter" else getattr(day, call.part)

        return self._derived(call, on, part)

    def derive_date_diff(self, call, on, made):
        return self._derived(call, on, lambda row: difference(row[call.a], row[call.b], call.unit))

    def derive_bin(self, call, on, made):
        def place(row):
            pairs = zip(call.edges, call.edges[1:], strict=False)
            for at, (low, high) in enumerate(pairs):
                if row[call.column] is not None and low <= row[call.column] < high:
                    return at
            return None

        return self._derived(call, on, place)

    def _window(self, call, on, order, function):
        """function(rows of a partition in order) -> a value a row."""
        rows = on.table(call.table).rows
        found = {}
        for group in grouped(rows, call.partition_by).values():
            ordered = in_order(group, order)
            for row, value in zip(ordered, function(ordered), strict=True):
                found[id(row)] = value
        return PlainTable([{**row, call.new_column: found[id(row)]} for row in rows])

    def derive_rank(self, call, on, made):
        down = call.direction == "desc"

        def ranks(rows):
            values = [row[call.column] for row in rows]
            known = sorted({v for v in values if v is not None}, reverse=down)
            held = [v for v in values if v is not None]
            before = {v: sum((o > v) if down else (o < v) for o in held) for v in known}
            seen = {}
            for value in values:
                if value is None:
                    yield None
                    continue
                at = seen[value] = seen.get(value, 0) + 1
                yield {"dense": known.index(value) + 1, "min": before[value] + 1,
                       "ordinal": before[value] + at}[call.method]  # fmt: skip

        return self._window(call, on, (), ranks)

    def derive_cumulative(self, call, on, made):
        whole = made.columns[-1].type == "int"

        def running(rows):
            for at in range(len(rows)):
                held = [row[call.column] for row in rows[: at + 1]]
                known = [value for value in held if value is not None]
                lost = not known and call.op != "count"
                yield None if lost else aggregated(known, call.op, whole=whole)

        return self._window(call, on, call.order_by, running)

    def derive_shift(self, call, on, made):
        def shifted(rows):
            for at in range(len(rows)):
                inside = 0 <= at - call.periods < len(rows)
                yield rows[at - call.periods][call.column] if inside else None

        return self._window(call, on, call.order_by, shifted)

    def group_aggregate(self, call, on, made):
        rows = on.table(call.table).rows
        schema = on.schema(call.table)
        found = []
        for key, group in grouped(rows, call.keys).items():
            row = dict(zip(call.keys, key, strict=True))
            for one in call.aggregates:
                if one.column is None:
                    row[one.name] = len(group)
                    continue
                total = None
                if one.op == "share_of_total":
                    total = sum(r[one.column] for r in rows if r[one.column] is not None)
                whole = schema.column(one.column).type == "int"
                values = [r[one.column] for r in group]
                row[one.name] = aggregated(values, one.op, one.q, total, whole)
            found.append(row)
        return self._new(found)

    def aggregate_column(self, call, on, made):
        values = [row[call.column] for row in on.table(call.table).rows]
        return aggregated(values, call.op, call.q, whole=made.type == "int")

    def count_rows(self, call, on, made):
        return len(on.table(call.table).rows)

    def pivot_table(self, call, on, made):
        schema = on.schema(call.table)
        whole = schema.column(call.values).type == "int"
        found = []
        for key, group in grouped(on.table(call.table).rows, call.index).items():
            row = dict(zip(call.index, key, strict=True))
            for label in schema.column(call.columns).values:
                values = [r[call.values] for r in group if r[call.columns] == label]
                row[label] = aggregated(values, call.op, whole=whole)
            found.append(row)
        return self._new(found)

    def correlate(self, call, on, made):
        pairs = [(row[call.x], row[call.y]) for row in on.table(call.table).rows]
        pairs = [pair for pair in pairs if None not in pair]
        if len(pairs) < 2:
            return None
        x, y = (list(map(float, one)) for one in zip(*pairs, strict=True))
        if call.method == "spearman":
            x, y = ([mean([at for at, o in enumerate(sorted(one)) if o == v]) for v in one]
                    for one in (x, y))  # fmt: skip
        if len(set(x)) == 1 or len(set(y)) == 1:
            return None
        mx, my = mean(x), mean(y)
        up = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
        down = (sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y)) ** 0.5
        return up / down if down else None

    def get_value(self, call, on, made):
        rows = on.table(call.table).rows
        return rows[call.row_position - 1][call.column] if call.row_position <= len(rows) else None

    def scalar_arithmetic(self, call, on, made):
        one, other = on.scalar(call.a), None if call.b is None else on.scalar(call.b)
        whole = made.type == "int"
        if call.op == "round":
            if one is None or whole:
                return one
            scaled = abs(one) * 10.0**other
            return fitting((1 if one >= 0 else -1) * floor(scaled + 0.5) / 10.0**other, False)
        if call.op == "pct_change":
            if None in (one, other) or one == 0:
                return None
            return fitting(100.0 * (other - one) / one, False)
        return computed("div" if call.op == "ratio" else call.op, one, other, whole)

    def compare_scalars(self, call, on, made):
        one, other = on.scalar(call.a), on.scalar(call.b)
        return None not in (one, other) and COMPARE[call.op](one, other)
