"""The strict parser: one think block, one answer block, in order, and nothing guessed."""

import pytest

from llmx.data.tasks.tags import last_answer, opens_thinking, strict_answer

STRICT = [
    ("work</think><answer>5</answer>", True, "5"),
    ("work</think>\n<answer> 5\n</answer> and so on", True, "5"),
    ("<think>work</think><answer>5</answer>", False, "5"),
    ("So: <think>work</think><answer>5</answer>", False, "5"),
    ("work</think><answer></answer>", True, ""),
    ("work</think><answer>5</answer>", False, None),
    ("<think>work</think><answer>5</answer>", True, None),
    ("  \n</think><answer>5</answer>", True, None),
    ("work<answer>5</answer></think>", True, None),
    ("work</think></answer>5<answer>", True, None),
    ("work</think><answer>5</answer><answer>6</answer>", True, None),
    ("work</think><answer><answer>5</answer></answer>", True, None),
    ("<think><think>work</think></think><answer>5</answer>", False, None),
    ("work</think>more</think><answer>5</answer>", True, None),
    ("</think>work<think><answer>5</answer>", False, None),
    ("work</think>5", True, None),
    ("work</think><answer>5", True, None),
    ("work</THINK><ANSWER>5</ANSWER>", True, None),
    ("", True, None),
]


@pytest.mark.parametrize(("completion", "opened", "answer"), STRICT)
def test_the_strict_parser(completion, opened, answer):
    assert strict_answer(completion, opened) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<answer>1</answer> no, <answer>2</answer>", "2"),
        ("<answer>1<answer>2</answer>", "2"),
        ("<answer>1", None),
        ("1", None),
    ],
)
def test_the_last_answer_block(text, answer):
    assert last_answer(text) == answer


def test_a_prompt_opens_thinking_only_at_its_end():
    assert opens_thinking("solve\n<think>\n")
    assert not opens_thinking("write <think> tags\n")
