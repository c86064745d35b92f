"""Verifiers and the evaluator of expressions, by hand-worked tables; bad input is only wrong."""

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample
from llmx.core.registry import kinds, lookup
from llmx.data.tasks.arithmetic import evaluate
from llmx.data.tasks.verifiers import VERIFIERS

GRID = "1 2\n2 1"

TABLE = [
    ("countdown", "(3 + 4) * 5", "5*(4 + 3)", True),
    ("countdown", "5 * 4 + 3 * 5", "5*(4 + 3)", False),
    ("countdown", "3 + 4 * 5", "5*(4 + 3)", False),
    ("countdown", "35", "5*(4 + 3)", False),
    ("countdown", "8 / 3 * 3", "3*8/3", True),
    ("countdown", "2 ** 3", "2*3", False),
    ("countdown", "9**9**9", "9*9 + 9", False),
    ("countdown", "7 // 2", "7/2", False),
    ("countdown", "3 / 0", "3 - 0", False),
    ("countdown", ".5 + 2", "5/2 + 0", False),
    ("countdown", "٣ + 4", "3 + 4", False),
    ("countdown", "3 + ４", "3 + 4", False),
    ("countdown", "3 + 4 = 7", "3 + 4", False),
    ("countdown", "__import__('os')", "3 + 4", False),
    ("countdown", "nan", "3 + 4", False),
    ("countdown", "(" * 150 + "3" + ")" * 150, "3", False),
    ("countdown", "9999999999 * 1", "3", False),
    ("countdown", "", "3 + 4", False),
    ("sudoku", "1 2 \n2 1\n", GRID, True),
    ("mini_sudoku", GRID, GRID, True),
    ("mini_sudoku", "1 2\n1 2", GRID, False),
    ("mini_sudoku", "1 2 2 1", GRID, False),
    ("mini_sudoku", "1 2\n\n2 1", GRID, False),
    ("mini_sudoku", "١ 2\n2 1", GRID, False),
    ("mini_sudoku", "1 _\n2 1", GRID, False),
    ("arc_1d", "0 1  2", "0 1 2", True),
    ("arc_1d", "0 1 2 0", "0 1 2", False),
    ("arc_1d", "0, 1, 2", "0 1 2", False),
    ("arc_1d", "", "0 1 2", False),
    ("advanced_geometry", "2.500", "2.500", True),
    ("advanced_geometry", "2.5", "2.500", False),
    ("advanced_geometry", "45.00°", "45.00°", True),
    ("advanced_geometry", "45.00", "45.00°", False),
    ("advanced_geometry", "(1.000,-2.500)", "(1.000, -2.500)", True),
    ("advanced_geometry", "(1.000, 2.500)", "(1.000, -2.500)", False),
    ("advanced_geometry", "nan", "2.500", False),
    ("color_cube_rotation", " Red ", "red", True),
    ("color_cube_rotation", "dark red", "red", False),
    ("zebra_puzzles", "BOB", "bob", True),
    ("zebra_puzzles", "", "bob", False),
    ("list_functions", "[1,2]", "[1, 2]", True),
    ("list_functions", "[]", "[]", True),
    ("list_functions", "[]", "[1]", False),
    ("list_functions", "1, 2", "[1, 2]", False),
    ("list_functions", "[[1, 2]]", "[1, 2]", False),
    ("list_functions", "[-1, 2, ]", "[-1, 2]", True),
    ("self_reference", "3", "3", True),
    ("self_reference", "03", "3", True),
    ("self_reference", "0" * 18 + "3", "3", True),
    ("self_reference", "0" * 19 + "3", "3", False),
    ("self_reference", "³", "3", False),
    ("self_reference", "3 3", "3", False),
    ("self_reference", "1e1", "10", False),
]


@pytest.mark.parametrize(("kind", "answer", "reference", "right"), TABLE)
def test_a_verifier(kind, answer, reference, right):
    assert VERIFIERS[kind](answer, reference) is right


def test_every_kind_has_scorer_reward_and_data():
    for family in ("data", "scorer", "reward"):
        assert set(VERIFIERS) <= set(kinds(family))
        assert all(lookup(family, kind) is not None for kind in VERIFIERS)


@given(st.text(alphabet="0123456789+-*/() ._e,", max_size=300))
def test_no_text_breaks_the_evaluator(text):
    found = evaluate(text)
    assert found is None or isinstance(found[0], Fraction)


@pytest.mark.parametrize(
    "text",
    [
        "0x10",
        "0b11",
        "1_5",
        "1.5",
        "1e2",
        "2 ** 3",
        "7 // 2",
        "8 % 3",
        "1\n",
        "\u0663 + 4",
        "abs(3)",
    ],
)
def test_what_python_reads_and_the_task_does_not_is_no_expression(text):
    assert evaluate(text) is None


@pytest.mark.parametrize(
    ("most", "more"),
    [("9" * 9, "9" * 10), ("1+" * 99 + "11", "1+" * 100 + "1")],
    ids=["digits", "characters"],
)
def test_an_expression_has_so_many_digits_and_characters_and_no_more(most, more):
    assert evaluate(most) is not None and evaluate(more) is None


@given(st.text(max_size=60), st.sampled_from(sorted(VERIFIERS)))
def test_no_text_breaks_a_verifier(text, kind):
    assert VERIFIERS[kind](text, "1") in (True, False)


def test_the_largest_expression_takes_no_time():
    began = time.perf_counter()
    assert evaluate(" * ".join(["999999999"] * 16)) is not None
    assert evaluate("9**" * 60 + "9") is None
    assert time.perf_counter() - began < 0.1


def record(text, prompt="q"):
    return Record(
        id="a",
        prompt_ids=(1,),
        completion_ids=(2,),
        prompt=prompt,
        text=text,
        finish="eos",
        rounds=1,
    )


@pytest.mark.parametrize(
    ("text", "prompt", "strict", "correct", "flexible"),
    [
        ("<think>x</think><answer>4 + 3</answer>", "q", "3 + 4", True, True),
        ("x</think><answer>4 + 3</answer>", "q<think>\n", "3 + 4", True, True),
        ("x</think><answer>4 + 3</answer>", "q", None, False, True),
        ("<think>x</think><answer>4 - 3</answer>", "q", "4 - 3", False, False),
        ("<think>x</think>7", "q", None, False, False),
    ],
)
def test_the_scorer_parts_form_and_answer(text, prompt, strict, correct, flexible):
    sample = Sample(id="a", question="3 4 make 7", answer="3 + 4")
    score = lookup("scorer", "countdown")().score(record(text, prompt), sample)
    assert (score.strict, score.correct, score.correct_flexible) == (strict, correct, flexible)
    assert score.unparsed is (strict is None)


def test_a_reference_that_no_one_can_meet_is_refused():
    with pytest.raises(DataError, match="cannot be read"):
        lookup("scorer", "countdown")().score(
            record("x"), Sample(id="a", question="q", answer="seven")
        )
