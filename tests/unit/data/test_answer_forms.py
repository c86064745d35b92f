"""Multiple choice in people's own files: which option is right, however it is written."""

import json

import pytest

from llmx.core.errors import LlmxError
from llmx.core.spec import DataSpec
from llmx.data import load, settled
from llmx.data.options import Choices, UnreadAnswers, choices_in, read_answers

ABC = Choices(("red", "green", "blue"))
LABELLED = Choices(("red", "green", "blue"), ("1", "2", "3"))

# answers of rows with these options -> how they are written, and the places of the right ones
FORMS = {
    "letters": (["A", "c", "(B)", "B.", "c)", " A: "], ABC, "letter", [0, 2, 1, 1, 2, 0]),
    "texts": (["green", " red"], ABC, "text", [1, 0]),
    "places from 0": (["0", "2"], ABC, "index", [0, 2]),
    "places from 1": (["1", "3"], ABC, "number", [0, 2]),
    "labels": (["1", "2", "2"], LABELLED, "label", [0, 1, 1]),
    "labels stand above numbers": (["1", "1"], LABELLED, "label", [0, 0]),
    "labels and letters agree": (["B", "C"], Choices(ABC.texts, ("A", "B", "C")), "label", [1, 2]),
    "numbers that are options": (["4", "5"], Choices(("5", "4")), "text", [1, 0]),
}


@pytest.mark.parametrize(("answers", "choices", "form", "places"), FORMS.values(), ids=FORMS)
def test_how_answers_are_written_is_told_from_all_of_them(answers, choices, form, places):
    among = [choices] * len(answers)
    assert read_answers(answers, among) == (form, places)
    assert read_answers(answers, among, form) == (form, places)


UNCLEAR = {
    "from 0 or from 1": (["1", "2"], ABC, 0, ("index", "number")),
    "a letter that is an option": (["A", "B"], Choices(("B", "A")), 0, ("letter", "text")),
    "numbers among numbers": (["1", "2"], Choices(("2", "1", "0")), 0, ("text", "index", "number")),
    "no option": (["red", "pink"], ABC, 1, ()),
    "a letter too far": (["A", "D"], ABC, 1, ()),
    "a place too far": (["0", "3"], ABC, 1, ()),
    "two kinds": (["A", "green"], ABC, 1, ()),
    "an option twice": (["red"], Choices(("red", "red")), 0, ()),
    "a word": (["Ab"], ABC, 0, ()),
}


@pytest.mark.parametrize(("answers", "choices", "place", "forms"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_cannot_be_told_is_nobodys_guess(answers, choices, place, forms):
    with pytest.raises(UnreadAnswers) as error:
        read_answers(answers, [choices] * len(answers))
    assert error.value.place == place and set(error.value.forms) <= {*forms}
    assert bool(error.value.forms) == bool(forms)
    for form in error.value.forms:
        assert read_answers(answers, [choices] * len(answers), form)[0] == form


CELLS = {
    "texts": (["a", "b"], Choices(("a", "b"))),
    "numbers": ([1, 2.5], Choices(("1", "2.5"))),
    "ARC": ({"text": ["a", "b"], "label": ["1", "2"]}, Choices(("a", "b"), ("1", "2"))),
    "by letter": ({"A": "a", "B": "b"}, Choices(("a", "b"), ("A", "B"))),
    "rows": ([{"label": "X", "text": "a"}, {"label": "Y", "text": "b"}],
             Choices(("a", "b"), ("X", "Y"))),
    "JSON": ('["a", "b"]', Choices(("a", "b"))),
    "JSON of ARC": ('{"text": ["a", "b"], "label": ["A", "B"]}', Choices(("a", "b"), ("A", "B"))),
    "one": (["a"], None),
    "none": ([], None),
    "too many": ([str(n) for n in range(27)], None),
    "a text": ("a, b", None),
    "broken JSON": ('["a", "b"', None),
    "a hole": (["a", None], None),
    "nothing": (None, None),
}  # fmt: skip


@pytest.mark.parametrize(("cell", "expected"), CELLS.values(), ids=CELLS)
def test_options_are_read_out_of_a_cell(cell, expected):
    assert choices_in(cell) == expected


def data(tmp_path, rows, **options):
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return DataSpec(kind="jsonl", options={"path": str(file), **options})


ASKED = "Which?\nA. red\nB. blue"
ROWS = {
    "a column by its name": ({"question": "Which?", "choices": ["red", "blue"], "answer": 1}, {}),
    "the letters' columns": ({"question": "Which?", "A": "red", "B": "blue", "C": "", "D": None,
                              "answer": "B"}, {}),
    "columns": ({"question": "Which?", "right": "blue", "wrong": "red", "answer": "blue"},
                {"choices": ["wrong", "right"]}),
    "a template": ({"question": "Which?", "of": "red/blue", "answer": "B"},
                   {"choices": "{{ of.split('/') | tojson }}"}),
    "lines of a template": ({"question": "Which?", "of": "red/blue", "answer": "B"},
                            {"choices": "{{ of.replace('/', '\n') }}"}),
    "an own layout": ({"question": "Which?", "choices": ["red", "blue"], "answer": "B"},
                      {"question": "{{ question }}\n{{ lettered }}"}),
    "an own layout of texts": ({"question": "Which?", "choices": ["red", "blue"], "answer": "B"},
                               {"question": "{{ question }}\nA. {{ choices[0] }}\nB. blue"}),
}  # fmt: skip


@pytest.mark.parametrize(("row", "options"), ROWS.values(), ids=ROWS)
def test_a_question_is_asked_with_its_options_once(tmp_path, row, options):
    given = {"answer_is": "index"} if row["answer"] == 1 else {}
    (found,) = load(data(tmp_path, [row], **options, **given), "test")
    assert (found.question, found.answer, found.choices) == (ASKED, "B", 2)


def test_options_that_nobody_wants_are_left_out(tmp_path):
    row = {"question": "Which?", "choices": ["red", "blue"], "answer": "a colour"}
    (found,) = load(data(tmp_path, [row], choices=[]), "test")
    assert (found.question, found.answer, found.choices) == ("Which?", "a colour", 0)


def test_how_answers_are_written_is_settled_with_the_columns(tmp_path):
    rows = [{"question": f"{n}", "choices": ["x", "y", "z"], "answer": n} for n in (0, 1, 2)]
    done = settled(data(tmp_path, rows), tmp_path / "r").spec
    assert (done.options["choices"], done.options["answer_is"]) == ("choices", "index")
    assert [one.answer for one in load(done, "test")] == ["A", "B", "C"]


REFUSED = {
    "unclear": ([{"question": "a", "choices": ["x", "y", "z"], "answer": 1}],
                r"line 1: the answer '1' is index or number: which\? "
                r"\(data\.options\.answer_is=index\)"),
    "no option": ([{"question": "a", "choices": ["x", "y"], "answer": "z"}],
                  r"line 1: the answer 'z' is none of its options: x \| y"),
    "a row without": ([{"question": "a", "choices": ["x", "y"], "answer": "x"},
                       {"question": "b", "answer": "x"}],
                      r"line 2: data\.options\.choices=choices gives no list"),
    "two are right": ([{"question": "a", "choices": ["x", "y"], "answer": ["x", "y"]}],
                      r"line 1: several options are right"),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "says"), REFUSED.values(), ids=REFUSED)
def test_a_row_whose_right_option_is_unclear_is_refused(tmp_path, rows, says):
    with pytest.raises(LlmxError, match=says) as error:
        load(data(tmp_path, rows), "test")
    assert "\n" not in str(error.value)
