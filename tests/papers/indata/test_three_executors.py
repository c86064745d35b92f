"""Polars, DuckDB and plain Python come to the same, whatever the program."""

from math import isclose

from counts import count
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from plain_executor import PlainExecutor
from random_programs import random_case

from llmx.papers.indata.executors.duckdb_executor import DuckdbExecutor
from llmx.papers.indata.executors.polars_executor import PolarsExecutor

QUIET = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def close(one, other):
    if isinstance(one, list):
        return len(one) == len(other) and all(map(close, one, other))
    if isinstance(one, tuple):
        return all(map(close, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(other) and one == other


@given(st.integers(0, 2**32))
@settings(max_examples=count(60, 5000), deadline=None, suppress_health_check=QUIET)
def test_three_executors_agree_step_by_step(seed):
    world, program = random_case(seed)
    polars = PolarsExecutor(world, watch=True)
    results = polars.program(program)
    others = [engine(world) for engine in (DuckdbExecutor, PlainExecutor)]
    if "near" in polars.doubts:
        return
    for engine in others:
        found = engine.program(program)
        for step in program.steps:
            expected = polars.shown(results[step.name])
            value = engine.shown(found[step.name])
            assert close(value, expected), (engine.kind, step, value, expected)
