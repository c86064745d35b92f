"""How a model writes calls: what every form of it has, and the protocol's own.

Forms are found as ``call_format.NAME``: ``native`` (calls beside the text, by OpenAI's protocol),
``json`` (one object), ``react`` (Thought, Action, Action Input), ``fenced`` (one shell block) and
``plan`` (a whole graph of calls at once).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from llmx.core.dialogue import Observation
from llmx.core.record import Message, Record, ToolCall, ToolSpec


@dataclass(frozen=True)
class ReadReply:
    """What a reply says.

    Attributes:
        answer: the text that stands for an answer; of a reply with calls, what is said beside them.
        fault: why it cannot be read as calls, for the model: a function of the form alone.
    """

    calls: tuple[ToolCall, ...] = ()
    answer: str = ""
    fault: str = ""


class CallFormat:
    """Base of all forms.

    Attributes:
        several: whether a reply may hold several calls.
        stepwise: whether later calls of a reply refer to what earlier ones gave.
        stop: texts at which a reply ends.
    """

    kind: ClassVar[str]
    several: ClassVar[bool] = False
    stepwise: ClassVar[bool] = False
    stop: ClassVar[tuple[str, ...]] = ()

    def named(self, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """Return the tools that a request names; those of a form of text stand in the prompt."""
        return ()

    def told(self, tools: Sequence[ToolSpec]) -> str:
        """Return what the system turn says of the tools and of the form."""
        raise NotImplementedError

    def schema(self, tools: Sequence[ToolSpec]) -> dict[str, Any] | None:
        """Return the JSON schema that every reply fits; None where replies are no JSON."""
        return None

    def read(self, record: Record) -> ReadReply:
        """Return what a reply says."""
        return self.read_text(record.text)

    def read_text(self, text: str) -> ReadReply:
        """Return what a text says."""
        raise NotImplementedError

    def written(self, calls: Sequence[ToolCall]) -> str:
        """Return calls as a model is to write them."""
        raise NotImplementedError

    def turn(self, record: Record, calls: Sequence[ToolCall]) -> Message:
        """Return a reply as a turn of the chat: to the letter what was said."""
        return Message(role="assistant", content=record.text, reasoning=record.reasoning)

    def shown(self, observations: Sequence[Observation]) -> tuple[Message, ...]:
        """Return the turns that tell what came of calls."""
        told = "\n\n".join(f"Result of {one.name}:\n{one.text}" for one in observations)
        return (Message(role="user", content=told),)

    def faulted(self, fault: str) -> tuple[Message, ...]:
        """Return the turns that say why a reply could not be read."""
        return (Message(role="user", content=fault),)


class NativeFormat(CallFormat):
    """Calls beside the text: ``tools`` of the request, ``tool_calls`` of the answer."""

    kind: ClassVar[str] = "native"
    several: ClassVar[bool] = True

    def named(self, tools: Sequence[ToolSpec]) -> tuple[ToolSpec, ...]:
        """Return all of them."""
        return tuple(tools)

    def told(self, tools: Sequence[ToolSpec]) -> str:
        """Return nothing: the request names the tools."""
        return ""

    def read(self, record: Record) -> ReadReply:
        """Return the calls of the record."""
        return ReadReply(record.calls, record.text)

    def turn(self, record: Record, calls: Sequence[ToolCall]) -> Message:
        """Return text, thinking and calls; some models are worse without their thinking."""
        return Message(
            role="assistant", content=record.text, calls=tuple(calls), reasoning=record.reasoning
        )

    def shown(self, observations: Sequence[Observation]) -> tuple[Message, ...]:
        """Return a turn of the tool for each call."""
        return tuple(Message(role="tool", content=one.text, call=one.call) for one in observations)


def documented(tools: Sequence[ToolSpec]) -> str:
    """Return names, documentation and schemas of tools for a prompt."""
    lines = (
        f"- {tool.name}: {tool.description}\n  arguments: {written_json(tool.parameters)}"
        for tool in tools
    )
    return "Tools:\n" + "\n".join(lines)


def written_json(value: Any) -> str:
    """Return JSON on one line, letters as they are."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
