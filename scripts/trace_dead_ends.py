"""How many dead ends of Countdown traces are dead for chains alone: a Markdown table.

    python scripts/trace_dead_ends.py --problems 2000

A trace takes the running value first in every step, and divides where it comes out even. What it
gives up is dead in that space. The reward accepts any expression: here each state that a trace
gives up (the running value and the numbers left) is tried with all of them, fractions included.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import combinations
from typing import Any

from trace_yields import SMALL, problems_of, told_of

from llmx.papers.backtracking.traces.chains import Chain
from llmx.papers.backtracking.traces.events import Event, Place, Return
from llmx.papers.backtracking.traces.options import TraceOptions
from llmx.papers.backtracking.traces.puzzle import Puzzle

Numbers = tuple[Fraction, ...]
TASKS: dict[str, tuple[dict[str, Any], int]] = {
    # the generator's configuration, and the share of the problems that there is time for
    "3 numbers": ({**SMALL, "min_target": 10, "max_target": 99}, 1),
    "4 numbers": ({"min_numbers": 4, "max_numbers": 4}, 4),
    "4 to 6 numbers": ({}, 20),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=2000, help="of 3 numbers; fewer of more")
    parser.add_argument("--k", type=int, nargs="+", default=[1, 3, 5])
    given = parser.parse_args()
    print("| countdown | k | problems | given up | reached by an expression | share |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, (generator, part) in TASKS.items():
        problems = problems_of("countdown", generator, given.problems // part)
        for k in given.k:
            told = list(told_of("countdown", problems, TraceOptions(k=k)))
            states = [(t, s) for one in told for t, s in _pairs(one.puzzle, one.events)]
            alive = sum(reached(target, state) for target, state in states)
            share = f"{alive / len(states):.2%}"
            print(f"| {name} | {k} | {len(told)} | {len(states)} | {alive} | {share} |", flush=True)


def _pairs(puzzle: Any, events: list[Event[Any, Any]]) -> Iterator[tuple[int, Chain]]:
    return ((puzzle.target, state) for state in given_up(puzzle, events))


def given_up(puzzle: Puzzle[Any, Any, Any], events: list[Event[Any, Any]]) -> Iterator[Any]:
    """Yield the state behind the step that each return takes back."""
    states = [puzzle.start()]
    for event in events:
        if isinstance(event, Place):
            states.append(puzzle.step(states[-1], event.move))
        elif isinstance(event, Return):
            yield states[event.to + 1]
            del states[event.to + 1 :]


def reached(target: int, state: Chain) -> bool:
    """Whether some expression of the running value and all numbers left has the target's value."""
    running = () if state.value is None else (state.value,)
    numbers = tuple(sorted(Fraction(number) for number in (*running, *state.left)))
    if len(numbers) == 1:
        return numbers[0] == target
    return any(_joins(Fraction(target), few, rest) for few, rest in _parted(numbers))


def _joins(target: Fraction, few: Numbers, rest: Numbers) -> bool:
    """Whether one operation on a value of each part gives the target (which is not 0)."""
    there = values(rest)
    for one in values(few):
        wanted = {target - one, one - target, target + one}  # solved for the other value
        if one:
            wanted |= {target / one, target * one, one / target}
        if wanted & there:
            return True
    return False


@lru_cache(maxsize=1 << 14)
def values(numbers: Numbers) -> frozenset[Fraction]:
    """Return the values of all expressions that use each number once."""
    if len(numbers) == 1:
        return frozenset(numbers)
    found: set[Fraction] = set()
    for few, rest in _parted(numbers):
        for one in values(few):
            for other in values(rest):
                found |= {one + other, one - other, other - one, one * other}
                found |= {one / other} if other else set()
                found |= {other / one} if one else set()
    return frozenset(found)


def _parted(numbers: Numbers) -> set[tuple[Numbers, Numbers]]:
    """Return all ways to part sorted numbers in two, the smaller part first."""
    places = range(len(numbers))
    picks = (pick for size in places[1:] for pick in combinations(places, size))
    return {
        (
            tuple(numbers[place] for place in pick),
            tuple(numbers[place] for place in places if place not in pick),
        )
        for pick in picks
        if 2 * len(pick) <= len(numbers)
    }


if __name__ == "__main__":
    main()
