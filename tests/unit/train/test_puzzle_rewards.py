"""Rewards 0 / 0.1 / 1 of the reasoning puzzles, worked by hand."""

import math

import pytest

from llmx.core.registry import lookup
from llmx.data.tasks.verifiers import VERIFIERS

RIGHT = {
    "countdown": ("(3 + 4) * 5", "3 + 4 - 5"),
    "sudoku": ("1 2\n2 1", "2 1\n1 2"),
    "mini_sudoku": ("1 2\n2 1", "1 2\n2 2"),
    "arc_1d": ("0 0 3", "0 3 0"),
    "advanced_geometry": ("(0.500, -1.000)", "(0.5, -1.0)"),
    "color_cube_rotation": ("pink", "red"),
    "list_functions": ("[4, 46]", "[46, 4]"),
    "zebra_puzzles": ("carol", "bob"),
    "self_reference": ("2", "3"),
}


def reward(kind, completion, prompt="solve", **row):
    parts = lookup("reward", kind)(prompt, completion, {"answer": RIGHT[kind][0], **row})
    assert set(parts) == {"format", "correct"}
    assert all(math.isfinite(value) for value in parts.values())
    return sum(parts.values())


def test_every_kind_is_in_the_table():
    assert set(RIGHT) == set(VERIFIERS)


@pytest.mark.parametrize("kind", RIGHT)
def test_right_wrong_and_formless(kind):
    right, wrong = RIGHT[kind]
    assert reward(kind, f"<think>so</think>\n<answer>{right}</answer>") == 1.0
    assert reward(kind, f"<think>so</think>\n<answer>{wrong}</answer>") == 0.1
    assert reward(kind, f"<think>so</think>\n{right}") == 0.0
    assert reward(kind, f"so</think><answer>{right}</answer>", prompt="solve <think>\n") == 1.0
    assert reward(kind, f"so</think><answer>{right}</answer>") == 0.0


@pytest.mark.parametrize("kind", RIGHT)
@pytest.mark.parametrize(
    "inside", ["nan", "inf", "9**9**9**9", "٣", "", "\x00", "(" * 999, "<b>1</b>", "1e999", "None"]
)
def test_bad_answers_earn_the_form_at_most(kind, inside):
    assert reward(kind, f"<think>so</think><answer>{inside}</answer>") == 0.1


@pytest.mark.parametrize(
    "completion",
    [
        "",
        "<think></think><answer>2</answer>",
        "<think>a<think>b</think></think><answer>2</answer>",
        "<think>a</think><answer><answer>2</answer></answer>",
        "<answer>2</answer><think>a</think>",
    ],
)
def test_broken_tags_earn_nothing(completion):
    assert reward("self_reference", completion) == 0.0


def test_a_reward_reads_the_reference_and_nothing_else():
    text = "<think>so</think><answer>(3 + 4) * 5</answer>"
    assert reward("countdown", text, id="x", k=3) == 1.0
    with pytest.raises(ValueError, match="cannot be read"):
        reward("countdown", text, answer="thirty-five")
