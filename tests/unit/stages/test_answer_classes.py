"""Answers that come after a pool find the classes of the pool, or make new ones."""

import pytest
from live_pools import PROBLEMS, drawn, right, wrong

from llmx.core.record import Sample
from llmx.scoring.classes import ProblemClasses, classes_of
from llmx.scoring.gsm import GsmScorer
from llmx.scoring.scorer import scored
from llmx.stages.pooled import AnswerClasses, said

FIRST = PROBLEMS[0]


def record(text):
    return drawn(FIRST, 0, text)


def known(*texts, scorer=None):
    scorer = scorer or GsmScorer()
    found = classes_of(scorer, FIRST, [record(text) for text in texts])
    return AnswerClasses.of_pool(FIRST, scorer, found)


def test_an_equal_answer_joins_its_class_and_another_begins_one():
    classes = known(wrong(FIRST), right(FIRST))
    assert classes.of(record(f"Other words. #### {FIRST.answer}.0"), 0) == 1
    assert classes.of(record(wrong(FIRST, 5)), 0) == 2
    assert classes.of(record(wrong(FIRST, 5)), 0) == 2
    assert classes.of(record("nothing"), 0) == -1
    assert [classes.correct(one) for one in (-1, 0, 1, 2)] == [0, 0, 1, 0]


def test_a_right_answer_that_the_pool_lacks_is_right():
    classes = known(wrong(FIRST))
    assert classes.gold is None
    assert classes.correct(classes.of(record(right(FIRST)), 0)) == 1
    assert classes.gold == 1


class Near:
    """Numbers are equal that are at most one apart, and right up to two: no equivalence."""

    kind, version = "near", 1

    def key(self, record):
        return record.text or None

    def why_equal(self, key, other):
        return "near" if abs(int(key) - int(other)) <= 1 else None

    def score(self, record, sample):
        near = abs(int(record.text) - int(sample.answer)) <= 2
        return scored(record, sample, record.text if near else "no", record.text, None)


SAMPLE = Sample(id="a", question="", answer="100")


def near(keys, right, merged):
    told = {"cluster": "", "expected": "100", "of": (), "keys": keys, "right": right}
    found = ProblemClasses(id="a", merged=merged, **told)
    return AnswerClasses.of_pool(SAMPLE, Near(), found)


@pytest.mark.parametrize(
    "merged", [(("1", "2", "near"), ("2", "3", "near")), (("3", "2", "near"), ("2", "1", "near"))]
)
def test_keys_that_the_pool_merged_stay_merged(merged):
    classes = near(("1", "7"), (False, False), merged)
    assert [classes.of(record(key), 0) for key in ("3", "2", "1", "7")] == [0, 0, 0, 1]


def test_a_near_answer_joins_what_it_is_equal_to_and_one_class_is_right():
    classes = near(("5", "100"), (False, True), ())
    assert classes.of(record("6"), 0) == 0
    assert [classes.of(record(key), 0) for key in ("99", "101", "102")] == [1, 1, 1]
    assert classes.of(record("50"), 0) == 2 and classes.right.count(True) == 1


def test_votes_are_of_the_answers_that_were_read():
    classes = known(right(FIRST), wrong(FIRST), wrong(FIRST, 2))
    assert classes.vote([0, 0, 1]).tolist() == [1]
    assert classes.vote([0, 1]).tolist() == [0.5]
    assert classes.vote([-1, 1, -1]).tolist() == [0]
    assert classes.vote([-1, 0]).tolist() == [1]
    assert classes.vote([0, 0, 1, 2], [1, 3]) == pytest.approx([0.5, (2 + 1 / 3 + 1 / 3) / 4])


@pytest.mark.parametrize(
    ("text", "prompt", "end"),
    [
        ("plain", "", "plain"),
        ("<think>a</think> b", "", "b"),
        ("<think>a", "", ""),
        ("<reasoning>a", "", ""),
        ("<thinking>a</thinking> b", "", "b"),
        ("a</think>b", "assistant: <think>\n", "b"),
        ("a", "assistant: <think>\n", ""),
    ],
)
def test_what_is_said_stands_behind_the_thinking(text, prompt, end):
    assert said(drawn(FIRST, 0, text, prompt=prompt)) == end
