"""CommonsenseQA, MMLU and HumanEval: rows of the published schema become problems."""

import socket

import datasets
import pytest

from llmx.core.errors import DataError
from llmx.core.spec import DataSpec
from llmx.data import evaluation_identity, identity, load


def csqa_row(question, key="B", concept="bird", texts=("nest", "sky ", "car", "sea", "box")):
    """One row of tau/commonsense_qa."""
    choices = {"label": list("ABCDE"[: len(texts)]), "text": list(texts)}
    return {
        "id": "075e483d21c29a511267ef62bedc0461",
        "question": question,
        "question_concept": concept,
        "choices": choices,
        "answerKey": key,
    }


def mmlu_row(place, subject):
    """One row of cais/mmlu, configuration all: `answer` is the place of the right choice."""
    choices = ["0", "1", "2", "3"]
    return {"question": f"What is {place}?", "subject": subject, "choices": choices, "answer": 3}


def humaneval_row(number):
    """One row of openai/openai_humaneval."""
    return {
        "task_id": f"HumanEval/{number}",
        "prompt": f'def f{number}(x):\n    """Return x."""\n',
        "canonical_solution": "    return x\n",
        "test": "def check(candidate):\n    assert candidate(1) == 1\n",
        "entry_point": f"f{number}",
    }


def mbpp_row(number):
    """One row of google-research-datasets/mbpp, configuration sanitized."""
    return {
        "source_file": "x.ipynb",
        "task_id": number,
        "prompt": f" Write a function to add {number}. ",
        "code": f"def f{number}(x):\r\n    return x + {number}",
        "test_imports": ["import math"] if number % 2 else [],
        "test_list": [f"assert f{number}(1) == {number + 1}", f"assert f{number}(0) == {number}"],
    }


SUBJECTS = ("anatomy", "law", "physics", "virology")
HUB = {
    ("tau/commonsense_qa", "default", "validation"): [
        csqa_row(" Where do birds fly? "),
        csqa_row("Where do birds fly?"),
        csqa_row("Where does a dog sleep?", "E", "dog"),
    ],
    ("tau/commonsense_qa", "default", "train"): [
        csqa_row("Where do BIRDS fly?"),
        csqa_row("Where is water?", "D", "water"),
        csqa_row("Where is a wheel?", "C", "wheel"),
    ],
    ("cais/mmlu", "all", "test"): [mmlu_row(n, SUBJECTS[n // 10]) for n in range(40)],
    ("cais/mmlu", "all", "validation"): [
        mmlu_row(place, SUBJECTS[0]) for place in (7, 100, 101, 100)
    ],
    ("openai/openai_humaneval", "openai_humaneval", "test"): [humaneval_row(n) for n in range(4)],
    ("evalplus/humanevalplus", None, "test"): [humaneval_row(n) for n in range(4)],
    ("google-research-datasets/mbpp", "sanitized", "test"): [mbpp_row(n) for n in range(4)],
    ("google-research-datasets/mbpp", "sanitized", "train"): [mbpp_row(n) for n in (8, 9)],
}
COMMITS = dict.fromkeys(("csqa", "mmlu", "humaneval", "humaneval_plus", "mbpp"), "c" * 40)
VERSIONS = {"humaneval": 2, "humaneval_plus": 2}


@pytest.fixture
def hub(monkeypatch):
    """The hub, with few rows; what was asked of it is kept."""
    asked = []

    def load_dataset(repository, configuration, *, split, revision, trust_remote_code):
        asked.append((repository, configuration, split, revision))
        return list(HUB[repository, configuration, split])

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    return asked


def spec(kind, **changes):
    return DataSpec(**{"kind": kind, "revision": COMMITS[kind], "test": 100, **changes})


def test_a_question_of_csqa_is_asked_with_its_options(hub):
    first, second = load(spec("csqa"), "test")
    assert first.question == "Where do birds fly?\nA. nest\nB. sky\nC. car\nD. sea\nE. box"
    assert (first.id, first.answer, first.choices, first.cluster) == ("test-0", "B", 5, "bird")
    assert (second.id, second.answer, second.cluster) == ("test-2", "E", "dog")
    assert hub == [("tau/commonsense_qa", "default", "validation", "c" * 40)]


def test_csqa_is_calibrated_on_training_problems_that_are_not_tested(hub):
    found = load(spec("csqa", calibration=5), "calibration")
    assert [sample.id for sample in found] == ["calibration-1", "calibration-2"]
    assert len(load(spec("csqa", calibration=1), "calibration")) == 1


def test_an_answer_of_mmlu_is_the_letter_of_its_place(hub):
    found = load(spec("mmlu"), "test")
    assert {sample.answer for sample in found} == {"D"} and found[0].choices == 4
    by_id = {sample.id: sample for sample in found}
    assert by_id["test-12"].question == "What is 12?\nA. 0\nB. 1\nC. 2\nD. 3"
    assert by_id["test-12"].cluster == "law"
    assert {call[1:] for call in hub} == {("all", "test", "c" * 40)}


def test_the_first_problems_of_mmlu_are_of_many_subjects_and_fixed_by_the_seed(hub):
    few = load(spec("mmlu", test=12), "test")
    assert {sample.cluster for sample in few} == set(SUBJECTS)
    assert few == load(spec("mmlu", test=12), "test")
    assert few[:5] == load(spec("mmlu"), "test", 5)
    other = load(spec("mmlu", seed=1), "test")
    assert other != load(spec("mmlu"), "test")
    assert sorted(s.id for s in other) == sorted(s.id for s in load(spec("mmlu"), "test"))


def test_mmlu_is_calibrated_on_questions_that_are_not_tested(hub):
    found = load(spec("mmlu"), "calibration")
    assert {sample.id for sample in found} == {"calibration-1", "calibration-2"}


def test_a_function_of_humaneval_comes_with_the_program_that_judges_it(hub):
    first, second = load(spec("humaneval"), "test", 2)
    assert first.question == '```python\ndef f0(x):\n    """Return x."""\n```'
    assert second.id == "test-1" and second.solution == "    return x"
    for sample, result in ((first, "x"), (second, "x + 1")):
        body = f"def {sample.id.replace('test-', 'f')}(x):\n    return {result}\n"
        passes = True
        try:
            exec(body + sample.answer, {})
        except AssertionError:
            passes = False
        assert passes is (result == "x")


def test_what_stands_above_a_function_comes_before_the_program(monkeypatch):
    row = humaneval_row(7)
    above = "from math import gcd\n\n\ndef half(x):\n    return x // 2\n\n\n"
    rows = [row, {**row, "prompt": above + row["prompt"]}]
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: rows)
    plain, helped = load(spec("humaneval"), "test")
    assert plain.metadata == {"entry_point": "f7", "before": "\n"}
    assert helped.metadata["before"] == above.rstrip() + "\n"


def test_a_function_of_mbpp_shows_its_tests_and_is_marked_by_them(hub):
    first, second, *_ = load(spec("mbpp"), "test")
    assert first.id == "test-0" and first.question.startswith("Write a function to add 0.\n\n")
    assert "```python\nassert f0(1) == 1\nassert f0(0) == 0\n```" in first.question
    assert second.answer == "import math\nassert f1(1) == 2\nassert f1(0) == 1\n"
    for sample in (first, second):
        exec(sample.solution + "\n" + sample.answer, {})
    assert [one.id for one in load(spec("mbpp", calibration=1), "calibration")] == ["calibration-0"]
    with pytest.raises(DataError, match="splits: test, calibration"):
        load(spec("mbpp"), "train")


@pytest.mark.parametrize(
    ("kind", "split", "hint"),
    [
        ("csqa", "train", "splits: test, calibration"),
        ("mmlu", "heldout", "splits: test, calibration"),
        ("humaneval", "calibration", r"sampler\.threshold, not a draft_share"),
    ],
)
def test_unknown_splits_are_refused(hub, kind, split, hint):
    with pytest.raises(DataError, match=hint):
        load(spec(kind), split)
    assert not hub


BAD = {
    "kept back": ("csqa", {**csqa_row("q"), "answerKey": ""}, "answerKey is ''"),
    "other letters": (
        "csqa",
        {**csqa_row("q"), "choices": {"label": ["1", "2"], "text": ["a", "b"]}},
        "lettered 1, 2",
    ),
    "a column gone": ("mmlu", {"question": "q", "choices": ["a", "b"]}, "'answer'"),
    "no such choice": ("mmlu", {**mmlu_row(1, "law"), "answer": 4}, "answer is 4"),
    "one option": ("mmlu", {**mmlu_row(1, "law"), "choices": ["a"], "answer": 0}, "1 options"),
    "no test": ("humaneval", {"prompt": "def f(): ...", "entry_point": "f"}, "'test'"),
}


@pytest.mark.parametrize(("kind", "row", "says"), BAD.values(), ids=BAD)
def test_a_row_of_another_schema_is_named(monkeypatch, kind, row, says):
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: [row])
    with pytest.raises(DataError, match=rf"row 0 of .* not as expected.*{says}") as found:
        load(spec(kind), "test")
    assert "\n" not in str(found.value) and "data.revision" in found.value.hint


@pytest.mark.parametrize("kind", COMMITS)
def test_the_identity_is_the_pinned_commit_and_asks_nobody(hub, kind):
    found = identity(spec(kind))
    assert found["spec"]["revision"] == "c" * 40 and found["repository"]
    assert found["version"] == VERSIONS.get(kind, 1)
    assert evaluation_identity(spec(kind), "test") == evaluation_identity(
        spec(kind, calibration=3), "test"
    )
    with pytest.raises(DataError, match="pin the commit"):
        identity(spec(kind, revision=None))
    assert not hub


@pytest.mark.parametrize("kind", COMMITS)
def test_without_the_hub_one_line_says_what_to_do(monkeypatch, kind):
    def unreachable(*given, **named):
        raise ConnectionError("Couldn't reach it on the Hub (OfflineModeIsEnabled)\nmore")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    monkeypatch.setattr(socket, "create_connection", None)  # nobody is asked twice
    with pytest.raises(DataError, match=r"cannot fetch .*OfflineModeIsEnabled") as found:
        load(spec(kind), "test")
    assert "\n" not in str(found.value) and "$HF_HOME" in found.value.hint
