"""What every model that streams promises, held against all of them."""

import asyncio
from contextlib import aclosing

import pytest

from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.errors import EngineError
from llmx.core.events import ANSWER
from llmx.core.record import Message, Part
from llmx.core.registry import lookup
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.core.stream import Ask, ShownText, Turn
from llmx.dialogue.api import converse
from llmx.engines.hf import HfEngine
from llmx.engines.stream.hf import HfStreamer

DRAFT = ModelSpec(target="zoo:gsm_draft")
QUESTION = "Tom has 5 apples and buys 7 more apples. How many apples does he have?"
GREEDY = SamplerSpec(algorithm="target", temperature=0, max_tokens=80)
SAMPLED = SamplerSpec(algorithm="target", temperature=0.9, top_p=0.9, max_tokens=80)
# A server draws with its own random numbers.
OWN_DICE = ("hf", "vllm")
KINDS = [
    "hf",
    pytest.param("vllm", marks=[pytest.mark.slow, pytest.mark.vllm]),
    pytest.param("vllm_server", marks=[pytest.mark.slow, pytest.mark.vllm]),
]


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    """Return every kind; those of vLLM need it."""
    if request.param.startswith("vllm"):
        request.getfixturevalue("vllm_python")
    return request.param


@pytest.fixture(scope="module")
def make(kind):
    """Return a function: options of a request → streamer. All share a load."""
    own = {} if kind == "hf" else {"block_size": 32, "kv_cache_memory_bytes": 1 << 28}

    def build(**options):
        spec = EngineSpec(kind=kind, batch_size=16, options={**own, **options})
        return lookup("streamer", kind)("draft", DRAFT, spec)

    return build


@pytest.fixture(scope="module")
def streamer(make):
    return make()


def samplers(kind):
    return [GREEDY, SAMPLED] if kind in OWN_DICE else [GREEDY]


def turns(*parts):
    return (Turn(role="user", parts=tuple(Part(text=part) for part in parts)),)


def ask(sampler=GREEDY, budget=80, shown=None, prompt=None, id="q/answer"):
    prompt = prompt or turns(QUESTION)
    return Ask(id=id, prompt=prompt, shown=shown or ShownText(), budget=budget, sampler=sampler)


async def read_all(streamer, asks):
    async def one(asked):
        async with aclosing(streamer.stream(asked)) as stream:
            return [piece async for piece in stream]

    return await asyncio.gather(*(one(asked) for asked in asks))


def read(streamer, asked):
    return asyncio.run(read_all(streamer, [asked]))[0]


def joined(pieces, shown=None):
    shown = shown or ShownText()
    for piece in pieces:
        shown = shown.plus(piece)
    return shown


def test_a_stream_is_what_engine_hf_answers(kind, streamer):
    for sampler in samplers(kind):
        message = Message(role="user", content=QUESTION)
        asked = Request(id="q/answer", messages=(message,), sampler=sampler)
        (record,) = HfEngine(DRAFT, EngineSpec()).generate([asked])
        pieces = read(streamer, ask(sampler))
        said = joined(pieces)
        assert said.text == record.text and pieces[-1].finish == record.finish
        assert said.ids == record.completion_ids[: len(said.ids)]
        assert sum(piece.prompt_tokens or 0 for piece in pieces) == len(record.prompt_ids)


def test_the_last_piece_and_no_other_says_why(streamer):
    pieces = read(streamer, ask(budget=9))
    assert [piece.finish for piece in pieces] == [None] * 8 + ["length"]
    assert sum(piece.prompt_tokens is not None for piece in pieces) == 1
    assert all(piece.tokens == 1 for piece in pieces)


@pytest.mark.parametrize("size", [1, 7, 30])
def test_an_answer_in_chunks_is_the_answer_at_once(kind, streamer, size):
    for sampler in samplers(kind):
        whole = joined(read(streamer, ask(sampler)))
        shown, finish = ShownText(), None
        while finish in (None, "length") and shown.tokens < 80:
            chunk = read(streamer, ask(sampler, min(size, 80 - shown.tokens), shown))
            shown, finish = joined(chunk, shown), chunk[-1].finish
        assert shown == whole


def test_a_prompt_that_grows_at_its_end_is_not_computed_again(make):
    streamer = make()
    first, news = QUESTION + " " + QUESTION * 3, " He also has 3 pears."
    (before,) = read(streamer, ask(budget=1, prompt=turns(first)))
    (after,) = read(streamer, ask(budget=1, prompt=turns(first, news)))
    assert after.prompt_tokens > before.prompt_tokens > 64
    assert before.prompt_tokens - 40 <= after.cached_tokens < after.prompt_tokens


def test_streams_side_by_side_are_not_mixed_up(kind, streamer):
    questions = [f"Ann has {n} pens and finds {n + 2} more. How many?" for n in range(20)]
    asks = [
        ask(samplers(kind)[-1], 30, prompt=turns(question), id=f"{n}/answer")
        for n, question in enumerate(questions)
    ]
    together = asyncio.run(read_all(streamer, asks))
    assert [joined(one) for one in together] == [joined(read(streamer, one)) for one in asks]


@pytest.mark.parametrize("stop", ["step", ":", "5 +"])
def test_a_stop_text_ends_the_answer_and_is_not_shown(streamer, stop):
    plain = joined(read(streamer, ask())).text
    pieces = read(streamer, ask(GREEDY.model_copy(update={"stop": (stop,)})))
    assert joined(pieces).text == plain[: plain.index(stop)] and pieces[-1].finish == "stop"


def test_ends_can_be_passed_over(make):
    pieces = read(make(ignore_eos=True), ask(budget=120))
    assert sum(piece.tokens for piece in pieces) == 120 and pieces[-1].finish == "length"


def test_a_stream_that_is_left_does_not_disturb_the_next(streamer):
    whole = joined(read(streamer, ask(SAMPLED, 40)))

    async def leave():
        async with aclosing(streamer.stream(ask(SAMPLED, 40))) as stream:
            await anext(stream)
        return await read_all(streamer, [ask(SAMPLED, 40)])

    (again,) = asyncio.run(leave())
    assert joined(again) == whole


def test_what_cannot_be_is_refused_in_a_line(streamer):
    with pytest.raises(EngineError, match=r"'draft' has \d+ prompt tokens .* positions") as error:
        read(streamer, ask(budget=4000))
    assert "\n" not in str(error.value)
    with pytest.raises(EngineError, match="one model"):
        read(streamer, ask(SAMPLED.model_copy(update={"algorithm": "draft"})))
    penalised = SAMPLED.model_copy(update={"repetition_penalty": 1.1})
    with pytest.raises(EngineError, match="without penalties"):
        read(streamer, ask(penalised, budget=8))


@pytest.mark.parametrize("layout", ["L0", "L1", "L1b", "L2"])
def test_a_staircase_says_what_it_says_on_hf(kind, streamer, layout):
    voices = {name: VoiceSpec(model=DRAFT, sampler=samplers(kind)[-1]) for name in "ab"}
    spec = EnsembleSpec(
        voices={**voices, "g": VoiceSpec(model=DRAFT)},
        proposers=("a", "b"),
        aggregator="g",
        streaming="staircase",
        first_chunk=8,
        later_chunk=16,
        layout=layout,
        early_end="hold",
    )
    ours = asyncio.run(_answer(spec, {name: streamer for name in "abg"}))
    theirs = {name: HfStreamer(name, DRAFT, EngineSpec()) for name in "abg"}
    assert ours == asyncio.run(_answer(spec, theirs)) and ours


async def _answer(spec, cast):
    question = (Message(role="user", content=QUESTION),)
    stream = converse(spec, cast, question, id="q", sampler=GREEDY, seed=0)
    async with aclosing(stream):
        events = [event async for event in stream]
    return "".join(one.text for one in events if one.who == ANSWER and one.what == "piece")
