"""An answer falls into what is thought and what is said, and nothing of its text is lost."""

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.record import Record
from llmx.papers.inference_scaling.thinking import Thought, split_thinking
from llmx.scoring.said import final

PIECES = ["<think>", "</think>", "<thinking>", "</thinking>", "####", "\n", " ", "so 3", "42", "#"]


def record(text, prompt="", reasoning=""):
    return Record(
        id="a", prompt_ids=(), completion_ids=(), prompt=prompt, text=text, finish="eos", rounds=0,
        reasoning=reasoning,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "thought"),
    [
        ("<think>wait</think>4", Thought("wait", "4", True, "<think>", "</think>")),
        ("Hm. <think>a</think>\n4", Thought("a", "\n4", True, "Hm. <think>", "</think>")),
        (
            "<think>a</think>b<think>c</think>d",
            Thought("a</think>b<think>c", "d", True, "<think>", "</think>"),
        ),
        ("<reasoning>a</reasoning>4", Thought("a", "4", True, "<reasoning>", "</reasoning>")),
        ("the prompt began</think>4", Thought("the prompt began", "4", True, "", "</think>")),
        ("<think>cut by the ca", Thought("cut by the ca", "", True, "<think>", "")),
        ("<think>\n</think>4", Thought("\n", "4", False, "<think>", "</think>")),
        ("<think>3 #### 4</think>5", Thought("3 #### 4", "5", True, "<think>", "</think>")),
        ("2 + 2 = 4\n#### 4", Thought("2 + 2 = 4\n", " 4", True, "", "####")),
        ("2 #### 3. Or #### 4\n", Thought("2 #### 3. Or ", " 4\n", True, "", "####")),
        ("2 + 2 = 4\n####", Thought("2 + 2 = 4\n", "", True, "", "####")),
        ("#### 4", Thought("", " 4", False, "", "####")),
        ("#### Step 1\nAdd.", Thought("", "#### Step 1\nAdd.", False)),
        ("The answer is 4.", Thought("", "The answer is 4.", False)),
        ("", Thought("", "", False)),
    ],
)
def test_parts_of_a_text(text, thought):
    assert split_thinking(record(text)) == thought


def test_what_an_endpoint_gives_apart_is_the_thinking():
    found = split_thinking(record("It is 4.\n#### 4", reasoning="wait"))
    assert found == Thought("wait", "It is 4.\n#### 4", True)


def test_white_space_is_no_thinking():
    assert not split_thinking(record("It is 4.", reasoning=" \n")).found


def test_a_prompt_may_open_the_thinking():
    opened = record("so 3 is cut", prompt="Question?<|assistant|><think>\n")
    assert split_thinking(opened) == Thought("so 3 is cut", "", True)
    assert not split_thinking(record("so 3 is cut", prompt="<think>, please")).found


@settings(max_examples=count(200, 500), deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join), st.booleans())
def test_the_parts_joined_are_the_text_and_the_scorers_read_the_same_final_part(text, opened):
    found = split_thinking(record(text, prompt="<think>" if opened else ""))
    assert found.opening + found.thinking + found.closing + found.final == text
    assert found.found == bool(found.thinking.strip())
    if found.closing.startswith("</"):
        assert found.final.strip() == final(text)
