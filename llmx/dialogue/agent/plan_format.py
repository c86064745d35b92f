"""Form `plan`: the whole graph of calls in one object, made without feedback in between.

A step refers to what an earlier one gave by ``{"ref": ID}`` in the place of an argument, so that a
reference is never taken for a text that looks like one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from llmx.core import json_text
from llmx.core.record import ToolCall, ToolSpec
from llmx.dialogue.agent.call_format import CallFormat, ReadReply, documented, written_json
from llmx.dialogue.agent.json_format import an_object, held_object, read_step, step_of

_STEP = '{"id": ID, "tool": NAME, "arguments": {…}}'
_ASKED = f'one JSON object: {{"plan": [{_STEP}, …]}}'
_REFER = 'A step refers to the result of an earlier one by {"ref": ID}.'


class PlanFormat(CallFormat):
    """Steps in their order; each has a name of its own."""

    kind: ClassVar[str] = "plan"
    several: ClassVar[bool] = True
    stepwise: ClassVar[bool] = True

    def told(self, tools: Sequence[ToolSpec]) -> str:
        """Return the tools and the form."""
        return f"{documented(tools)}\n\nReply with all calls at once, as {_ASKED}. {_REFER}"

    def schema(self, tools: Sequence[ToolSpec]) -> dict[str, Any] | None:
        """Return a list of calls by name; any argument may be a reference, so they are free."""
        names = {"enum": [tool.name for tool in tools]}
        step = an_object(id={"type": "string"}, tool=names, arguments={"type": "object"})
        return an_object(plan={"type": "array", "items": step, "minItems": 1})

    def read_text(self, text: str) -> ReadReply:
        """Return the steps, by their names; a text without any object is an answer."""
        before, found = held_object(text)
        if found is None:
            return ReadReply(answer=text.strip())
        steps = found.get("plan") if isinstance(found, dict) and found.keys() == {"plan"} else None
        calls = [_step(one) for one in steps] if isinstance(steps, list) else []
        whole = [call for call in calls if call is not None]
        if not calls or len(whole) < len(calls):
            return ReadReply(fault=f"The reply is not {_ASKED}.")
        if (fault := _order(whole)) is not None:
            return ReadReply(fault=fault)
        return ReadReply(tuple(whole), before)

    def written(self, calls: Sequence[ToolCall]) -> str:
        """Return the plan.

        Raises:
            ValueError: for arguments that are no object of JSON.
        """
        return written_json({"plan": [{"id": call.id, **step_of(call)} for call in calls]})


def _step(found: Any) -> ToolCall | None:
    call = read_step(found)
    name = found.get("id") if call is not None else None
    if call is None or not isinstance(name, str) or not name:
        return None
    fits = found.keys() <= {"id", "tool", "arguments"}
    return call.model_copy(update={"id": name}) if fits else None


def _order(calls: Sequence[ToolCall]) -> str | None:
    """Return what is wrong with the names of the steps and what they refer to.

    What is no step of this plan may be a result of an earlier turn.
    """
    later = [call.id for call in calls]
    if len(set(later)) < len(later):
        return "Each step has an id of its own."
    for call in calls:
        if set(references(json_text.parse(call.arguments))) & set(later):
            return _REFER
        later.remove(call.id)
    return None


def references(value: Any) -> Iterator[str]:
    """Yield the names of the results that arguments refer to."""
    if (name := reference(value)) is not None:
        yield name
        return
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        yield from references(one)


def reference(value: Any) -> str | None:
    """Return the name that ``{"ref": NAME}`` refers to; None for anything else."""
    if isinstance(value, dict) and value.keys() == {"ref"} and isinstance(value["ref"], str):
        return value["ref"]
    return None


def resolved(value: Any, handles: Mapping[str, str]) -> Any:
    """Return arguments with handles in the place of the names of steps.

    Args:
        handles: of each step that was made; empty of one that gave none.

    Raises:
        KeyError: for a step that gave none.
    """
    if (name := reference(value)) is not None:
        handle = handles.get(name, name)
        if not handle:
            raise KeyError(name)
        return {"ref": handle}
    if isinstance(value, dict):
        return {key: resolved(one, handles) for key, one in value.items()}
    return [resolved(one, handles) for one in value] if isinstance(value, list) else value
