"""Form `json`: one object a reply, ``{"tool": …, "arguments": {…}}`` or ``{"answer": …}``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from llmx.core import json_text
from llmx.core.record import ToolCall, ToolSpec
from llmx.dialogue.agent.call_format import CallFormat, ReadReply, documented, written_json

_FENCE = re.compile(r"```(?:json)?[ \t]*\n(.*)\n```\s*", re.DOTALL)
_ASKED = 'one JSON object: {"tool": NAME, "arguments": {…}}, or {"answer": TEXT} to answer'


class JsonFormat(CallFormat):
    """One object; what stands before it is thinking."""

    kind: ClassVar[str] = "json"

    def told(self, tools: Sequence[ToolSpec]) -> str:
        """Return the tools and the form."""
        return f"{documented(tools)}\n\nReply with {_ASKED}. Call one tool at a time."

    def schema(self, tools: Sequence[ToolSpec]) -> dict[str, Any] | None:
        """Return a call of one of the tools, with arguments that fit it, or an answer."""
        answer = an_object(answer={"type": "string"})
        return {"anyOf": [*map(called, tools), answer]}

    def read_text(self, text: str) -> ReadReply:
        """Return the call; a text without any object is an answer."""
        before, found = held_object(text)
        if found is None:
            return ReadReply(answer=text.strip())
        if isinstance(found, ValueError):
            return ReadReply(fault=f"The reply is not {_ASKED}. Nothing may stand behind it.")
        if found.keys() == {"answer"}:
            answer = found["answer"]
            return ReadReply(answer=answer if isinstance(answer, str) else written_json(answer))
        call = read_step(found)
        if call is None or found.keys() - {"tool", "arguments"}:
            return ReadReply(fault=f"The reply is not {_ASKED}.")
        return ReadReply((call,), before)

    def written(self, calls: Sequence[ToolCall]) -> str:
        """Return the call.

        Raises:
            ValueError: for arguments that are no object of JSON, or several calls.
        """
        (call,) = calls
        return written_json(step_of(call))


def an_object(**properties: Any) -> dict[str, Any]:
    """Return the schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def called(tool: ToolSpec) -> dict[str, Any]:
    """Return the schema of a call of a tool."""
    return an_object(tool={"const": tool.name}, arguments=tool.parameters)


def held_object(text: str) -> tuple[str, dict[str, Any] | ValueError | None]:
    """Return what stands before a text's object, and the object that it ends with.

    In its place: None where nothing begins one, an error where what begins is none.
    """
    if fenced := _FENCE.search(text):
        before, held = text[: fenced.start()], fenced[1] + text[fenced.end() :]
    else:
        start = text.find("{")
        if start < 0:
            return text, None
        before, held = text[:start], text[start:]
    try:
        found = json_text.parse(held, exact=True)
    except ValueError as error:
        return before, error
    return before.strip(), found if isinstance(found, dict) else ValueError("no object")


def read_step(found: Any) -> ToolCall | None:
    """Return the call that ``{"tool": …, "arguments": {…}}`` is; None where it is none."""
    if not isinstance(found, dict) or not isinstance(found.get("tool"), str):
        return None
    arguments = found.get("arguments", {})
    if not isinstance(arguments, dict):
        return None
    return ToolCall(id="", name=found["tool"], arguments=written_json(arguments))


def step_of(call: ToolCall) -> dict[str, Any]:
    """Return a call as an object.

    Raises:
        ValueError: for arguments that are no object of JSON.
    """
    arguments = json_text.parse(call.arguments, exact=True)
    if not isinstance(arguments, dict):
        raise ValueError("arguments are no object")
    return {"tool": call.name, "arguments": arguments}
