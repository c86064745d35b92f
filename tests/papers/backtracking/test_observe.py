"""What a completion does: its returns are counted, and what it says is checked."""

import re

import pytest
from counts import THOROUGH
from hypothesis import given
from hypothesis import strategies as st
from problems import KINDS, traced

from llmx.papers.backtracking.traces.observe import observe, returns

# More digits than `int` takes; of many more it is the time that counts.
LONG = [19, 4_301, *([20_000] if THOROUGH else [])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("opened", [True, False])
def test_a_trace_is_observed_as_what_it_is(kind, opened):
    for one in traced(kind, 5, k=2):
        text = one.puzzle.phrases("terse").write(one.events, opened)
        seen = observe(one.puzzle, "terse", text, opened)
        assert (seen.returns, seen.readable, seen.holds) == (2, True, True)
        assert not observe(one.puzzle, "terse", text, not opened).readable


@pytest.mark.parametrize("kind", KINDS)
def test_the_trace_of_another_problem_is_readable_and_does_not_hold(kind):
    one, other = traced(kind, 5, k=2)[:2]
    text = one.puzzle.phrases("plain").write(one.events, True)
    seen = observe(other.puzzle, "plain", text, True)
    assert (seen.returns, seen.readable, seen.holds) == (2, True, False)


def test_a_text_that_was_cut_off_has_returns_and_no_form():
    one = traced("countdown", 5, k=2)[0]
    text = one.puzzle.phrases("plain").write(one.events, True)
    cut = text[: text.rindex("Go back") + len("Go back to step 1.")]
    seen = observe(one.puzzle, "plain", cut, True)
    assert (seen.returns, seen.readable) == (2, False)
    assert "think block" in seen.fault


@given(st.text(max_size=200))
def test_no_text_breaks_the_observer(text):
    one = traced("arc_1d", 5, k=2)[0]
    assert not observe(one.puzzle, "terse", text, True).holds


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wording", ["plain", "terse"])
def test_returns_are_counted_alike_with_and_without_the_problem(kind, wording):
    one, other = traced(kind, 5, k=3)[:2]
    text = one.puzzle.phrases(wording).write(one.events, True)
    lines = text.split("\n")
    for cut in range(len(lines) + 1):
        part = "\n".join(lines[:cut])
        counted = returns(other.puzzle.phrases(wording), part)
        assert counted == observe(one.puzzle, wording, part, True).returns
    assert counted == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wording", ["plain", "terse"])
@pytest.mark.parametrize("digits", LONG)
def test_a_number_of_any_length_does_not_hold_and_breaks_nothing(kind, wording, digits):
    one = traced(kind, 5, k=1)[0]
    text = one.puzzle.phrases(wording).write(one.events, True)
    for number in re.finditer(r"[0-9]+", text):
        long = text[: number.start()] + "7" * digits + text[number.end() :]
        assert not observe(one.puzzle, wording, long, True).holds


def test_a_number_of_eighteen_digits_is_one():
    phrases = traced("countdown", 5, k=1)[0].puzzle.phrases("plain")
    assert phrases.event(f"Step 1: 1 + {'9' * 18} = 1{'0' * 17}.") is not None
    assert phrases.event(f"Step 1: 1 + {'9' * 19} = 1{'0' * 17}.") is None
    assert phrases.event(f"Step 1: -{'9' * 18} + 1 = 0.") is not None


def test_what_stands_behind_the_answer_is_no_step_back():
    one = traced("countdown", 5, k=1)[0]
    phrases = one.puzzle.phrases("terse")
    text = phrases.write(one.events, True) + "\nback to 1"
    assert returns(phrases, text) == observe(one.puzzle, "terse", text, True).returns == 1
