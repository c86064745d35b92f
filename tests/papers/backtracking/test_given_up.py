"""What a return may give up: a state from which no answer can be reached, and the whole of it."""

import pytest
from problems import KINDS, traced

from llmx.papers.backtracking.traces.events import Fail, Place, Return, standing
from llmx.papers.backtracking.traces.replay import RefusedTrace, replay


def returns(kind, least):
    """Yield trace, place of a return and its excursion's steps, for returns to `least` or later."""
    for one in traced(kind, 12, k=3):
        for place, event in enumerate(one.events):
            if isinstance(event, Return) and event.to >= least:
                yield one, place, standing(one.events[:place])


def again(steps):
    return [Place(step.step, step.move) for step in steps]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "arc_1d"])
def test_a_state_that_the_answer_can_be_reached_from_is_not_given_up(kind):
    """All else holds: the steps that were good are made again, and the search goes on as it did.

    A wrong rule of Arc 1D is the first step, so nothing that was good stands before it.
    """
    seen = 0
    for one, place, path in returns(kind, least=1):
        to = one.events[place].to
        for early in range(to):
            rest = [Return(early), *again(path[early:to]), *one.events[place + 1 :]]
            reason = f"step {early + 1} is given up, but an answer can be reached from it"
            with pytest.raises(RefusedTrace, match=reason):
                replay(one.puzzle, [*one.events[:place], *rest], 3)
            seen += 1
    assert seen >= 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_return_into_a_dead_end_is_refused(kind):
    """Its steps are made again, it is found stuck again, and only then left."""
    seen = 0
    for one, place, path in returns(kind, least=0):
        to, stuck = one.events[place].to, one.events[place - 1]
        assert isinstance(stuck, Fail)
        for late in range(to + 1, len(path)):
            more = [Return(late), *again(path[late:]), stuck]
            with pytest.raises(RefusedTrace, match=f"no answer can be reached from step {late}"):
                replay(one.puzzle, [*one.events[:place], *more, *one.events[place:]], 4)
            seen += 1
    assert seen


@pytest.mark.parametrize("kind", KINDS)
def test_an_excursion_that_was_given_up_is_not_made_again(kind):
    seen = 0
    for one, place, path in returns(kind, least=0):
        to = one.events[place].to
        twice = [*again(path[to:]), *one.events[place - 1 : place + 1]]
        events = [*one.events[: place + 1], *twice, *one.events[place + 1 :]]
        with pytest.raises(RefusedTrace, match=f"step {to + 1} was given up before"):
            replay(one.puzzle, events, 4)
        seen += 1
    assert seen >= 10


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_excursion_is_counted_in_steps(kind):
    for one in traced(kind, 12, k=3):
        depths = [
            len(standing(one.events[:place])) - event.to
            for place, event in enumerate(one.events)
            if isinstance(event, Return)
        ]
        found = replay(one.puzzle, one.events, 3)
        assert found.deepest == max(depths)
        assert found.steps == sum(isinstance(event, Place) for event in one.events)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trace_has_as_many_backtracks_as_asked_not_one_more_or_less(kind):
    one = traced(kind, 5, k=3)[0]
    assert replay(one.puzzle, one.events, 3) == replay(one.puzzle, one.events)
    for asked in (0, 2, 4):
        with pytest.raises(RefusedTrace, match=f"has 3 backtracks, not {asked}"):
            replay(one.puzzle, one.events, asked)
