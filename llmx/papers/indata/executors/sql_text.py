"""SQL of what tools compute, with the conventions that decide answers; values are parameters."""

from __future__ import annotations

from collections.abc import Sequence

from llmx.papers.indata.literals import MOST_WHOLE
from llmx.papers.indata.schema import DataColumn

OPERATORS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}


def condition(held: str, op: str, values: Sequence[str]) -> str:
    """Return the condition of a filter; with a missing value it is not true."""
    match op:
        case "is_null":
            return f"{held} IS NULL"
        case "not_null":
            return f"{held} IS NOT NULL"
        case "in" | "not_in":
            return f"{held} {'NOT ' if op == 'not_in' else ''}IN ({', '.join(values)})"
        case "between":
            return f"{held} BETWEEN {values[0]} AND {values[1]}"
        case "contains" | "starts_with":
            return f"{op}({held}, {values[0]})"
    return f"{held} {OPERATORS[op]} {values[0]}"


def fitting(found: str, whole: bool) -> str:
    """Return a result, missing where it is no finite number, or not below 2^53 if whole."""
    if whole:
        return f"CASE WHEN abs(({found})::HUGEINT) <= {MOST_WHOLE} THEN ({found}) END"
    return f"CASE WHEN isfinite(({found})::DOUBLE) THEN ({found}) END"


def computed(op: str, named: Sequence[str], whole: bool) -> str:
    """Return a computation with one or two values, of whole numbers or of floats."""
    one, other = named[0], named[-1]
    match op:
        case "abs":
            return f"abs({one})"
        case "neg":
            return f"-({one})"
        case "min" | "max":
            sign = "<=" if op == "min" else ">="
            first = f"WHEN {one} {sign} {other} THEN {one}"
            return f"CASE {first} WHEN {other} {sign} {one} THEN {other} END"
        case "add" | "sub":
            return fitting(f"{one} {'+' if op == 'add' else '-'} {other}", whole)
        case "mul":
            wide = f"{one}::HUGEINT * {other}" if whole else f"{one} * {other}"
            return fitting(wide, whole)
    if whole:
        # `//` cuts toward zero there, and % follows it
        rest = f"((({one}) % ({other})) + ({other})) % ({other})"
        found = rest if op == "mod" else f"(({one}) - ({rest})) // ({other})"
    else:
        down = f"floor({one} / {other})"
        found = {"div": f"{one} / {other}", "floordiv": down, "mod": f"{one} - {other} * {down}"}[
            op
        ]
    return fitting(f"CASE WHEN {other} <> 0 THEN {found} END", whole)


_SECONDS = {"minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}


def difference(one: str, other: str, unit: str) -> str:
    """Return how many whole units lie from one date to another, cut toward zero."""
    gap = f"(epoch({other})::BIGINT - epoch({one})::BIGINT)"
    if unit in _SECONDS:
        return f"sign({gap}) * (abs({gap}) // {_SECONDS[unit]})"
    months = f"(12 * (year({other}) - year({one})) + month({other}) - month({one}))"
    within = [f"(epoch({day}) - epoch(date_trunc('month', {day})))" for day in (one, other)]
    early, late = within
    short = f"(CASE WHEN {gap} >= 0 THEN -({late} < {early})::INT ELSE ({late} > {early})::INT END)"
    months = f"({months} + {short})"
    return months if unit == "months" else f"sign({months}) * (abs({months}) // 12)"


def plain_aggregate(held: str, of: DataColumn, op: str, rows: str) -> str:
    """Return an aggregate of a column; ``rows`` is a FILTER clause or empty."""
    match op:
        case "count" | "min" | "max":
            return f"{op}({held}){rows}"
        case "count_distinct":
            return f"count(DISTINCT {held}){rows}"
        case "sum":
            return fitting(f"coalesce(sum({held}){rows}, 0)", of.type == "int")
    name = {"mean": "avg", "std": "stddev_samp", "var": "var_samp"}.get(op, op)
    return f"{name}({held}::DOUBLE){rows}"


def middle_rank(column: str) -> str:
    """Return the average rank of a column's values."""
    ties = f"count(*) OVER (PARTITION BY {column})"
    return f"rank() OVER (ORDER BY {column}) + ({ties} - 1) / 2.0::DOUBLE"
