"""What is sent: the question, and the words that its dataset's specification puts around it."""

import pytest

from llmx.core.record import Message, Sample
from llmx.core.spec import DataSpec, SamplerSpec
from llmx.stages.requests import put

SAMPLER = SamplerSpec(algorithm="target")
QUESTION = Sample(id="q", question="Why?", answer="A")


def sent(**words: str) -> tuple[tuple[str, str], ...]:
    request = put(DataSpec(kind="csqa", **words), QUESTION, SAMPLER, seed=3, threshold=0.5)
    assert (request.id, request.seed, request.threshold) == ("q", 3, 0.5)
    return tuple((message.role, message.content) for message in request.messages)


@pytest.mark.parametrize(
    ("words", "content"),
    [
        ({}, "Why?"),
        ({"instruction": "Say."}, "Why?\n\nSay."),
        ({"preamble": "As here.\n"}, "As here.\n\nWhy?"),
        ({"preamble": "As here.", "instruction": "Say."}, "As here.\n\nWhy?\n\nSay."),
    ],
    ids=["bare", "below", "above", "both"],
)
def test_the_user_turn_holds_what_is_given_in_its_place(words, content):
    assert sent(**words) == (("user", content),)
    assert sent(**words, system="Be brief.") == (("system", "Be brief."), ("user", content))


def test_no_system_turn_is_sent_that_is_empty():
    assert put(DataSpec(kind="csqa"), QUESTION, SAMPLER, 0).messages == (
        Message(role="user", content="Why?"),
    )
