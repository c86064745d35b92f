"""Polars expressions of what tools compute, with the conventions that decide answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmx.papers.indata.literals import MOST_WHOLE
from llmx.papers.indata.schema import DataColumn

if TYPE_CHECKING:
    from polars import Expr


def compared(one: Any, op: str, other: Any) -> Any:
    """Compare two values, or two expressions."""
    match op:
        case "eq":
            return one == other
        case "ne":
            return one != other
        case "lt":
            return one < other
        case "le":
            return one <= other
        case "gt":
            return one > other
    return one >= other


def predicate(held: Expr, op: str, values: list[Any]) -> Expr:
    """Return the condition of a filter; with a missing value it is not true."""
    import polars as pl

    found: Expr
    match op:
        case "is_null":
            found = held.is_null()
        case "not_null":
            found = held.is_not_null()
        case "in":
            found = pl.any_horizontal([held == value for value in values])
        case "not_in":
            found = pl.all_horizontal([held != value for value in values])
        case "between":
            found = (held >= values[0]) & (held <= values[1])
        case "contains":
            found = held.str.contains(values[0], literal=True)
        case "starts_with":
            found = held.str.starts_with(values[0])
        case _:
            found = compared(held, op, pl.lit(values[0]))
    return found


def _fitting(found: Expr, whole: bool) -> Expr:
    """Return a result, missing where it is no finite number, or not below 2^53 if whole."""
    import polars as pl

    if whole:
        return pl.when(found.cast(pl.Float64).abs() <= MOST_WHOLE).then(found)
    return pl.when(found.is_finite()).then(found)


def arithmetic(op: str, operands: list[Expr], column: DataColumn) -> Expr:
    """Return a computation with one or two columns, of whole numbers or of floats."""
    import polars as pl

    whole = column.type == "int"
    one, other = operands[0], operands[-1]
    match op:
        case "abs":
            return one.abs()
        case "neg":
            return -one
        case "min" | "max":
            first = one <= other if op == "min" else one >= other
            both = one.is_not_null() & other.is_not_null()
            return pl.when(both & first).then(one).when(both).then(other)
        case "mul" if whole:
            product = one.cast(pl.Float64) * other.cast(pl.Float64)
            return pl.when(product.abs() <= MOST_WHOLE).then(product).cast(pl.Int64)
        case "add" | "sub" | "mul":
            found = {"add": one + other, "sub": one - other, "mul": one * other}[op]
            return _fitting(found, whole)
    down = one // other if whole else (one / other).floor()
    found = {"div": one / other, "floordiv": down, "mod": one - other * down}[op]
    return _fitting(pl.when(other != 0).then(found), whole)


_SECONDS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def difference(a_name: str, b_name: str, unit: str, timed: bool) -> Expr:
    """Return how many whole units lie from one date to another, cut toward zero."""
    import polars as pl

    one, other = pl.col(a_name), pl.col(b_name)
    gap = _seconds(other, timed) - _seconds(one, timed)
    if unit in _SECONDS:
        return _toward_zero(gap, _SECONDS[unit])
    months = 12 * (_part(other, "year") - _part(one, "year"))
    months = months + _part(other, "month") - _part(one, "month")
    early, late = _within_month(one, timed), _within_month(other, timed)
    short = pl.when(gap >= 0).then(-(late < early).cast(pl.Int64))
    months = months + short.otherwise((late > early).cast(pl.Int64))
    return _toward_zero(months, 12) if unit == "years" else months


def _toward_zero(found: Expr, size: int) -> Expr:
    import polars as pl

    down = found.abs() // size
    return pl.when(found < 0).then(-down).otherwise(down)


def _part(column: Expr, part: str) -> Expr:
    import polars as pl

    found: Expr = getattr(column.dt, part)()
    return found.cast(pl.Int64)


def _seconds(column: Expr, timed: bool) -> Expr:
    import polars as pl

    return column.dt.epoch("s") if timed else column.cast(pl.Int64) * 86_400


def _within_month(column: Expr, timed: bool) -> Expr:
    day = _part(column, "day") * 86_400
    if not timed:
        return day
    clock = _part(column, "hour") * 3600 + _part(column, "minute") * 60
    return day + clock + _part(column, "second")


def running(held: Expr, op: str, partition: Sequence[str], column: DataColumn) -> Expr:
    """Return a running value over rows in their order, missing values passed over."""
    import polars as pl

    total = held.cum_sum() if op in ("sum", "mean") else held
    match op:
        case "count":
            found = held.cum_count().cast(pl.Int64)
        case "sum":
            found = total.forward_fill()
        case "mean":
            found = total.forward_fill() / held.cum_count()
        case "max":
            found = held.cum_max().forward_fill()
        case _:
            found = held.cum_min().forward_fill()
    found = found.over(partition) if partition else found
    return _fitting(found, column.type == "int") if op in ("sum", "mean") else found


def aggregate(
    column: DataColumn | None,
    op: str,
    q: float | None,
    where: Expr | None = None,
    total: Any = None,
) -> Expr:
    """Return the expression of an aggregate, over all values or those of some rows.

    Args:
        total: of share_of_total, the sum over all groups.
    """
    import polars as pl

    if column is None:
        return pl.len().cast(pl.Int64)
    held = pl.col(column.name)
    held = held if where is None else held.filter(where.fill_null(False))
    match op:
        case "count":
            return held.count().cast(pl.Int64)
        case "count_distinct":
            return held.drop_nulls().n_unique().cast(pl.Int64)
        case "sum" if column.type == "int":
            rough = held.cast(pl.Float64).sum()
            return pl.when(rough.abs() <= MOST_WHOLE).then(held.sum())
        case "sum":
            return _fitting(held.sum(), False)
        case "share_of_total":
            return _fitting(pl.when(total != 0).then(held.sum() / pl.lit(total, pl.Float64)), False)
        case "min":
            return held.min()
        case "max":
            return held.max()
        case "quantile":
            return held.cast(pl.Float64).quantile(q or 0.0, "linear")
        case "median":
            return held.cast(pl.Float64).median()
        case "mean":
            return held.cast(pl.Float64).mean()
        case "std":
            return held.cast(pl.Float64).std(ddof=1)
    return held.cast(pl.Float64).var(ddof=1)
