"""Streams of a real vLLM: what it computes again, what it aborts, and how it fails."""

import asyncio
import os
import signal
from contextlib import aclosing
from itertools import count

import pytest
from counts import THOROUGH
from test_left_behind import alive

from llmx.core.errors import EngineError
from llmx.core.record import Part
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.stream import Ask, ShownText, Turn
from llmx.engines.stream.hf import HfStreamer
from llmx.engines.stream.vllm import VllmStreamer
from llmx.engines.stream.vllm_server import VllmServerStreamer

DRAFT = ModelSpec(target="zoo:gsm_draft")
WHOLE = 300  # tokens: half a second and more
GREEDY = SamplerSpec(algorithm="target", temperature=0, max_tokens=WHOLE)
BLOCK = 32
OPTIONS = {"block_size": BLOCK, "kv_cache_memory_bytes": 1 << 28, "ignore_eos": True}
LONG = "Tom has 5 apples and buys 7 more apples. How many apples does he have? " * 3
PLACES = 16
SALTS = count()


def spec(kind="vllm", streaming_input=True, **options):
    return EngineSpec(
        kind=kind,
        batch_size=PLACES,
        streaming_input=streaming_input,
        options={**OPTIONS, **options},
    )


@pytest.fixture
def make(vllm_python):
    """Return a function: settings → streamer of a cache of its own. All share a load."""
    made = []

    def build(**settings):
        salt = f"salt-{next(SALTS)}"
        made.append(VllmStreamer("draft", DRAFT, spec(**{"cache_salt": salt, **settings})))
        return made[-1]

    yield build
    for streamer in made:
        asyncio.run(streamer.close())


def user(text):
    return Turn(role="user", parts=(Part(text=text),))


def ask(budget, shown=None, prompt=(user(LONG),), id="q/answer", offset=0):
    return Ask(
        id=id,
        prompt=prompt,
        shown=shown or ShownText(),
        budget=budget,
        sampler=GREEDY,
        offset=offset,
    )


async def told(streamer, asked):
    async with aclosing(streamer.stream(asked)) as stream:
        return [piece async for piece in stream]


def read(streamer, asked):
    return asyncio.run(told(streamer, asked))


def said(pieces):
    shown = ShownText()
    for piece in pieces:
        shown = shown.plus(piece)
    return shown


def interleaved(shown):
    """The prompt of layout L2 after one round: the answer so far is a turn, by its ids."""
    spoken = Turn(role="assistant", parts=(Part(text=shown.text, ids=shown.ids),))
    return (user(LONG), spoken, user("More: the pie has 12 slices."))


def test_an_open_request_computes_only_what_is_new(make):
    """All but the last token of a chunk stay: it was drawn, and never computed."""
    streamer = make()
    first = read(streamer, ask(20))
    shown = said(first)
    second = read(streamer, ask(20, prompt=interleaved(shown), offset=20))
    held = first[0].prompt_tokens + 19
    assert first[0].cached_tokens == 0
    assert second[0].cached_tokens == held < second[0].prompt_tokens
    third = read(streamer, ask(20, shown=said(second), prompt=interleaved(shown), offset=20))
    assert third[0].cached_tokens == second[0].prompt_tokens + 19 == third[0].prompt_tokens - 1
    fresh = HfStreamer("draft", DRAFT, EngineSpec(options={"ignore_eos": True}))
    whole = read(fresh, ask(40, prompt=interleaved(shown), offset=20))
    assert said([*second, *third]).ids == said(whole).ids


def test_without_it_the_cache_keeps_whole_blocks(make):
    streamer = make(streaming_input=False)
    first = read(streamer, ask(20))
    held = first[0].prompt_tokens + 19
    second = read(streamer, ask(20, prompt=interleaved(said(first)), offset=20))
    assert second[0].cached_tokens == held // BLOCK * BLOCK > 0


def test_a_prompt_that_does_not_go_on_is_a_new_request(make):
    """A layout that puts news before the answer: right all the same, and blocks are kept."""
    streamer = make()
    shown = said(read(streamer, ask(20)))
    other = (user(LONG + "The pie has 12 slices."),)
    found = read(streamer, ask(20, shown=shown, prompt=other))
    fresh = HfStreamer("draft", DRAFT, EngineSpec(options={"ignore_eos": True}))
    assert said(found).ids == said(read(fresh, ask(20, shown=shown, prompt=other))).ids
    assert 0 < found[0].cached_tokens < found[0].prompt_tokens - 20


def test_arms_of_another_salt_find_nothing_cached(make):
    for _ in range(2):
        (piece, *_) = read(make(), ask(4))
        assert piece.cached_tokens == 0


def test_more_speakers_than_places_all_go_on(make):
    """Requests that wait take places: they give way before those who run would starve."""
    streamer, speakers = make(), 2 * PLACES

    async def talk(n):
        shown = ShownText()
        for _ in range(3):
            pieces = await told(streamer, ask(8, shown=shown, id=f"{n}/answer"))
            for piece in pieces:
                shown = shown.plus(piece)
        return shown.ids

    async def all_():
        async with asyncio.timeout(120):
            return await asyncio.gather(*(talk(n) for n in range(speakers)))

    whole = said(read(make(), ask(24))).ids
    assert asyncio.run(all_()) == [whole] * speakers


def test_tokens_come_as_they_are_drawn(make):
    """vLLM's CPU build holds them back while its processes spin: the plugin lets them nap."""

    async def when(streamer):
        clock = asyncio.get_running_loop().time
        began = clock()
        async with aclosing(streamer.stream(ask(WHOLE))) as stream:
            return [clock() - began async for _ in stream]

    streamer = make()
    read(streamer, ask(1, id="warm/answer"))
    times = asyncio.run(when(streamer))
    assert times[0] < times[-1] / 4 and times[WHOLE // 2] < times[-1] * 3 / 4


def held(streamer):
    """Names of the requests that vLLM's worker knows."""
    streamer.process.send("held")
    event = streamer.process.receive(20)
    assert event["event"] == "held"
    return event["names"]


def test_a_stream_that_is_left_is_aborted(make):
    streamer = make()

    async def leave(asked):
        async with aclosing(streamer.stream(asked)) as stream:
            await anext(stream)
            (name,) = held(streamer)
        await told(streamer, ask(1, id="another/answer"))
        return name

    name = asyncio.run(leave(ask(WHOLE)))  # whole, so nothing of it would wait for more
    assert name not in held(streamer)


def test_closing_gives_up_what_waits(make):
    streamer = make()
    read(streamer, ask(5))
    (name,) = held(streamer)
    asyncio.run(streamer.close())
    read(make(), ask(5))  # the worker is told with its next step
    assert name not in held(streamer)


def test_an_unknown_option_is_vllms_own_refusal(make):
    with pytest.raises(EngineError, match=r"max_model_lenn.*max_model_len"):
        read(make(max_model_lenn=5), ask(5))


def test_an_engine_that_dies_is_one_line_and_nothing_is_left(make, monkeypatch):
    streamer = make()

    async def die():
        async with aclosing(streamer.stream(ask(WHOLE))) as stream:
            await anext(stream)
            os.killpg(streamer.process.pid, signal.SIGKILL)
            async for _ in stream:
                pass

    with pytest.raises(EngineError, match="'draft': vLLM ended") as error:
        asyncio.run(die())
    assert "\n" not in str(error.value) and not alive(streamer.process.pid)
    if THOROUGH:
        assert read(streamer, ask(3))[-1].finish == "length"  # loaded anew
        return
    monkeypatch.setattr("llmx.engines.vllm.pool.Process", Another)
    with pytest.raises(EngineError, match="another is started"):
        read(streamer, ask(3))


class Another:
    """A worker that is not started: a load takes half a minute."""

    def __init__(self, python, threads):
        raise EngineError("another is started")


def test_a_server_counts_what_it_had_cached_and_frees_what_is_left(vllm_python):
    streamer = VllmServerStreamer("far", DRAFT, spec("vllm_server"))
    first = read(streamer, ask(20))
    second = read(streamer, ask(20, prompt=interleaved(said(first)), offset=20))
    assert second[-1].cached_tokens == (first[-1].prompt_tokens + 19) // BLOCK * BLOCK > 0

    async def leave():
        before = _drawn(streamer)
        async with aclosing(streamer.stream(ask(WHOLE))) as stream:
            await anext(stream)
        seen = [_drawn(streamer)]
        while len(seen) < 3 or seen[-1] != seen[-3]:
            await asyncio.sleep(0.3)
            seen.append(_drawn(streamer))
        return seen[-1] - before

    assert 0 < asyncio.run(leave()) < WHOLE


def _drawn(streamer):
    """Tokens that the server has drawn in all."""
    import httpx2

    address = streamer.address
    url = address.url.removesuffix("/v1") + "/metrics"
    text = httpx2.get(url, headers=address.headers, trust_env=False).text
    name = "vllm:generation_tokens_total{"
    return sum(float(x.rsplit(" ", 1)[1]) for x in text.splitlines() if x.startswith(name))
