"""Prompt layouts: what stands where, and how much of it a cache keeps."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer

import llmx
from llmx.core.record import Message
from llmx.core.stream import ShownText
from llmx.dialogue.layout import Heard, prompt, turns_of
from llmx.engines.render import Renderer

ZOO = Path(str(llmx.__file__)).parent / "zoo" / "gsm_draft"
QUESTION = turns_of([Message(role="user", content="How many apples?")])
ROUNDS = tuple({"a": f" a{n} apples", "b": f" b{n} pears"} for n in range(5))
SAID = tuple(ShownText(text=f" s{n}", ids=(65 + n, 66), tokens=2) for n in range(5))


@pytest.fixture(scope="module")
def renderer():
    return Renderer(AutoTokenizer.from_pretrained(ZOO))


def ids(renderer, layout, rounds):
    """The prompt and the shown answer after so many rounds."""
    said = SAID[: rounds - 1]
    turns = prompt(layout, QUESTION, Heard(("a", "b"), ROUNDS[:rounds], said, "Drafts:"))
    shown = [] if layout == "L2" else [one for chunk in said for one in chunk.ids]
    return renderer.ids(turns, shown)


def kept(renderer, layout, rounds):
    """Tokens that the next round's prompt shares with this one and its answer."""
    now = [*ids(renderer, layout, rounds), *SAID[rounds - 1].ids]
    then = ids(renderer, layout, rounds + 1)
    return next(
        (n for n, (x, y) in enumerate(zip(now, then, strict=False)) if x != y), len(now)
    ), len(now)


def test_l2_keeps_every_token_that_was_computed(renderer):
    for rounds in range(1, 5):
        same, of = kept(renderer, "L2", rounds)
        assert same == of


@pytest.mark.parametrize("layout", ["L1", "L1b"])
def test_rounds_keep_all_earlier_rounds(renderer, layout):
    for rounds in range(1, 5):
        same, of = kept(renderer, layout, rounds)
        drafts = len(ids(renderer, layout, rounds)) - 2 * (rounds - 1)
        tail = len(renderer.ids(prompt(layout, QUESTION, Heard((), ()))))
        assert same >= drafts - tail and same < of


def test_plain_keeps_the_first_draft_alone(renderer):
    same, _ = kept(renderer, "L0", 4)
    head = renderer.ids(prompt("L0", QUESTION, Heard(("a",), ROUNDS[:4], (), "Drafts:")))
    assert same <= len(head)


def test_every_layout_shows_every_word_once(renderer):
    for layout in ("L0", "L1", "L1b", "L2"):
        turns = prompt(layout, QUESTION, Heard(("a", "b"), ROUNDS, SAID[:4], "Drafts:"))
        whole = "".join(turn.content for turn in turns)
        for n in range(5):
            assert whole.count(f"a{n} apples") == whole.count(f"b{n} pears") == 1
        assert whole.count("How many apples?") == 1
        assert (f"s{3}" in whole) == (layout == "L2")


def test_nothing_heard_is_the_question_alone():
    for layout in ("L0", "L1", "L1b", "L2"):
        (turn,) = prompt(layout, QUESTION, Heard(("a",), ({},)))
        assert turn.content == "How many apples?"


def test_a_system_message_stays_before_the_drafts():
    turns = prompt(
        "L0",
        (*turns_of([Message(role="system", content="Be brief.")]), *QUESTION),
        Heard(("a",), ROUNDS[:1], (), "Drafts:"),
    )
    assert turns[0].content.startswith("Be brief.\n\nDrafts:")


def test_exact_ids_of_the_answer_are_sent_as_they_are(renderer):
    whole = ids(renderer, "L2", 3)
    spoken = [one for chunk in SAID[:2] for one in chunk.ids]
    places = [n for n in range(len(whole)) if whole[n : n + 2] == spoken[:2]]
    assert places
