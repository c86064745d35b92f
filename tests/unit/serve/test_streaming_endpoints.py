"""Endpoints as members of an ensemble: our own server is the endpoint."""

import asyncio
from contextlib import aclosing

import pytest
from chat_server import Echo, serving
from ensembles import GREEDY, QUESTION, ensemble

from llmx.core.errors import ContextLengthError, EngineError
from llmx.core.events import ANSWER
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.stream import Ask, Part, ShownText, Turn
from llmx.dialogue.api import converse
from llmx.engines.endpoint.address import Address
from llmx.engines.stream.endpoint import EndpointStreamer
from llmx.engines.stream.sse import _told

pytest.importorskip("uvicorn")


@pytest.fixture(scope="module")
def echo():
    answerer = Echo(delay=0.002)
    with serving(answerer) as (_, port):
        yield answerer, f"http://127.0.0.1:{port}/v1"


def streamer(url, **settings):
    spec = EngineSpec(kind="openai", base_url=url, served_model="echo", **settings)
    return EndpointStreamer("far", ModelSpec(target="echo"), spec)


def ask(text, **more):
    prompt = (Turn(role="user", parts=(Part(text=text),)),)
    return Ask(id="x/answer", prompt=prompt, budget=50, sampler=GREEDY, **more)


def read(streamer, asked):
    async def all_():
        return [piece async for piece in streamer.stream(asked)]

    return asyncio.run(all_())


def test_pieces_and_what_was_counted(echo):
    pieces = read(streamer(echo[1]), ask("one two three"))
    assert [piece.text for piece in pieces] == ["one ", "two ", "three ", ""]
    assert pieces[-1].finish == "eos" and pieces[-1].prompt_tokens == 7
    assert sum(piece.tokens for piece in pieces) == 3


@pytest.mark.parametrize(
    ("text", "said"), [("!break", "502"), ("one !break", "the aggregator broke")]
)
def test_a_failure_is_one_line_that_names_the_endpoint(echo, text, said):
    with pytest.raises(EngineError, match=said) as error:
        read(streamer(echo[1]), ask(text))
    assert "'far' at http://127.0.0.1" in str(error.value)


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (400, {"code": "context_length_exceeded"}, ContextLengthError),
        (400, {"message": "This model's maximum context length is 8 tokens."}, ContextLengthError),
        (400, {"type": "exceed_context_size_error"}, ContextLengthError),
        (400, {"message": "x" * 500, "code": "context_length_exceeded"}, ContextLengthError),
        (None, {"code": "context_length_exceeded"}, ContextLengthError),
        (400, {"message": "no such field"}, EngineError),
        (500, {"message": "no maximum context length is set"}, EngineError),
    ],
)
def test_a_prompt_that_is_too_long_is_told_from_other_failures(status, said, kind):
    address = Address("http://127.0.0.1:9/v1", "a-key-of-ours")
    error = _told(address, "'far' at there", str({**said, "seen": "a-key-of-ours"}), status)
    assert type(error) is kind and error.message.startswith(f"'far' at there: {status or '{'}")
    assert len(error.message) < 350 and "a-key-of-ours" not in error.message


def test_nobody_there_is_one_line():
    with pytest.raises(EngineError, match="far"):
        read(streamer("http://127.0.0.1:9/v1"), ask("x"))


def test_going_on_needs_a_server_that_can(echo):
    shown = ShownText(text="one ", tokens=1)
    with pytest.raises(EngineError, match="cannot continue"):
        read(streamer(echo[1]), ask("one two", shown=shown))
    body = streamer(echo[1], dialect="vllm")._body(ask("one two", shown=shown))
    assert body["continue_final_message"] and not body["add_generation_prompt"]
    assert body["messages"][-1] == {"role": "assistant", "content": "one "}


def test_a_stream_that_is_closed_frees_the_endpoint(echo):
    async def leave():
        async with aclosing(streamer(echo[1]).stream(ask("word " * 500))) as stream:
            await anext(stream)
        for _ in range(100):
            await asyncio.sleep(0.02)
            if not echo[0].open:
                break

    asyncio.run(leave())
    assert echo[0].open == 0


def test_an_ensemble_of_endpoints(echo):
    cast = {name: streamer(echo[1]) for name in "abg"}

    async def all_():
        spec = ensemble(streaming="plain")
        stream = converse(spec, cast, QUESTION, id="x", sampler=GREEDY, seed=0)
        async with aclosing(stream):
            return [event async for event in stream]

    events = asyncio.run(all_())
    said = "".join(e.text for e in events if e.who == ANSWER and e.what == "piece")
    assert said == "Q? "
    assert "".join(e.text for e in events if e.who == "1.2" and e.what == "piece") == "Q? "
