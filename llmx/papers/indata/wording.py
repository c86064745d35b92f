"""What a model is told: the rule, the catalogue, the conventions, the form of an answer, hints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from llmx.papers.indata.arguments import TOOLS, AnswerType
from llmx.papers.indata.schema import Catalogue

Hints = Literal["none", "tools", "steps", "plan"]

RULE = (
    "You analyse data that you cannot see. You work with the given tools alone: you write no code, "
    "and you see no rows. A tool returns a handle; a later call refers to it as "
    '{"handle": "…"}. A plain text names a table of the catalogue, or a column.'
)
CONVENTIONS = (
    "A comparison with a missing value is false. Aggregates pass missing values over; over nothing "
    "count and sum are 0 and all else is missing. Division by zero is missing. std and var are of "
    "a sample (n - 1); quantiles are interpolated linearly. Sorting is stable, missing values come "
    "last. floordiv rounds down, mod has the sign of the divisor. round takes halves away from "
    "zero. Whole units of time are cut toward zero; weekday is 1 on Monday. Percent and fraction "
    "are different answers."
)
_FORMS: dict[str, str] = {
    "integer": "a whole number",
    "float": "a number",
    "boolean": "true or false",
    "string": "a label",
    "date": "a date as YYYY-MM-DD",
    "list": "a JSON list, in order",
    "set": "a JSON list, in any order",
    "mapping": "a JSON object",
}


def catalogue_text(catalogue: Catalogue) -> str:
    """Return the catalogue as text: a line a table, and a line a column."""
    lines = []
    for table in catalogue.tables:
        lines.append(f"Table {table.name}: {table.description}")
        for column in table.columns:
            about = [column.type, column.unit, "may be missing" if column.nullable else ""]
            values = f" [{', '.join(column.values)}]" if column.values else ""
            said = ", ".join(filter(None, about))
            lines.append(f"  {column.name} ({said}){values}: {column.description}")
    return "\n".join(lines)


def system_text(catalogue: Catalogue) -> str:
    """Return the system message."""
    return f"{RULE}\n\n{catalogue_text(catalogue)}\n\n{CONVENTIONS}"


def form_text(answer_type: AnswerType) -> str:
    """Return what an answer has to look like."""
    unknown = "or cannot_be_determined if these tables and tools do not allow it"
    return f'End with a line "Answer: …": {_FORMS[answer_type]}, {unknown}.'


def hint_text(program: Sequence[Mapping[str, Any]], hints: Hints) -> str:
    """Return a hint about the gold program; empty for ``none``."""
    match hints:
        case "tools":
            names = list(dict.fromkeys(step["tool"] for step in program))
            return f"Hint: the tools {', '.join(names)} are enough."
        case "steps":
            return f"Hint: {len(program)} calls are enough."
        case "plan":
            return "Hint: " + " ".join(
                f"{at}. {step_text(step)}." for at, step in enumerate(program, 1)
            )
    return ""


def step_text(step: Mapping[str, Any]) -> str:
    """Return a call in words, with the constants that it holds."""
    about = "; ".join(
        f"{name} {_said(value)}" for name, value in step["arguments"].items() if value is not None
    )
    return f"{step['tool'].replace('_', ' ').capitalize()} ({about}), giving {step['name']}"


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        held = [_said(one) for one in value.values() if one is not None]
        return " ".join(held)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_said(one) for one in value)
    return str(value)


def tool_text(name: str) -> str:
    """Return what a tool does, as its documentation says it."""
    return " ".join((TOOLS[name].__doc__ or "").split())
