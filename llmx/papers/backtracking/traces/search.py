"""From a problem to a trace with exactly k backtracks.

The path to the answer is drawn first, from (seed, index), so it is the same for every k. Then k
excursions are drawn from (seed, index, k): at a step of the path a wrong move, whose state is dead,
and legal moves from there until the search is stuck. Excursions come in the order of the steps they
return to, so what is settled only grows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from llmx.papers.backtracking.traces.events import (
    Again,
    Conclude,
    Event,
    Fail,
    Place,
    Return,
    backtracks,
)
from llmx.papers.backtracking.traces.puzzle import Puzzle, TooFew
from llmx.papers.backtracking.traces.wording import Phrases

Events = list[Event[Any, Any]]


def search(puzzle: Puzzle[Any, Any, Any], k: int, seed: int, index: int, least: int = 0) -> Events:
    """Return a trace with exactly `k` backtracks.

    Args:
        index: of the problem; (seed, index, k) fix every choice.
        least: backtracks that the problem must offer even if fewer are asked.

    Raises:
        TooFew: if the problem offers fewer distinct ones.
    """
    path = puzzle.path(Random(f"{seed}/{index}/path"))
    rng = Random(f"{seed}/{index}/{k}")
    drawn = _drawn(_offered(puzzle, path, max(k, least)), k, rng)
    events = list(_events(puzzle, path, drawn, rng))
    assert backtracks(events) == k, "a trace has the backtracks that were asked for"
    return events


def _offered(puzzle: Puzzle[Any, Any, Any], path: Sequence[Any], least: int) -> list[list[Any]]:
    """Return wrong moves by step: the natural ones, and the further ones if those are too few."""
    steps = range(len(path))
    offered = [puzzle.detours(path, step) for step in steps]
    if sum(map(len, offered)) < least:
        offered = [[*offered[step], *puzzle.further_detours(path, step)] for step in steps]
    total = sum(map(len, offered))
    if total < least:
        raise TooFew(f"offers {total} backtracks, not {least}")
    return offered


def _drawn(offered: Sequence[Sequence[Any]], k: int, rng: Random) -> list[list[Any]]:
    """Return wrong moves by step: k in all, the step drawn first, then one of its moves."""
    left = [list(moves) for moves in offered]
    drawn: list[list[Any]] = [[] for _ in offered]
    for _ in range(k):
        step = rng.choice([step for step, moves in enumerate(left) if moves])
        drawn[step].append(left[step].pop(rng.randrange(len(left[step]))))
    return drawn


def _events(
    puzzle: Puzzle[Any, Any, Any], path: Sequence[Any], drawn: Sequence[Sequence[Any]], rng: Random
) -> Iterator[Event[Any, Any]]:
    state = puzzle.start()
    for step, right in enumerate(path):
        for wrong in drawn[step]:
            yield from _excursion(puzzle, puzzle.step(state, wrong), step, wrong, rng)
        yield Place(step + 1, right)
        state = puzzle.step(state, right)
    yield Conclude(puzzle.conclusion(state, path))


def _excursion(
    puzzle: Puzzle[Any, Any, Any], state: Any, step: int, wrong: Any, rng: Random
) -> Iterator[Event[Any, Any]]:
    yield Place(step + 1, wrong)
    *moves, reason = puzzle.excursion(state, rng)
    for place, move in enumerate(moves):
        yield Place(step + 2 + place, move)
    yield Fail(reason)
    yield Return(step)


def lengthen(events: Events, phrases: Phrases[Any, Any], characters: int) -> Events:
    """Return a trace without backtracks that is about as long as asked, by stating steps again.

    Steps are stated again in turn, each right after it was taken, until the text is no shorter.
    """
    places = [event for event in events if isinstance(event, Place)]
    times = dict.fromkeys(range(len(places)), 0)
    missing = characters - len(phrases.write(events, opened=True))
    turn = 0
    while missing > 0:
        again = Again(places[turn].step, places[turn].move)
        missing -= len(phrases.line(again)) + 1
        times[turn] += 1
        turn = (turn + 1) % len(places)
    longer: Events = []
    for place, event in enumerate(places):
        longer += [event, *[Again(event.step, event.move)] * times[place]]
    return [*longer, events[-1]]
