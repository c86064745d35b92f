"""Where the drafts, the question and the answer so far stand in a listener's prompt.

Four layouts, by what an engine with a prefix cache can keep when new chunks come (the paper names
the variant and leaves its order open; these are ours):

==== ============================================== =====================================
L0   ``[header][draft 1 … draft N][Q][answer]``      up to the end of draft 1 as it was
L1   ``[header][round 1][round 2] … [Q][answer]``    all earlier rounds
L1b  ``[Q][header][round 1][round 2] … [answer]``    the question and all earlier rounds
L2   ``[Q][header][round 1][said 1][round 2] …``     everything; the answer is in several turns
==== ============================================== =====================================

A round holds what every source has added since the round before. Parts are tokenised one by one,
so that a prompt which only grows at its end keeps its ids (:mod:`llmx.core.stream`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmx.core.ensemble import Layout
from llmx.core.errors import ConfigError
from llmx.core.record import Message, Part
from llmx.core.stream import ShownText, Turn

HEADER = (
    "Other models were asked the same. What they have written so far stands below; it may be "
    "wrong or unfinished. Check it, do not copy mistakes, and write one good answer."
)
DEBATE = (
    "This is a debate. What each speaker has said so far stands below, yours as [{own}]; it may be "
    "wrong or unfinished. Weigh what the others say and give your own answer anew."
)
INSTRUCTION = " Go on where your answer stops, without repeating any of it."
MORE = "More of what they have written:"

Round = Mapping[str, str]
"""Source → text that it added."""


@dataclass(frozen=True)
class Heard:
    """What one listener has heard, and what it had said by then.

    Attributes:
        sources: names in order; a number stands for each in the prompt, from 1.
        rounds: what came, round by round; a source that added nothing may be absent.
        said: the answer's chunks, one for each round but those not answered yet.
        header: stands before the drafts.
        more: stands before those of a later round under L2.
    """

    sources: tuple[str, ...]
    rounds: tuple[Round, ...]
    said: tuple[ShownText, ...] = ()
    header: str = HEADER
    more: str = MORE


def turns_of(conversation: Sequence[Message]) -> tuple[Turn, ...]:
    """Return the turns of a conversation, each of one part.

    Raises:
        ConfigError: for one with tools, which an ensemble cannot hand on.
    """
    return tuple(_turn(message) for message in conversation)


def _turn(message: Message) -> Turn:
    if message.role == "tool" or message.calls:
        raise ConfigError("an ensemble cannot take turns of tools", "ask one model: ensemble=null")
    return Turn(role=message.role, parts=(Part(text=message.content),))


def prompt(layout: Layout, conversation: Sequence[Turn], heard: Heard) -> tuple[Turn, ...]:
    """Return the turns before the answer that is being written.

    Under L2 they hold the answer's earlier chunks by their exact ids; under the other layouts the
    answer so far follows the prompt as it is.

    Args:
        conversation: ends with the user's turn that is to be answered.
    """
    *before, question = conversation
    silent = not any(any(round_.values()) for round_ in heard.rounds)
    if silent and not (layout == "L2" and heard.said):
        return (*before, question)
    if layout in ("L0", "L1"):
        drafts = _by_source(heard) if layout == "L0" else _by_round(heard, 0, len(heard.rounds))
        return (*_with_system(before, (Part(text=heard.header), *drafts)), question)
    opened = (*question.parts, Part(text="\n\n" + heard.header))
    if layout == "L1b":
        rounds = _by_round(heard, 0, len(heard.rounds))
        return (*before, Turn(role="user", parts=(*opened, *rounds)))
    return (*before, *_interleaved(opened, heard))


def _with_system(before: Sequence[Turn], parts: tuple[Part, ...]) -> tuple[Turn, ...]:
    """Return the turns with `parts` in the system's, after what it says already."""
    if before and before[0].role == "system":
        own = (*before[0].parts, Part(text="\n\n"))
        return (Turn(role="system", parts=(*own, *parts)), *before[1:])
    return (Turn(role="system", parts=parts), *before)


def _by_source(heard: Heard) -> tuple[Part, ...]:
    found: list[Part] = []
    for number, source in enumerate(heard.sources, 1):
        texts = [text for round_ in heard.rounds if (text := round_.get(source))]
        if texts:
            found += [Part(text=f"\n\n[{number}]\n"), *(Part(text=text) for text in texts)]
    return tuple(found)


def _by_round(heard: Heard, first: int, last: int) -> tuple[Part, ...]:
    found: list[Part] = []
    for round_ in heard.rounds[first:last]:
        for number, source in enumerate(heard.sources, 1):
            if text := round_.get(source):
                found += [Part(text=f"\n[{number}]"), Part(text=text)]
    return tuple(found)


def _interleaved(opened: tuple[Part, ...], heard: Heard) -> tuple[Turn, ...]:
    """Return rounds and what was said after each; a round without text interrupts nothing."""
    turns = [Turn(role="user", parts=(*opened, *_by_round(heard, 0, 1)))]
    for place, said in enumerate(heard.said, 1):
        spoken = Part(text=said.text, ids=said.ids or None)
        if turns[-1].role == "assistant":
            turns[-1] = Turn(role="assistant", parts=(*turns[-1].parts, spoken))
        elif said.tokens:
            turns.append(Turn(role="assistant", parts=(spoken,)))
        if news := _by_round(heard, place, place + 1):
            _add(turns, (Part(text=heard.more), *news))
    return tuple(turns)


def _add(turns: list[Turn], parts: tuple[Part, ...]) -> None:
    """Give the user's turn more parts, or begin one."""
    if turns[-1].role == "user":
        turns[-1] = Turn(role="user", parts=(*turns[-1].parts, *parts[1:]))
    else:
        turns.append(Turn(role="user", parts=parts))
