"""Which part of an answer is thought, and which is said in the end."""

from __future__ import annotations

import re
from typing import NamedTuple

from llmx.core.record import Record
from llmx.data.tasks.tags import opens_thinking
from llmx.scoring.said import THINK_TAGS

_NAMES = "|".join(THINK_TAGS)
_OPENING = re.compile(rf"<(?:{_NAMES})>")
_CLOSING = re.compile(rf"</(?:{_NAMES})>")
WORKED = "####"
"""The mark before the answer of a worked one."""


class Thought(NamedTuple):
    """The parts of one answer.

    ``opening + thinking + closing + final`` is the text of the record, byte for byte; where an
    endpoint gives the thinking apart, `final` is the text, and the marks are empty.

    Attributes:
        thinking: what is thought; it may be cut, and `closing` is then empty.
        final: what is said in the end; all of the text where nothing is thought.
        found: whether there is a thinking part that holds anything.
        opening: what stands before the thinking, the mark that opens it included.
        closing: the mark that ends the thinking: ``</think>``, ``####``.
    """

    thinking: str
    final: str
    found: bool
    opening: str = ""
    closing: str = ""


def split_thinking(record: Record) -> Thought:
    """Return the thinking part of an answer and what comes after it.

    In this order: what the endpoint gives apart (``Record.reasoning``); what stands between the
    first ``<think>`` and the last ``</think>`` (``<thinking>`` and ``<reasoning>`` alike), where
    the prompt may have opened it and the cap may have cut it; of a worked answer, all before its
    last ``####``. A text with none of these has no thinking part.
    """
    if record.reasoning.strip():
        return Thought(record.reasoning, record.text, found=True)
    return _in_tags(record.text, opens_thinking(record.prompt)) or _worked(record.text)


def _in_tags(text: str, opened: bool) -> Thought | None:
    """Split at tags; None where there are none."""
    closings = list(_CLOSING.finditer(text))
    end, behind = closings[-1].span() if closings else (len(text), len(text))
    # A prompt that ends in `<think>` leaves the closing tag alone, and so does what was cut before.
    first = None if opened else _OPENING.search(text, 0, end)
    if first is None and not opened and not closings:
        return None
    begin = first.end() if first else 0
    thinking = text[begin:end]
    return Thought(thinking, text[behind:], bool(thinking.strip()), text[:begin], text[end:behind])


def _worked(text: str) -> Thought:
    """Split a worked answer at its last mark; with several lines behind it, it is a heading."""
    thinking, mark, final = text.rpartition(WORKED)
    if not mark or len(final.strip().splitlines()) > 1:
        return Thought("", text, found=False)
    return Thought(thinking, final, bool(thinking.strip()), "", mark)
