"""What is counted of an answer: tokens, whatever number of pieces they come in."""

import asyncio

import pytest

from llmx.core.events import ANSWER, Event
from llmx.serve.chat import Chat
from llmx.serve.metrics import Metrics
from llmx.serve.reply import Answer


@pytest.mark.parametrize(
    "pieces", [[("a", 3), ("b", 1)], [("", 2), ("ab", 5), ("", 4)], [("a", 1)] * 9]
)
def test_tokens_are_counted_and_not_pieces(pieces):
    async def events():
        for text, tokens in pieces:
            yield Event(at=0.0, who=ANSWER, what="piece", text=text, tokens=tokens)

    async def read():
        metrics = Metrics()
        chat = Chat.model_validate({"model": "m", "messages": [{"role": "user", "content": "?"}]})
        answer = Answer(chat, "m", events())
        shown = [one async for one in metrics.timed(answer.pieces(), lambda: answer.tokens)]
        return shown, metrics.registry.get_sample_value("llmx_tokens_total")

    shown, counted = asyncio.run(read())
    assert shown == [text for text, _ in pieces if text]
    assert counted == sum(tokens for _, tokens in pieces)
