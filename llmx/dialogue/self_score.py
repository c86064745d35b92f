"""Best-of-N by the model's own word: it scores each of its answers, or names the best of a list.

The scale has the bands of the published code (0 to 10; high for clear and well supported steps,
low for none), in words of our own. The last number of a reply is read, so that a model may reason
before it says one; a reply without any has no score, which is another thing than 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from llmx.core.record import Message, Record
from llmx.core.spec import SamplerSpec
from llmx.core.speech import Request
from llmx.dialogue.rounds import Rounds, follow_up

SCALE = (
    "Rate the reasoning of the answer above from 0 to 10. From 8: every step is clear, correct and "
    "follows from what stands before. From 4 to 7: some steps are missing, doubtful or poorly "
    "explained. Up to 3: there is hardly a logical step, or the result does not follow. Say "
    "nothing but the number."
)
LIST = (
    "{count} answers to the question above stand below, numbered. Say which of them is the best "
    "reasoned and the likeliest to be right. Say nothing but its number."
)
_MOST = 10
# A number alone, no part of a word, a date or a range; "8/10" and "8 out of 10" are one as well.
_NUMBER = re.compile(
    r"(?<![\w./-])(?<!\d,)(?P<value>\d{1,3}(?:\.\d+)?)"
    r"(?:[\s(]*(?:/|out of|of)\s*(?P<most>\d{1,3}))?(?![\w/]|[.,-]\d)"
)
Said = Callable[[Record], str]
"""Returns what a reply says in the end, without its thinking."""


def scores(
    asked: Sequence[Request], answers: Sequence[str], sampler: SamplerSpec, said: Said
) -> Rounds[tuple[tuple[float | None, Record], ...]]:
    """Ask for a score of every answer, each in a call of its own.

    Args:
        asked: what the problem was put with, for each answer.
        answers: what each says in the end.

    Returns:
        (score, reply) of each answer; None where no number of the scale is in the reply.
    """
    requests = [
        follow_up(one, f"score/{number}", sampler, _alone(one, text))
        for number, (one, text) in enumerate(zip(asked, answers, strict=True))
    ]
    replies = yield requests
    return tuple((read_score(said(reply)), reply) for reply in replies)


def best_of_list(
    asked: Request, answers: Sequence[str], sampler: SamplerSpec, said: Said, group: int = 0
) -> Rounds[tuple[int | None, Record]]:
    """Ask which of the answers is the best, in one call.

    Args:
        group: number among the lists of as many answers to the problem, for its dice.

    Returns:
        its place from 0, None where the reply names none of them, and the reply.
    """
    listed = "".join(f"\n\n[{number}]\n{text}" for number, text in enumerate(answers, 1))
    told = LIST.format(count=len(answers)) + listed
    *before, question = asked.messages
    turn = Message(role="user", content=f"{question.content}\n\n{told}")
    name = f"list/{len(answers)}/{group}"
    (reply,) = yield [follow_up(asked, name, sampler, (*before, turn))]
    return read_place(said(reply), len(answers)), reply


def read_score(text: str) -> float | None:
    """Return the last number of a reply, None where there is none or it is of another scale."""
    return _last_number(text, 0, _MOST)


def read_place(text: str, count: int) -> int | None:
    """Return which of `count` answers a reply names last, from 0; None where it names none."""
    value = _last_number(text, 1, count)
    return None if value is None or value != int(value) else int(value) - 1


def _alone(asked: Request, answer: str) -> tuple[Message, ...]:
    said, rate = Message(role="assistant", content=answer), Message(role="user", content=SCALE)
    return (*asked.messages, said, rate)


def _last_number(text: str, least: int, most: int) -> float | None:
    found = list(_NUMBER.finditer(text))
    if not found or (found[-1]["most"] and int(found[-1]["most"]) != most):
        return None
    value = float(found[-1]["value"])
    return value if least <= value <= most else None
