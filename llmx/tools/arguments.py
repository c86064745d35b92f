"""From the text of a call to a checked tool, or to an error that says what the schema asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from llmx.core import json_text
from llmx.core.dialogue import CallFault
from llmx.core.record import ToolCall
from llmx.store.files import dumps
from llmx.tools.tool import FailedCallError, Tool

LONGEST = 1 << 18
"""Characters of arguments that are read: no call of good will is longer."""
T = TypeVar("T", bound=Tool)
_RANGES = ("greater_than", "less_than", "too_", "string_", "multiple_of", "finite_number")
_TYPES = ("string_type", "string_unicode", "string_sub_type")


def read_call(call: ToolCall, tools: Mapping[str, type[T]]) -> T:
    """Return the tool that a call names, with its arguments.

    Raises:
        FailedCallError: if there is no such tool, or the arguments do not fit it. The text is a
            function of the tools: it repeats nothing that the call says.
    """
    tool = tools.get(call.name)
    if tool is None:
        raise FailedCallError("unknown_tool", f"There is no such tool. Tools: {', '.join(tools)}.")
    arguments = _arguments(call)
    try:
        # As JSON, so that a list is a tuple and a text a date where a tool has one.
        return tool.model_validate_json(dumps(arguments))
    except ValidationError as error:
        raise _misfit(tool, error) from error


def _arguments(call: ToolCall) -> dict[str, Any]:
    text = "Arguments are one JSON object: no key twice, no NaN, no number beyond a float's range."
    if len(call.arguments) > LONGEST:
        raise FailedCallError("not_json", text)
    try:
        # Models write nothing at all where a tool has no arguments.
        found = json_text.parse(call.arguments.strip() or "{}", exact=True)
    except ValueError as error:
        raise FailedCallError("not_json", text) from error
    if not isinstance(found, dict):
        raise FailedCallError("not_json", text)
    return found


def _misfit(tool: type[Tool], error: ValidationError) -> FailedCallError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    fields, fault = tool.spec().parameters["properties"], fault_of(first["type"])
    names = ", ".join(fields) or "none"
    if fault == "unknown_argument" and len(first["loc"]) == 1:
        return FailedCallError(fault, f"{tool.tool} has no such argument. Arguments: {names}.")
    name = str(first["loc"][0]) if first["loc"] else ""
    if name not in fields:
        # What a tool's own check says is the tool's.
        why = first["msg"].removeprefix("Value error, ") if first["type"] == "value_error" else ""
        text = f"These arguments do not fit {tool.tool}{f' ({why})' if why else ''}."
        return FailedCallError(fault, f"{text} Arguments: {names}.")
    said = "is missing" if fault == "missing_argument" else "does not fit"
    asked = dumps(fields[name])
    return FailedCallError(fault, f"The argument {name} of {tool.tool} {said}: {asked}")


def fault_of(kind: str) -> CallFault:
    """Return which fault an error of pydantic's is, by its type."""
    if kind == "missing":
        return "missing_argument"
    if kind == "extra_forbidden":
        return "unknown_argument"
    if kind in _TYPES:
        return "ill_typed"
    if kind.startswith(_RANGES) or kind in ("literal_error", "enum", "value_error"):
        return "out_of_range"
    return "ill_typed"
