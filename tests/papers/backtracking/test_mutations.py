"""A changed trace is refused: dropped, doubled, swapped or altered events, and altered letters."""

import dataclasses

import pytest
from counts import count
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from problems import KINDS, traced

from llmx.papers.backtracking.traces.events import Conclude, Fail, Place, Return
from llmx.papers.backtracking.traces.replay import RefusedTrace, replay
from llmx.papers.backtracking.traces.wording import UnreadableTrace

QUICK = settings(max_examples=count(40, 500))


def one_of(kind):
    return st.sampled_from(traced(kind, 12, k=3))


def refused(one, events):
    with pytest.raises(RefusedTrace):
        replay(one.puzzle, events, 3)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_dropping_an_event_is_seen(kind, data):
    one = data.draw(one_of(kind))
    place = data.draw(st.integers(0, len(one.events) - 1))
    refused(one, one.events[:place] + one.events[place + 1 :])


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_saying_an_event_twice_is_seen(kind, data):
    one = data.draw(one_of(kind))
    place = data.draw(st.integers(0, len(one.events) - 1))
    refused(one, one.events[: place + 1] + one.events[place:])


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_swapping_neighbours_is_seen(kind, data):
    one = data.draw(one_of(kind))
    place = data.draw(st.integers(0, len(one.events) - 2))
    events = list(one.events)
    events[place], events[place + 1] = events[place + 1], events[place]
    refused(one, events)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_naming_another_return_point_is_seen(kind, data):
    one = data.draw(one_of(kind))
    place = data.draw(
        st.sampled_from([i for i, event in enumerate(one.events) if isinstance(event, Return)])
    )
    to = data.draw(st.integers(-2, 90).filter(lambda step: step != one.events[place].to))
    refused(one, [*one.events[:place], Return(to), *one.events[place + 1 :]])


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_leaving_out_a_whole_excursion_is_seen_by_the_count(kind, data):
    one = data.draw(one_of(kind))
    last = max(i for i, event in enumerate(one.events) if isinstance(event, Return))
    steps, first = one.events[last].to, last
    while not (isinstance(one.events[first], Place) and one.events[first].step == steps + 1):
        first -= 1
    events = one.events[:first] + one.events[last + 1 :]
    replay(one.puzzle, events, 2)
    refused(one, events)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_a_step_of_another_number_is_seen(kind, data):
    one = data.draw(one_of(kind))
    place = data.draw(
        st.sampled_from([i for i, event in enumerate(one.events) if isinstance(event, Place)])
    )
    step = data.draw(st.integers(0, 99).filter(lambda step: step != one.events[place].step))
    other = dataclasses.replace(one.events[place], step=step)
    refused(one, [*one.events[:place], other, *one.events[place + 1 :]])


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@QUICK
def test_a_digit_changed_in_the_text_is_seen(kind, data):
    """Any digit of any line: operands, results, cells, candidates, steps, answers."""
    one = data.draw(one_of(kind))
    phrases = one.puzzle.phrases("plain")
    text = phrases.write(one.events, opened=True)
    place = data.draw(st.sampled_from([i for i, char in enumerate(text) if char.isdigit()]))
    digit = data.draw(st.sampled_from("0123456789").filter(lambda char: char != text[place]))
    # "move 2 cells" is another rule than "move 3 cells", and may be as wrong.
    assume("perhaps the rule" not in text[text.rfind("\n", 0, place) + 1 : place])
    changed = text[:place] + digit + text[place + 1 :]
    with pytest.raises((UnreadableTrace, RefusedTrace)):
        replay(one.puzzle, phrases.read(changed, opened=True), 3)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_answer_is_refused_and_a_right_one_is_not_called_wrong(kind):
    right, wrong = traced(kind, 5, k=1)[0], traced(kind, 5, k=1, content="incorrect")[0]
    refused(right, [*right.events[:-1], Conclude("0")])
    with pytest.raises(RefusedTrace):
        replay(right.puzzle, right.events, 1, wrong_answer=True)
    with pytest.raises(RefusedTrace):
        replay(wrong.puzzle, wrong.events, 1)
    replay(wrong.puzzle, wrong.events, 1, wrong_answer=True)


@pytest.mark.parametrize("kind", KINDS)
def test_giving_up_a_path_that_leads_to_the_answer_is_refused(kind):
    one = traced(kind, 5, k=1)[0]
    place = next(i for i, event in enumerate(one.events) if isinstance(event, Fail))
    reason, good = one.events[place], [e for e in traced(kind, 5, k=0)[0].events[:-1]]
    refused(one, [*good, reason, Return(0), *good, one.events[-1]])


def test_nothing_and_half_a_trace_are_refused():
    one = traced("countdown", 5, k=1)[0]
    for events in ([], one.events[:-1], one.events[-1:], [Return(0), *one.events]):
        refused(one, events)
    for text in ("", "Step 1: 1 + 1 = 2.", "so</think><answer>2</answer>"):
        with pytest.raises(UnreadableTrace):
            one.puzzle.phrases("plain").read(text, opened=True)
