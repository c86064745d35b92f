"""Form `react`: Thought, Action, Action Input, Observation; Final Answer at the end.

Source: Yao et al., ReAct (arXiv:2210.03629), with arguments as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from llmx.core.dialogue import Observation
from llmx.core.record import Message, ToolCall, ToolSpec
from llmx.dialogue.agent.call_format import CallFormat, ReadReply, documented

_OBSERVATION = "\nObservation:"
_ACTION = re.compile(r"(?:^|\n)Action:[ \t]*([^\n]*)\n")
_INPUT = re.compile(r"Action Input:[ \t]*")
_ANSWER = re.compile(r"(?:^|\n)Final Answer:[ \t]*")
_FORM = "Thought: TEXT\nAction: NAME\nAction Input: {…}"


class ReactFormat(CallFormat):
    """One call a reply, its arguments on one line; what would be an observation is never read."""

    kind: ClassVar[str] = "react"
    stop: ClassVar[tuple[str, ...]] = (_OBSERVATION,)

    def told(self, tools: Sequence[ToolSpec]) -> str:
        """Return the tools and the form."""
        end = "Thought: TEXT\nFinal Answer: TEXT"
        form = f"Call one tool at a time, in this form:\n\n{_FORM}\n\nEnd with:\n\n{end}"
        return f"{documented(tools)}\n\n{form}"

    def read_text(self, text: str) -> ReadReply:
        """Return the first action, or the final answer; of a text with neither, the text."""
        text = text.partition(_OBSERVATION)[0]
        action, answer = _ACTION.search(text), _ANSWER.search(text)
        if answer and (action is None or answer.start() < action.start()):
            return ReadReply(answer=text[answer.end() :].strip())
        if action is None:
            said = re.search(r"(?:^|\n)Action:", text)
            return ReadReply(fault=_missing()) if said else ReadReply(answer=text.strip())
        given = _INPUT.match(text, action.end())
        if given is None or not action[1].strip():
            return ReadReply(fault=_missing())
        arguments = text[given.end() :].partition("\nAction:")[0].strip()
        call = ToolCall(id="", name=action[1].strip(), arguments=arguments)
        return ReadReply((call,), text[: action.start()].strip())

    def written(self, calls: Sequence[ToolCall]) -> str:
        """Return the call."""
        (call,) = calls
        return f"Action: {call.name}\nAction Input: {call.arguments}"

    def shown(self, observations: Sequence[Observation]) -> tuple[Message, ...]:
        """Return the observation as the form has it."""
        told = "\n".join(f"Observation: {one.text}" for one in observations)
        return (Message(role="user", content=told),)


def _missing() -> str:
    return f"An action has a name and an input, in this form:\n\n{_FORM}"
