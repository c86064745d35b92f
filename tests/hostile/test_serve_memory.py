"""What answers leave behind: nothing that grows."""

import asyncio
import ctypes
import sys
import threading
import time

import pytest
from chat_server import serving
from ensembles import GREEDY, cast, ensemble
from test_serve_strangers import asked, chat, exchange

from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.record import Part
from llmx.core.spec import EngineSpec, ModelSpec
from llmx.core.stream import Turn
from llmx.engines.render import Renderer
from llmx.engines.stream.hf import _STEPS
from llmx.engines.stream.open import open_cast
from llmx.engines.stream.sessions import Sessions
from llmx.engines.tokenizer.open import PlainTokenizer
from llmx.serve.answerer import EnsembleAnswerer
from llmx.serve.chat import Chat
from llmx.serve.memory import return_large_blocks

pytest.importorskip("uvicorn")


def of_zoo():
    model = ModelSpec(target="zoo:gsm_draft")
    spec = EnsembleSpec(
        voices={"a": VoiceSpec(model=model), "g": VoiceSpec(model=model)},
        proposers=("a",),
        aggregator="g",
    )
    sampler = GREEDY.model_copy(update={"max_tokens": 4})
    return EnsembleAnswerer("echo", spec, open_cast(spec, EngineSpec()), sampler, 0)


def read(answerer, most=None, **more):
    """Read an answer, or its first events."""

    async def run():
        asked = {"model": "echo", "messages": [{"role": "user", "content": "2 + 3?"}], **more}
        events = answerer.answer(Chat.model_validate(asked))
        count = 0
        async for _ in events:
            count += 1
            if count == most:
                break
        await events.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("most", [None, 1, 3])
def test_no_cache_of_an_answer_that_is_over_or_was_left_is_kept(most):
    answerer = of_zoo()
    for _ in range(3):
        read(answerer, most)
        read(answerer, most, seed=7)
    _STEPS.submit(int).result()  # what was asked for before is done
    assert all(len(streamer.kept) == 0 for streamer in answerer.cast.values())


def test_every_speaker_is_forgotten_by_the_model_that_spoke():
    models = cast()
    answerer = EnsembleAnswerer("echo", ensemble(layers=3), models, GREEDY, 0)
    with serving(answerer) as (_, port):
        exchange(port, asked(body=chat(seed=5)))
    for model in models.values():
        assert sorted(set(model.forgotten)) == sorted({ask.id for ask in model.asks}) != []


def test_a_request_of_vllm_that_waits_is_given_up_with_its_speaker():
    dropped = []

    class Worker:
        def send(self, order, keys):
            dropped.extend(keys)

    worker = Worker()
    sessions = Sessions(worker, 16)
    for speaker in ("a", "b"):
        session = sessions.take(speaker, [1])
        session.held = [1]
        sessions.keep(speaker, session)
    sessions.forget("b")
    sessions.forget("c")
    assert dropped == [session.key] and sessions.take("a", [1, 2]).held == [1]


class Counting:
    """A tokenizer that says how often it was asked."""

    calls = 0

    def __call__(self, text, add_special_tokens):
        self.calls += 1
        return {"input_ids": [1] * len(text)}

    def decode(self, ids):
        return "x" * len(ids)

    def apply_chat_template(self, messages, **_):
        return "".join(message["content"] for message in messages)


def test_long_texts_are_remembered_for_an_answer_and_not_for_good():
    tokenizer = Counting()
    renderer = Renderer(tokenizer)
    renderer.frame(("user",))  # learnt once

    def ids(text):
        before = tokenizer.calls
        renderer.ids((Turn(role="user", parts=(Part(text=text),)),))
        return tokenizer.calls - before

    assert ids("long " * 1000) == 1 and ids("long " * 1000) == 0
    for number in range(40):
        ids(f"{number} " + "long " * 1000)
    assert ids("long " * 1000) == 1
    held = renderer.encode_long.cache_info().currsize
    assert held <= 16 and renderer.encode.cache_info().currsize == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc")
def test_large_blocks_go_back_to_the_system():
    if not hasattr(ctypes.CDLL(None), "gnu_get_libc_version"):
        pytest.skip("another C library")
    assert return_large_blocks()
    import numpy as np
    import psutil

    process = psutil.Process()

    def churn():
        """Caches of 64 answers, and small objects that outlive them, over and over."""
        small = []
        for _ in range(4):
            blocks = []
            for _ in range(64):
                blocks.append(np.zeros(1 << 17, np.float32))
                blocks[-1][:1000] = 1
                small.append(bytes(200))
            del blocks
        return small

    churn()
    before = process.memory_info().rss
    kept = [np.zeros(1 << 17, np.float32) for _ in range(64)]
    assert process.memory_info().rss - before < 8 << 20  # 32 MB of zeros that nobody wrote
    del kept


def test_other_threads_go_on_while_a_long_text_is_tokenised():
    ours = of_zoo().cast["g"].pair.tokenizer
    assert isinstance(ours, PlainTokenizer)
    text = "What is 12 + 5? " * 4000
    turns, over = [], threading.Event()

    def tick():
        while not over.wait(0.001):
            turns.append(time.perf_counter())

    ticker = threading.Thread(target=tick)
    ticker.start()
    began = time.perf_counter()
    found = ours(text, add_special_tokens=False)["input_ids"]
    ended = time.perf_counter()
    over.set()
    ticker.join()
    inside = [
        at for at in turns if began + 0.1 * (ended - began) < at < ended - 0.5 * (ended - began)
    ]
    assert len(inside) > 5
    assert found == ours.backend.encode(text, add_special_tokens=False).ids
