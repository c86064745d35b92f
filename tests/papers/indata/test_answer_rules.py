"""Which answers are right: exact and typed, whatever is guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample
from llmx.papers.indata.answers import UNKNOWN, as_answer, element_f1, equal, read_answer
from llmx.papers.indata.scorer import AnalysisScorer

EQUAL = [
    ("integer", 12, 12, True),
    ("integer", 12.0, 12, True),
    ("integer", 12.1, 12, False),
    ("integer", True, 1, False),
    ("integer", "12", 12, False),
    ("float", 1.0000005, 1.0, True),
    ("float", 1.00001, 1.0, False),
    ("float", 50.0, 0.5, False),
    ("float", float("nan"), 0.5, False),
    ("boolean", True, True, True),
    ("boolean", 1, True, False),
    ("boolean", "true", True, False),
    ("string", " North ", "north", True),
    ("string", "northern", "north", False),
    ("date", "2024-01-02T00:00:00", "2024-01-02", True),
    ("list", ["a", "b"], ["a", "b"], True),
    ("list", ["b", "a"], ["a", "b"], False),
    ("set", ["b", "a"], ["a", "b"], True),
    ("set", ["b", "a", "a"], ["a", "b"], False),
    ("set", [2, 1.0], [1, 2], True),
    ("mapping", {"B": 2, "a": 1.0}, {"a": 1, "b": 2}, True),
    ("mapping", {"a": 1}, {"a": 1, "b": 2}, False),
    ("mapping", {"a": 1, "A": 1, "b": 2}, {"a": 1, "b": 2}, False),
    ("cannot_be_determined", "Cannot be determined.", UNKNOWN, True),
    ("cannot_be_determined", 3, UNKNOWN, False),
    ("integer", UNKNOWN, 12, False),
    ("string", None, "north", False),
]


@pytest.mark.parametrize(("answer_type", "given_", "expected", "right"), EQUAL)
def test_what_is_equal(answer_type, given_, expected, right):
    assert equal(given_, expected, answer_type) is right


@pytest.mark.parametrize(("value", "right"), [(0.33, True), (0.334, True), (0.34, False)])
def test_decimals_that_are_asked_for_are_enough(value, right):
    assert equal(value, 0.3333, "float", 2) is right
    assert not equal(value, 0.3333, "float")


values = st.one_of(
    st.tuples(st.just("integer"), st.integers(-(10**9), 10**9)),
    st.tuples(st.just("float"), st.floats(-1e9, 1e9)),
    st.tuples(st.just("boolean"), st.booleans()),
    st.tuples(st.just("list"), st.lists(st.integers(), max_size=6)),
    st.tuples(st.just("set"), st.lists(st.integers(), max_size=6, unique=True)),
    st.tuples(st.just("mapping"), st.dictionaries(st.sampled_from("abcdef"), st.integers())),
)


@given(values)
def test_an_answer_that_is_written_out_is_read_and_right(pair):
    answer_type, value = pair
    text = f"I looked at 3 tables.\nAnswer: {json.dumps(value)}\n"
    read = read_answer(text, answer_type)
    assert equal(read, value, answer_type)
    if answer_type in ("list", "set", "mapping"):
        assert element_f1(read, value, answer_type) == 1.0


@given(values, values)
def test_an_answer_of_another_type_is_never_right(one, other):
    numbers = {"integer", "float"}
    lists = {"list", "set"}
    if one[0] == other[0] or {one[0], other[0]} in (numbers, lists):
        return
    assert not equal(one[1], other[1], other[0])


READ = [
    ("Answer: 12", "integer", 12),
    ("**Final answer:** 1,234.5 EUR", "float", 1234.5),
    ("Answer: between 3 and 4", "float", None),
    ("Answer: yes", "boolean", True),
    ("Answer: maybe", "boolean", None),
    ("Answer: `north`", "string", "north"),
    ("Answer: [1, 2]", "mapping", None),
    ("Answer: cannot be determined", "integer", UNKNOWN),
    ("Answer: 1\nthen again\nAnswer: 2", "integer", 2),
    ("It is 12.", "integer", None),
    ("Answer: " + "9" * 5000, "integer", None),
]


@pytest.mark.parametrize(("text", "answer_type", "expected"), READ)
def test_what_is_read(text, answer_type, expected):
    assert read_answer(text, answer_type) == expected


def test_without_a_mark_the_last_line_is_read():
    assert read_answer("thinking\n 12 \n", "integer", marked=False) == 12


@pytest.mark.parametrize(
    ("found", "answer_type"),
    [(None, "float"), (1.5, "integer"), (True, "integer"), ([("a", 1, 2)], "mapping"), (3, "set")],
)
def test_what_is_no_answer_of_the_type_is_refused(found, answer_type):
    with pytest.raises((ValueError, TypeError)):
        as_answer(found, answer_type)


@pytest.mark.parametrize(
    ("given_", "f1"), [(["a"], 2 / 3), (["a", "b"], 1.0), (["c"], 0.0), (["a", "c"], 0.5)]
)
def test_elements_are_counted_apart(given_, f1):
    assert element_f1(given_, ["a", "b"], "set") == pytest.approx(f1)


def scored(text, answer, **metadata):
    said = {"prompt_ids": (), "completion_ids": (1,), "prompt": "", "finish": "eos", "rounds": 0}
    record = Record(id="1", text=text, **said)
    sample = Sample(id="1", question="?", answer=json.dumps(answer), metadata=metadata)
    return AnalysisScorer().score(record, sample)


def test_the_scorer_tells_wrong_from_unparsed_and_from_a_refusal():
    right = scored("Answer: 0.5", 0.5, answer_type="float")
    assert right.correct and not right.unparsed and right.values["refused"] == 0
    wrong = scored("Answer: cannot be determined", 0.5, answer_type="float")
    assert not wrong.correct and not wrong.unparsed and wrong.values["refused"] == 1
    lost = scored("0.5", 0.5, answer_type="float")
    assert lost.unparsed and not lost.correct and lost.correct_flexible
    assert scored("Answer: cannot_be_determined", UNKNOWN, answer_type="float").correct
    part = scored('Answer: ["a"]', ["a", "b"], answer_type="set")
    assert not part.correct and part.values["elements"] == pytest.approx(2 / 3)


def test_other_data_are_refused_in_one_line():
    with pytest.raises(DataError, match="says no type"):
        scored("Answer: 1", 1)
