"""Is every call of a program needed? A step that can be left out makes a question look harder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from llmx.papers.indata.answers import as_answer, equal
from llmx.papers.indata.arguments import AnswerType, Handle
from llmx.papers.indata.executors.executor import Executor
from llmx.papers.indata.program import Program, ProgramStep
from llmx.papers.indata.schema import CallError

_PASSED_BY = {
    "select_columns": ("table",),
    "filter_rows": ("table",),
    "filter_by_column": ("table",),
    "combine_rows": ("left", "right"),
    "sort_rows": ("table",),
    "take_rows": ("table",),
    "distinct_rows": ("table",),
    "join_tables": ("left",),
    "derive_arithmetic": ("table",),
    "derive_bin": ("table",),
    "derive_rank": ("table",),
    "derive_cumulative": ("table",),
    "derive_shift": ("table",),
    "scalar_arithmetic": ("a", "b"),
}
"""Inputs that can stand in for a result; other calls are needed by their type."""


def replaced(held: Any, name: str, by: Any) -> Any:
    """Return arguments in which one handle stands for something else."""
    if isinstance(held, Handle):
        return by if held.handle == name else held
    if isinstance(held, BaseModel):
        fields = type(held).model_fields
        changed = {field: replaced(getattr(held, field), name, by) for field in fields}
        return held.model_copy(update=changed)
    return tuple(replaced(one, name, by) for one in held) if isinstance(held, tuple) else held


def without(program: Program, name: str, by: Any) -> Program | None:
    """Return a program in which an input stands for the result of a step; None if none is left."""
    steps = [
        ProgramStep(step.name, replaced(step.arguments, name, by))
        for step in program.steps
        if step.name != name
    ]
    if program.answer.name != name:
        return Program(tuple(steps))
    if not isinstance(by, Handle):
        return None
    names = [step.name for step in steps]
    return Program(tuple(steps[: names.index(by.handle) + 1]))


def neutral(step: ProgramStep) -> list[ProgramStep]:
    """Return what a step becomes where it computes nothing: the plain column for a derived one."""
    if step.tool != "derive_arithmetic":
        return []
    given: Any = step.arguments
    sides = [side for side in (given.a, given.b) if isinstance(side, str)]
    changes = [{"op": "add", "a": side, "b": 0} for side in sides]
    return [replace(step, arguments=given.model_copy(update=change)) for change in changes]


def decorative(
    program: Program, executor: Executor[Any], answer_type: AnswerType, answer: Any
) -> str | None:
    """Return the name of a step that changes nothing, None where every step is needed."""
    if answer_type == "boolean":
        return _unmoved(program, executor)
    for step in program.steps:
        for other in _variants(program, step):
            if _comes_to(other, executor, answer_type, answer):
                return step.name
    return None


def _unmoved(program: Program, executor: Executor[Any]) -> str | None:
    """Return a step that moves neither side of a comparison: yes or no often stays by chance."""
    sides = _sides(program, executor)
    for step in program.steps[:-1]:
        for other in _variants(program, step):
            try:
                found = _sides(other, executor)
            except CallError:
                continue
            if all(equal(one, two, "float") for one, two in zip(found, sides, strict=True)):
                return step.name
    return None


def _sides(program: Program, executor: Executor[Any]) -> tuple[Any, ...]:
    results = executor.program(program)
    return tuple(results[name].value for name in program.answer.needs)


def _variants(program: Program, step: ProgramStep) -> list[Program]:
    found = []
    for field in _PASSED_BY.get(step.tool, ()):
        by = getattr(step.arguments, field)
        if by is not None and (shorter := without(program, step.name, by)) is not None:
            found.append(shorter)
    for other in neutral(step):
        steps = tuple(other if one.name == step.name else one for one in program.steps)
        found.append(Program(steps))
    return found


def _comes_to(
    program: Program, executor: Executor[Any], answer_type: AnswerType, answer: Any
) -> bool:
    try:
        found = as_answer(executor.answer(program), answer_type)
    except (CallError, ValueError):
        return False
    return equal(found, answer, answer_type)
