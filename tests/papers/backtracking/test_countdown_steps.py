"""Countdown, a step at a time: what it takes, what it leaves, and what it may not say."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmx.papers.backtracking.traces.chains import Chain, apply
from llmx.papers.backtracking.traces.countdown import CountdownPuzzle
from llmx.papers.backtracking.traces.moves import ChainMove, Missed
from llmx.papers.backtracking.traces.puzzle import IllegalStep

NUMBERS = st.lists(st.integers(1, 30), min_size=2, max_size=6)
OPERATORS = st.sampled_from("+-*/")


def stepped(numbers, move, state=None):
    puzzle = CountdownPuzzle(numbers, 10)
    return puzzle.step(puzzle.start() if state is None else state, move)


def move(left, operator, right):
    """The move with its true value; none that does not come out even."""
    value = apply(left, operator, right)
    assume(value is not None)
    return ChainMove(left, operator, right, value)


@given(NUMBERS, OPERATORS)
def test_a_first_step_takes_two_numbers_and_a_later_one_takes_one(numbers, operator):
    first = move(numbers[0], operator, numbers[1])
    state = stepped(numbers, first)
    assert (state.value, sorted(state.left)) == (first.value, sorted(numbers[2:]))
    if len(numbers) > 2:
        second = move(first.value, "+", numbers[2])
        state = stepped(numbers, second, state)
        assert (state.value, sorted(state.left)) == (second.value, sorted(numbers[3:]))


@given(NUMBERS, OPERATORS, st.integers(1, 40), st.booleans())
def test_a_number_that_is_not_there_or_used_up_is_refused(numbers, operator, other, comes_first):
    """Though what is said of it is true arithmetic."""
    assume(numbers.count(other) < (2 if other == numbers[0] else 1))
    pair = (other, numbers[0]) if comes_first else (numbers[0], other)
    with pytest.raises(IllegalStep, match=rf"^{other} is not there to be used"):
        stepped(numbers, move(pair[0], operator, pair[1]))
    state = stepped(numbers, move(numbers[0], "+", numbers[1]))
    assume(other not in state.left)
    with pytest.raises(IllegalStep, match=rf"^{other} is not there to be used"):
        stepped(numbers, move(state.value, operator, other), state)


@given(NUMBERS, OPERATORS, st.integers(-9, 9))
def test_a_value_that_is_another_is_refused(numbers, operator, off):
    assume(off)
    right = move(numbers[0], operator, numbers[1])
    with pytest.raises(IllegalStep, match=rf" is not {right.value + off}$"):
        stepped(numbers, ChainMove(right.left, operator, right.right, right.value + off))


@given(NUMBERS, st.integers(-9, 9))
def test_a_later_step_goes_on_from_the_running_value(numbers, off):
    assume(off and len(numbers) > 2)
    state = stepped(numbers, move(numbers[0], "+", numbers[1]))
    with pytest.raises(IllegalStep, match=f"^the running value is {state.value}"):
        stepped(numbers, move(state.value + off, "+", numbers[2]), state)


@pytest.mark.parametrize("right", [0, 3])
def test_a_division_comes_out_even_or_is_no_step(right):
    with pytest.raises(IllegalStep, match="is not"):
        stepped([7, right], ChainMove(7, "/", right, 2))


@pytest.mark.parametrize(
    ("state", "reason", "message"),
    [
        (Chain(9, (1,)), Missed(9, 10), "numbers are left"),
        (Chain(9, ()), Missed(8, 10), "the value is 9 and the target 10"),
        (Chain(9, ()), Missed(9, 11), "the value is 9 and the target 10"),
        (Chain(10, ()), Missed(10, 10), "the target is reached"),
    ],
)
def test_stuck_is_said_of_a_chain_that_is_over_and_missed(state, reason, message):
    puzzle = CountdownPuzzle([1, 2, 3], 10)
    with pytest.raises(IllegalStep, match=message):
        puzzle.check_stuck(state, reason)
    puzzle.check_stuck(Chain(9, ()), Missed(9, 10))
