"""Policies without a model, as controls: the gold program, words, chance, and no tool at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from llmx.papers.indata.answers import UNKNOWN, as_answer
from llmx.papers.indata.arguments import TOOLS, AnswerType, Handle
from llmx.papers.indata.check import schemas
from llmx.papers.indata.executors.executor import Executor
from llmx.papers.indata.program import Program, ProgramStep, read_program
from llmx.papers.indata.schema import NUMBERS, CallError, Catalogue, DataColumn

Metadata = Mapping[str, Any]
"""Of a sample of data kind ``indata``."""
ScriptedPolicy = Callable[[Metadata, Executor[Any], Random], Any]
"""(metadata, executor of its world, random numbers) -> an answer as a JSON value, or None."""


def run_program(program: Program, executor: Executor[Any], answer_type: AnswerType) -> Any:
    """Return what a program comes to as an answer of a type; None where it comes to none."""
    try:
        return as_answer(executor.answer(program), answer_type)
    except (CallError, ValueError):
        return None


def oracle_plan(told: Metadata, executor: Executor[Any], rng: Random) -> Any:
    """Run the gold program; where it cannot run, for want of a column or a tool, say so."""
    program = read_program(told["program"])
    lacking = told["without"].get("tool")
    if lacking is not None and any(step.tool == lacking for step in program.steps):
        return UNKNOWN
    try:
        schemas(program, executor.world.catalogue)
    except CallError:
        return UNKNOWN
    return run_program(program, executor, told["answer_type"])


def keyword(told: Metadata, executor: Executor[Any], rng: Random) -> Any:
    """Filter by a label that the question names, aggregate the column that shares most words."""
    asked = told["asked"].lower()
    catalogue = executor.world.catalogue
    events = catalogue.tables[0]
    steps: list[ProgramStep] = []
    table: str | Handle = events.name
    for column in events.columns:
        for value in column.values:
            if re.search(rf"\b{re.escape(value)}\b", asked) and not steps:
                given = {"table": table, "column": column.name, "op": "eq", "value": value}
                steps.append(_step("filter_rows", given, steps))
                table = Handle(handle=steps[-1].name)
    steps.append(_last(asked, table, events.columns, steps))
    return run_program(Program(tuple(steps)), executor, told["answer_type"])


_OPS = {"median": "median", "largest": "max", "smallest": "min", "total": "sum", "mean": "mean"}


def _last(
    asked: str, table: str | Handle, columns: tuple[DataColumn, ...], steps: list[ProgramStep]
) -> ProgramStep:
    numbers = [column for column in columns if column.type in NUMBERS]
    if asked.startswith("how many") or not numbers:
        return _step("count_rows", {"table": table}, steps)
    words = set(re.findall(r"[a-z]+", asked))
    best = max(numbers, key=lambda c: len(words & set(c.description.lower().split())))
    op = next((op for word, op in _OPS.items() if word in asked), "mean")
    return _step("aggregate_column", {"table": table, "column": best.name, "op": op}, steps)


def _step(tool: str, given: Mapping[str, Any], steps: list[ProgramStep]) -> ProgramStep:
    return ProgramStep(f"s{len(steps) + 1}", TOOLS[tool].model_validate(dict(given)))


def random_tool(told: Metadata, executor: Executor[Any], rng: Random) -> Any:
    """Aggregate a column that is drawn, with an operator that is drawn."""
    events = executor.world.catalogue.tables[0]
    numbers = [column.name for column in events.columns if column.type in NUMBERS]
    op = rng.choice(["count", "sum", "mean", "median", "min", "max"])
    given = {"table": events.name, "column": rng.choice(numbers), "op": op}
    program = Program((_step("aggregate_column", given, []),))
    return run_program(program, executor, told["answer_type"])


def no_tool(told: Metadata, executor: Executor[Any], rng: Random) -> Any:
    """Guess from the catalogue: yes or no, one of its labels, or a number."""
    catalogue: Catalogue = executor.world.catalogue
    labels = [v for table in catalogue.tables for c in table.columns for v in c.values]
    guesses: dict[str, Any] = {
        "boolean": rng.random() < 0.5,
        "string": rng.choice(labels),
        "integer": rng.randint(1, 1000),
        "float": round(rng.uniform(0, 100), 2),
    }
    return guesses.get(told["answer_type"])


POLICIES: dict[str, ScriptedPolicy] = {
    "oracle_plan": oracle_plan,
    "keyword": keyword,
    "random_tool": random_tool,
    "no_tool": no_tool,
}
"""By name."""
