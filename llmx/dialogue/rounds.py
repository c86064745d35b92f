"""Methods of several calls without input or output: a generator asks, and is told the answers.

A method yields the requests that can go out at once, takes their records in the same order, and
returns what it came to. Whoever runs it owns batching, caching and resuming.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from llmx.core.errors import ConfigError
from llmx.core.record import Message, Record
from llmx.core.spec import SamplerSpec
from llmx.core.speech import Request

T = TypeVar("T")
Rounds = Generator[list[Request], list[Record], T]
"""Asks lists of requests, is sent their records, and returns what came of it."""
Answers = Callable[[list[Request]], list[Record]]
"""Answers requests, in their order."""


def side_by_side(games: Sequence[Rounds[T]]) -> Rounds[list[T]]:
    """Run several as one: each asks its next requests when all have been answered.

    Returns:
        what each came to, in their order.
    """
    found: dict[int, T] = {}
    told: dict[int, list[Record] | None] = dict.fromkeys(range(len(games)))
    while told:
        asked: dict[int, list[Request]] = {}
        for place, records in told.items():
            try:
                asked[place] = _next(games[place], records)
            except StopIteration as end:
                found[place] = end.value
        if not asked:
            break
        replies = iter((yield [one for own in asked.values() for one in own]))
        told = {place: [next(replies) for _ in own] for place, own in asked.items()}
    return [found[place] for place in range(len(games))]


def played(game: Rounds[T], answers: Answers) -> T:
    """Run one to its end, and return what it came to."""
    records: list[Record] | None = None
    while True:
        try:
            requests = _next(game, records)
        except StopIteration as end:
            found: T = end.value
            return found
        records = answers(requests)


def _next(game: Rounds[T], records: list[Record] | None) -> list[Request]:
    return next(game) if records is None else game.send(records)


def follow_up(asked: Request, name: str, sampler: SamplerSpec, turns: Sequence[Message]) -> Request:
    """Return a further request about a problem: with turns, sampler and dice of its own.

    Args:
        asked: what the problem was put with.
        name: of the call among those about the problem.

    Raises:
        ConfigError: for a raw prompt, behind which no turn can stand.
    """
    if asked.raw is not None:
        text = f"problem '{asked.id}' is a raw prompt, and a further call is a turn of a chat"
        raise ConfigError(text, "set data.options.wrapper=chat")
    return Request(id=f"{asked.id}/{name}", messages=tuple(turns), sampler=sampler, seed=asked.seed)
