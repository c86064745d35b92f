"""Every step of a worked problem is true, leads to the answer, and no split shares a question."""

import re

import pytest
from yaml import safe_load

from llmx.config.places import builtin
from llmx.core.errors import LlmxError
from llmx.core.spec import DataSpec
from llmx.data import load
from llmx.data.worked_arithmetic import LARGEST, SKILLS, WorkedArithmetic
from llmx.scoring.gsm import strict_answer


def spec(**changes):
    sizes = {"test": 300, "calibration": 20, "train": 3000}
    return DataSpec(kind="worked_arithmetic", **{**sizes, **changes})


def value(expression):
    assert re.fullmatch(r"[\d +*-]+", expression)
    return eval(expression)  # digits and operators alone


EVERY = {"skills": list(SKILLS)}
ASKED = [
    "What is 51 + 24 + 81 + 44 - 71?",
    "What is 16 * 26 + 37?",
    "What is left when 4851 is divided by 16?",
]


@pytest.mark.parametrize("split", ["test", "train"])
def test_every_step_is_true_and_the_last_one_is_the_answer(split):
    for sample in load(spec(options=EVERY), split):
        steps, answer = sample.solution.split("#### ")
        for step in steps.split(". ")[:-1]:
            first, *others = (value(side) for side in step.split(" = "))
            assert all(other == first for other in others), sample
        assert answer == sample.answer == str(first)


def test_the_answer_is_that_of_the_question():
    for sample in load(spec(options=EVERY), "test"):
        expression = re.fullmatch(r"What is ([\d +*-]+)\?", sample.question)
        divided = re.fullmatch(r"What is left when (\d+) is divided by (\d+)\?", sample.question)
        found = value(expression[1]) if expression else int(divided[1]) % int(divided[2])
        assert str(found) == sample.answer


def test_skills_take_turns_and_splits_share_no_question():
    data = WorkedArithmetic(spec())
    test, train = data.split("test"), data.split("train")
    assert [sample.cluster for sample in test[:3]] == list(LARGEST)
    assert not {s.question for s in test} & {s.question for s in train}
    assert len({s.question for s in train}) == 3000
    only = load(spec(options={"skills": ["product"]}), "test")
    assert {sample.cluster for sample in only} == {"product"}


def test_numbers_stay_where_they_are_said_to_stay():
    for sample in load(spec(options=EVERY), "train"):
        assert all(0 <= int(number) < 10_000 for number in re.findall(r"\d+", sample.solution))


def test_a_worked_solution_is_right_and_another_answer_is_not():
    sample = load(spec(), "test", 1)[0]
    assert strict_answer(sample.solution) == sample.answer
    assert strict_answer(sample.solution + "1") != sample.answer


DIGITS = {
    **{f"small_total_{size}": [2, *[1] * (size - 1)] for size in (2, 3, 4)},
    "small_total": [2, 1, 1, 1, 1],
    **{f"total_{size}": [2] * size for size in (2, 3, 4)},
    "total": [2] * 5,
    "product_1": [2, 1, 2],
    "product": [2, 2, 2],
    "remainder_3": [3, 2],
    "remainder": [4, 2],
}


def test_a_skill_has_its_size():
    found = load(spec(options=EVERY), "test")
    for sample in found:
        numbers = re.findall(r"\d+", sample.question)
        assert [len(number) for number in numbers] == DIGITS[sample.cluster], sample
        assert "0" not in numbers  # nothing is added for nothing
    assert {sample.cluster for sample in found} == {*DIGITS} == {*SKILLS}


@pytest.mark.parametrize("skills", [["total_2"], ["remainder_3", "small_total"], list(SKILLS)])
def test_a_part_of_the_skills_asks_nothing_that_a_training_on_all_has_seen(skills):
    """As long as it asks no more of each skill."""
    sizes = {"test": 20 * len(SKILLS), "calibration": 10 * len(SKILLS)}
    seen = {one.question for one in load(spec(options=EVERY, train=4000, **sizes), "train")}
    fewer = {"test": 20 * len(skills), "calibration": 10 * len(skills)}
    part = spec(options={"skills": skills}, **fewer)
    for split in ("test", "calibration"):
        assert not seen & {one.question for one in load(part, split)}


def test_what_three_skills_ask_is_what_they_asked_before_there_were_more():
    first = load(spec(), "test", 3)
    assert [sample.question for sample in first] == ASKED
    assert load(spec(options={"skills": list(LARGEST)}), "train") == load(spec(), "train")


@pytest.mark.parametrize(
    "options",
    [
        {"skills": []},
        {"skills": ["sum"]},
        {"skills": "total"},
        {"skil": ["total"]},
        {"skills": ["total", "total"]},
        {"solutions": "some"},
    ],
)
def test_bad_options_are_one_line(options):
    for make in (WorkedArithmetic, WorkedArithmetic.identity):
        with pytest.raises(LlmxError) as error:
            make(spec(options=options))
        assert error.value.exit_code == 2 and "\n" not in str(error.value)


def test_the_rungs_that_ship_ask_what_the_ladder_kept_apart():
    """And the ladder's split of each rung, so that its card counts the same problems."""
    paths = (builtin() / f"_groups/data/arithmetic_{name}.yaml" for name in ("ladder", "rungs"))
    every, part = (DataSpec(**{**safe_load(path.read_text()), "train": 0}) for path in paths)
    for split in ("test", "calibration"):
        apart = {one.question for one in load(every, split)}
        asked = load(part, split)
        assert len(asked) == getattr(part, split) == len({one.question for one in asked})
        assert {one.question for one in asked} <= apart
