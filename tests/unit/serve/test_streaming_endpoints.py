"""Endpoints as members of an ensemble: our own server is the endpoint."""

import asyncio
import json
from contextlib import aclosing

import pytest
from chat_server import Echo, serving
from ensembles import GREEDY, QUESTION, ensemble
from stream_server import Streams

from llmx.core.errors import ContextLengthError, EngineError
from llmx.core.events import ANSWER
from llmx.core.record import Part
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.stream import Ask, ShownText, Turn
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


def said(content=None, finish=None, **more):
    choice = {"delta": {"content": content}, "finish_reason": finish, **more}
    return "data: " + json.dumps({"choices": [choice]}, ensure_ascii=False)


def streamed(raw, **changes):
    """Return the pieces of a stream of these bytes."""
    with Streams(lambda body: raw if isinstance(raw, bytes) else raw.encode()) as server:
        made = streamer(server.url, **changes.pop("settings", {}))
        asked = ask("x")
        sampler = asked.sampler.model_copy(update=changes)
        pieces = read(made, asked.model_copy(update={"sampler": sampler}))
        assert all(piece.finish is None for piece in pieces[:-1])
        return "".join(piece.text for piece in pieces), pieces[-1].finish, server.seen[-1]


STOP = "\n\n" + said(finish="stop") + "\n\ndata: [DONE]\n\n"
# Whatever Unicode, or Python, takes for the end of a line.
ENDS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
MULTI = said("one").replace('"delta"', '\ndata: "delta"')


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (said("one" + ENDS + "two") + STOP, "one" + ENDS + "two"),
        (said("one").replace("one", "a\x85b\u2028c") + STOP, "a\x85b\u2028c"),
        (("\ufeff" + said("one") + STOP).encode(), "one"),
        ((said("one") + STOP).replace("\n", "\r\n"), "one"),
        (said("one") + "\n" + said("two") + "\n" + said(finish="stop") + "\n", "onetwo"),
        (MULTI + STOP, "one"),
        (": keep-alive\n\nevent: ping\ndata: {}\n\n" + said("one") + STOP, "one"),
        ("data:" + said("one")[6:] + STOP, "one"),
        (said([{"type": "text", "text": "one"}]) + STOP, "one"),
        (
            'data: {"choices": null}\n\ndata: {"choices": [{"delta": null}]}\n\n'
            + said("a")
            + STOP,
            "a",
        ),
        ('data: {"error": null, "choices": []}\n\n' + said("one") + STOP, "one"),
        ('data: {"choices": [], "usage": {"completion_tokens": null}}\n\n' + said("a") + STOP, "a"),
        (said("half \\ud83d").replace("\\\\", "\\") + STOP, "half \ufffd"),
        (said("one") + "\n\ndata: [DONE]\n\n", "one"),
        (said({"odd": 1}) + "\n\n" + said("one") + STOP, "one"),
    ],
)
def test_an_event_ends_where_its_line_does(raw, text):
    assert streamed(raw)[:2] == (text, "eos")


@pytest.mark.parametrize(
    ("word", "finish"),
    [("length", "length"), ("content_filter", "filtered"), ("eos_token", "eos"), ("new", "eos")],
)
def test_a_stream_may_end_with_any_word(word, finish):
    assert streamed(said("a", finish=word) + "\n\n")[:2] == ("a", finish)


@pytest.mark.parametrize(
    ("raw", "said_of_it"),
    [
        (said("one"), "broke off"),
        (said("one") + '\n\ndata: {"choi', "no JSON"),
        (said("one", finish="error", error={"message": "overloaded"}), "overloaded"),
        ('data: {"error": {"message": "overloaded"}}\n\n', "overloaded"),
    ],
)
def test_a_stream_that_breaks_says_so(raw, said_of_it):
    with pytest.raises(EngineError, match=said_of_it):
        streamed(raw)


def test_no_setting_of_the_sampler_is_dropped():
    plain = streamed(said("a") + STOP)[2]
    assert not {"top_k", "repetition_penalty", "presence_penalty"} & set(plain)
    changes = {"presence_penalty": 0.5, "top_k": 7, "max_tokens": 50}
    sent = streamed(said("a") + STOP, settings={"dialect": "vllm"}, **changes)[2]
    assert (sent["top_k"], sent["presence_penalty"]) == (7, 0.5)
    with pytest.raises(EngineError, match="without penalties"):
        part = ask("x").model_copy(update={"budget": 3})
        penalised = part.sampler.model_copy(update={"presence_penalty": 0.5})
        read(streamer("http://127.0.0.1:9/v1"), part.model_copy(update={"sampler": penalised}))
