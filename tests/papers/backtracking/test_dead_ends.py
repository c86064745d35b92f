"""What "dead" says of Countdown: no chain reaches the target. An expression may, and is counted."""

import importlib
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from problems import traced

from llmx.papers.backtracking.traces.chains import Chain
from llmx.papers.backtracking.traces.countdown import CountdownPuzzle

SCRIPTS = Path(__file__).parents[3] / "scripts"


@pytest.fixture
def measure(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("trace_dead_ends")


def by_chains(value, left):
    """Every value that a chain of all that is left ends with, tried one after the other."""
    if not left:
        yield value
    for place, number in enumerate(left):
        rest = left[:place] + left[place + 1 :]
        afters = [value + number, value - number, value * number]
        if number and value % number == 0:
            afters.append(value // number)
        for after in afters:
            yield from by_chains(after, rest)


def by_expressions(numbers):
    """Every value of an expression: join any two in any way until one is left."""
    if len(numbers) == 1:
        yield numbers[0]
    for i in range(len(numbers)):
        for j in range(len(numbers)):
            if i != j:
                rest = [number for place, number in enumerate(numbers) if place not in (i, j)]
                one, other = numbers[i], numbers[j]
                joined = [one + other, one - other, one * other]
                for value in [*joined, *([one / other] if other else [])]:
                    yield from by_expressions([value, *rest])


@pytest.mark.parametrize("published", [False, True])
def test_what_a_trace_gives_up_is_dead_for_every_chain(measure, published):
    seen = 0
    for one in traced("countdown", 20, published, k=3):
        for state in measure.given_up(one.puzzle, one.events):
            assert state.value is not None
            if len(state.left) <= 3:
                assert one.puzzle.target not in set(by_chains(state.value, state.left))
                seen += 1
    assert seen > 20


def test_dead_is_what_trying_every_chain_says():
    rng, found = Random(0), set()
    for _ in range(300):
        left = tuple(sorted(rng.randint(1, 9) for _ in range(rng.randint(0, 3))))
        value, target = rng.randint(-5, 20), rng.randint(1, 30)
        dead = CountdownPuzzle((value, *left), target).dead(Chain(value, left))
        assert dead == (target not in set(by_chains(value, left)))
        found.add(dead)
    assert found == {True, False}


@pytest.mark.parametrize(
    ("value", "left", "target"),
    [(5, (20,), 15), (4, (20,), 5), (10, (3, 8), 50), (3, (4, 6), 8)],
    ids=["20 - 5", "20 / 4", "10 * (8 - 3)", "4 / (3 / 6)"],
)
def test_a_state_that_is_dead_for_chains_may_be_alive_for_an_expression(
    measure, value, left, target
):
    state = Chain(value, left)
    assert CountdownPuzzle((value, *left), target).dead(state)
    assert measure.reached(target, state)


def test_what_is_reached_is_what_trying_every_expression_says(measure):
    rng, found = Random(1), set()
    for _ in range(120):
        left = tuple(sorted(rng.randint(0, 9) for _ in range(rng.randint(0, 3))))
        value, target = rng.randint(-5, 9), rng.randint(1, 30)
        every = set(by_expressions([Fraction(value), *map(Fraction, left)]))
        assert measure.reached(target, Chain(value, left)) == (target in every)
        found.add(target in every)
    assert found == {True, False}


def test_the_share_is_small_and_not_nothing(measure):
    states = [
        (one.puzzle.target, state)
        for one in traced("countdown", 200, k=3)
        for state in measure.given_up(one.puzzle, one.events)
    ]
    alive = sum(measure.reached(target, state) for target, state in states)
    assert len(states) > 550 and 0.005 < alive / len(states) < 0.03
