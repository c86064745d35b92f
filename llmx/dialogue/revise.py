"""Sequential revision: a model reads its own answer, checks it, and answers anew.

Round r is told the answer of round r - 1 alone, without its thinking: all of a long chain of
thought, round by round, would not fit a context. The first answer is one that was drawn before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from llmx.core.record import Message, Record
from llmx.core.spec import SamplerSpec
from llmx.core.speech import Request
from llmx.dialogue.rounds import Rounds, follow_up

INSTRUCTION = (
    "Check your answer above step by step and correct every mistake that you find. Then give a "
    "complete new answer to the question, in the format that was asked for."
)


def revise(
    asked: Request,
    first: str,
    rounds: int,
    sampler: SamplerSpec,
    said: Callable[[Record], str],
    chain: int = 0,
) -> Rounds[tuple[Record, ...]]:
    """Ask for `rounds` revisions, one after the other.

    Args:
        asked: what the problem was put with.
        first: what the first answer says in the end.
        said: returns what an answer says in the end, without its thinking.
        chain: number of the chain among those of the problem, for its dice.

    Returns:
        the revisions, (rounds,).
    """
    found: list[Record] = []
    shown = first
    for number in range(1, rounds + 1):
        turns = (
            *asked.messages,
            Message(role="assistant", content=shown),
            Message(role="user", content=INSTRUCTION),
        )
        (record,) = yield [follow_up(asked, f"revise/{chain}/{number}", sampler, turns)]
        found.append(record)
        shown = said(record)
    return tuple(found)


def agreed(answers: Sequence[int]) -> int:
    """Return the place at which a chain stops that ends when two answers in a row agree.

    Args:
        answers: class of each answer; -1 = nothing read, which agrees with nothing.
    """
    pairs = enumerate(pairwise(answers), 1)
    same = (at for at, (one, other) in pairs if one == other and one >= 0)
    return next(same, len(answers) - 1)
