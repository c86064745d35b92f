"""Programs are told apart by what they do with the inputs of their tests."""

import ast

from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.scoring.code.behaviour import GONE, behaviour_key, calls_of
from llmx.scoring.code.inside import packed

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 1.0, 1.5, 2.0])
    | st.sampled_from(["", "1", "a"]) | st.binary(max_size=1),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner)
    | st.dictionaries(st.integers(0, 2) | st.booleans() | st.text("ab", max_size=1), inner,
                      max_size=3)
    | st.sets(st.integers(0, 2) | st.sampled_from([0.0, 1.0, True]), max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(PLAIN, PLAIN)
@settings(max_examples=count(300, 5000))
def test_values_share_a_key_where_python_finds_them_equal(one, other):
    same = behaviour_key([[packed(one)]]) == behaviour_key([[packed(other)]])
    assert same == (one == other)


def key(value):
    return behaviour_key([[packed(value)]])


def test_equal_values_of_other_types_and_orders_share_a_key():
    assert key({8: "a", 16: "b"}) == key({16: "b", 8: "a"})
    first, then = {8, 0}, {0, 8}  # of one hash table's place, so the first stays first
    assert list(first) != list(then) and key(first) == key(then) == key(frozenset({0.0, 8}))
    assert key([1, 0.0, True]) == key([True, -0.0, 1.0])
    assert key(10**20) == key(1e20) != key(10**20 + 1)
    assert key({1: [2.0]}) == key({True: [2]})
    assert key(10**6000) == key(10**6000) != key(10**6000 + 1)
    assert len({key(one) for one in (float("nan"), float("inf"), -float("inf"), 0.5)}) == 4


def test_a_list_is_no_tuple_and_a_text_no_number():
    told = [[1], (1,), {1}, {1: 1}, "1", 1, b"1", None, 1.5, [], (), {}, set(), ""]
    assert len({key(one) for one in told}) == len(told)


def test_an_error_is_no_value_of_the_same_name():
    keys = {behaviour_key([one]) for one in ("ValueError", [["s", "ValueError"]],
                                             "KeyError", GONE, [None])}  # fmt: skip
    assert len(keys) == 5
    assert behaviour_key(["a", "b"]) != behaviour_key(["b", "a"]) != behaviour_key(["b"])


def test_an_object_that_is_no_plain_value_is_what_its_type_is_called():
    assert behaviour_key([[packed(object())]]) == behaviour_key([[packed(object())]])
    assert behaviour_key([[packed(object())]]) != behaviour_key([[packed(len)]])


TESTS = """
import math
def check(candidate):
    assert candidate([1, -2], k=3) == 7, "message"
    assert candidate([1, -2], k=3) == 8
    assert math.isclose(candidate(-1.5), 2)
    for n in range(3):
        assert candidate(n) == n
    assert add((1, {"a": {2}}), **{}) == other(5)
    assert add(*[1]) == 2
"""


def test_inputs_are_the_calls_that_are_written_out_and_nothing_that_is_expected():
    found = calls_of(TESTS, "add")
    assert found == ["candidate([1, -2], k=3)", "candidate(-1.5)"]
    assert calls_of("assert f(1) == 2\nassert g(f(2)) == 3\nassert f('x')", "f") == [
        "f(1)", "f(2)", "f('x')"
    ]  # fmt: skip


@given(st.lists(st.tuples(PLAIN, PLAIN), min_size=1, max_size=4))
@settings(max_examples=count(50, 1000))
def test_what_is_expected_moves_no_input(pairs):
    tests = "\n".join(f"assert f({one!r}) == {other!r}" for one, other in pairs)
    others = "\n".join(f"assert f({one!r}) == 5" for one, _ in pairs)
    assert calls_of(tests, "f") == calls_of(others, "f")
    for call in calls_of(tests, "f"):
        assert isinstance(ast.parse(call, mode="eval").body, ast.Call)
