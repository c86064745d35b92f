"""Streams and batches of real models: the same tokens, however an answer is cut."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from llmx.core.record import Part
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.stream import Ask, ShownText, Turn
from llmx.engines.size import local_folder
from llmx.engines.stream.batch import HfReplier
from llmx.engines.stream.hf import HfStreamer
from llmx.engines.stream.speech import Speech

DRAFT = ModelSpec(target="zoo:gsm_draft")
QUESTION = "Tom has 5 apples and buys 7 more apples. How many apples does he have?"
PROMPT = (Turn(role="user", parts=(Part(text=QUESTION),)),)
SAMPLERS = {
    "greedy": SamplerSpec(algorithm="target", temperature=0, max_tokens=80),
    "sampled": SamplerSpec(algorithm="target", temperature=0.9, top_p=0.9, max_tokens=80),
}


@pytest.fixture(scope="module")
def streamer():
    return HfStreamer("draft", DRAFT, EngineSpec())


@pytest.fixture(scope="module")
def replier():
    return HfReplier(DRAFT, EngineSpec())


async def _read(streamer, ask):
    return [piece async for piece in streamer.stream(ask)]


def read(streamer, ask):
    return asyncio.run(_read(streamer, ask))


def ask(sampler, budget=80, shown=None, **more):
    return Ask(
        id="q/answer",
        prompt=PROMPT,
        shown=shown or ShownText(),
        budget=budget,
        sampler=sampler,
        **more,
    )


def text(pieces):
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("sampler", SAMPLERS.values(), ids=SAMPLERS)
@pytest.mark.parametrize("size", [1, 7, 30])
def test_an_answer_in_chunks_is_the_answer_at_once(streamer, replier, sampler, size):
    """Random numbers are counted by position, and what is shown is gone on with by its ids."""
    whole = read(streamer, ask(sampler))
    for form in (lambda one: read(streamer, one), lambda one: replier.reply([one])[0]):
        shown, finish = ShownText(), None
        while finish in (None, "length") and shown.tokens < 80:
            chunk = form(ask(sampler, min(size, 80 - shown.tokens), shown))
            for piece in chunk:
                shown = shown.plus(piece)
            finish = chunk[-1].finish
        assert shown.text == text(whole) and shown.tokens == sum(p.tokens for p in whole)


def test_a_speaker_that_goes_on_computes_nothing_again(streamer):
    first = read(streamer, ask(SAMPLERS["greedy"], 10))
    shown = ShownText()
    for piece in first:
        shown = shown.plus(piece)
    (piece, *_) = read(streamer, ask(SAMPLERS["greedy"], 5, shown))
    assert piece.cached_tokens == piece.prompt_tokens - 1 == first[0].prompt_tokens + 9


def test_batches_do_not_mix_rows_up(replier):
    asks = [ask(one, budget) for one in SAMPLERS.values() for budget in (3, 20, 50)]
    together = replier.reply(asks)
    for one, reply in zip(asks, together, strict=True):
        assert text(replier.reply([one])[0]) == text(reply)
        assert len(reply) <= one.budget


def test_a_stream_that_is_closed_frees_its_cache(streamer):
    async def leave():
        stream = streamer.stream(ask(SAMPLERS["greedy"]))
        await anext(stream)
        await stream.aclose()

    asyncio.run(leave())
    assert not any(kept.busy for kept in streamer.kept.values())


def test_two_streams_of_one_name_do_not_share_a_cache(streamer):
    async def both():
        return await asyncio.gather(*(_read(streamer, ask(SAMPLERS["sampled"])) for _ in range(2)))

    one, other = asyncio.run(both())
    assert text(one) == text(other)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(local_folder("zoo:gsm_draft"))


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20))
def test_text_never_ends_inside_a_character(tokenizer, said):
    ids = tokenizer(said, add_special_tokens=False)["input_ids"]
    speech = Speech(tokenizer)
    parts = [speech.feed(token) for token in ids]
    assert not any("\ufffd" in part for part in parts) or "\ufffd" in said
    assert "".join(parts) + speech.flush() == tokenizer.decode(ids)


@pytest.mark.parametrize("stop", ["END", "\n\n", "a b"])
def test_a_stop_string_is_never_shown_nor_its_beginning(tokenizer, stop):
    said = f"one a two E three EN {stop} and what follows"
    speech, shown = Speech(tokenizer, (stop,)), ""
    for token in tokenizer(said, add_special_tokens=False)["input_ids"]:
        shown += speech.feed(token)
        if speech.stopped:
            break
    assert speech.stopped and shown == said[: said.index(stop)]
