"""Five turns that show whether an endpoint can call tools at all, before a benchmark is asked.

A call that stands in the text, or a result that is forgotten, looks like a failure to reason.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from llmx.core.episode import Said, Say
from llmx.core.record import Message, Record, ToolSpec

WORD = ToolSpec(
    name="code_word",
    description="Returns the code word of a number.",
    parameters={
        "type": "object",
        "properties": {"number": {"type": "integer"}},
        "required": ["number"],
        "additionalProperties": False,
    },
)
WORDS = ("heron", "basalt", "quince")
_MARKS = ("<tool_call", "[TOOL_CALLS]", "<function", "<|python_tag|>", '"name"', "code_word(")
_BUDGET = 1024


@dataclass(frozen=True)
class CallingTrial:
    """What five turns have shown.

    Attributes:
        calls: whether a call came beside the text.
        in_text: whether it stood in the text instead: the parser is not the model's.
        history: whether what a tool said was known a turn later.
        parallel: whether two calls came in one reply.
        plain: whether a request without tools was answered with text.
    """

    calls: bool
    in_text: bool = False
    history: bool = False
    parallel: bool = False
    plain: bool = False

    @property
    def fault(self) -> tuple[str, str] | None:
        """What is wrong, and what to set; None where a benchmark can be asked."""
        if self.in_text:
            text = "it writes its calls into the text, where nobody reads them"
            return text, "engine.tool_parser=… of its own (vLLM), or agent.format=json"
        if not self.calls:
            return "it calls no tool when it is told to", "agent.format=json, or another model"
        if not self.history:
            text = "it does not know what a tool said a turn before"
            return text, "does its chat template keep turns of tools? agent.format=json does"
        return None


Trial = Generator[Say, Said, CallingTrial]


def calling_trial() -> Trial:
    """Ask for a call, for its result, for two calls at once, for both results, and for a word."""
    turns = [_asks("Call the tool code_word with the number 1. Do not answer yourself.")]
    first = yield from _said(turns)
    if not first.calls:
        return CallingTrial(False, in_text=any(mark in first.text for mark in _MARKS))
    _told(turns, first, 0)
    turns.append(_asks("Which code word did the tool return? Answer without a call."))
    second = yield from _said(turns)
    turns.append(Message(role="assistant", content=second.text or WORDS[0]))
    turns.append(_asks("Call code_word with 2 and with 3: two calls in one reply."))
    third = yield from _said(turns)
    if third.calls:
        _told(turns, third, 1)
    turns.append(_asks("Which code words did the tool return last? Answer without a call."))
    fourth = yield from _said(turns)
    turns.append(Message(role="assistant", content=fourth.text or WORDS[1]))
    turns.append(_asks("Say the word done."))
    fifth = yield from _said(turns, tools=False)
    return CallingTrial(
        calls=True,
        history=WORDS[0] in second.text.lower(),
        parallel=len(third.calls) > 1,
        plain=bool(fifth.text.strip()),
    )


def _said(turns: list[Message], tools: bool = True) -> Generator[Say, Said, Record]:
    said = yield Say(tuple(turns), (WORD,) if tools else (), _BUDGET)
    assert said.record is not None
    return said.record


def _asks(text: str) -> Message:
    return Message(role="user", content=text)


def _told(turns: list[Message], record: Record, first: int) -> None:
    """Add a reply with its calls, and a word for each of them."""
    turns.append(
        Message(
            role="assistant",
            content=record.text,
            calls=record.calls,
            reasoning=record.reasoning,
        )
    )
    for place, call in enumerate(record.calls):
        word = WORDS[min(first + place, len(WORDS) - 1)]
        turns.append(Message(role="tool", content=word, call=call.id))
