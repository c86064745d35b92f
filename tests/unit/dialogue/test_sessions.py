"""Requests that wait for more input: taken when a prompt goes on, given up otherwise; no vLLM."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import EngineError
from llmx.core.record import Part
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.stream import Ask, Turn
from llmx.engines.stream.sessions import Sessions, sessions_of
from llmx.engines.stream.vllm_server import VllmServerStreamer
from llmx.engines.stream.words import split


class Worker:
    """Notes what it is told to give up."""

    def __init__(self, broken=False):
        self.dropped, self.broken = [], broken

    def send(self, order, keys):
        assert order == "drop"
        if self.broken:
            raise EngineError("vLLM ended")
        self.dropped += keys


def waiting(worker, held, places=16, speaker="q/answer"):
    sessions = Sessions(worker, places)
    session = sessions.take(speaker, held)
    session.held = list(held)
    sessions.keep(speaker, session)
    return sessions, session


@pytest.mark.parametrize(
    ("prompt", "goes_on"),
    [
        ([1, 2, 3, 4], True),
        ([1, 2, 3, 4, 5, 6], True),
        ([1, 2, 3], False),  # nothing new: vLLM would wait for ever
        ([1, 2], False),
        ([1, 9, 3, 4], False),
        ([9], False),
    ],
)
def test_only_a_prompt_that_goes_on_token_for_token_takes_it(prompt, goes_on):
    worker = Worker()
    sessions, session = waiting(worker, [1, 2, 3])
    taken = sessions.take("q/answer", prompt)
    assert (taken is session) == goes_on
    assert worker.dropped == ([] if goes_on else [session.key])
    assert goes_on or (taken.held == [] and taken.key != session.key)


def test_a_request_under_way_is_not_taken_twice():
    sessions, session = waiting(Worker(), [1])
    assert sessions.take("q/answer", [1, 2]) is session
    assert sessions.take("q/answer", [1, 2]) is not session


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), max_size=80), st.integers(1, 40))
def test_each_is_taken_or_given_up_once_and_few_wait(moves, places):
    """At most half of the engine's places wait: those who run never wait for those who do not."""
    worker = Worker()
    sessions = Sessions(worker, places)
    made, running = set(), {}
    for take, who in moves:
        if take and who not in running:
            running[who] = sessions.take(who, [who, who])
            made.add(running[who].key)
        elif not take and who in running:
            session = running.pop(who)
            session.held = [who]
            sessions.keep(who, session)
        assert len(sessions._waiting) <= places // 2
        kept = {one.key for one in (*sessions._waiting.values(), *running.values())}
        assert len(worker.dropped) == len(set(worker.dropped))
        assert kept | set(worker.dropped) == made and not kept & set(worker.dropped)


def test_who_leaves_gives_up_its_own_and_nobody_elses():
    worker, one, other = Worker(), object(), object()
    sessions = sessions_of(worker, 16)
    for owner in (one, other):
        sessions.keep((owner, "q"), sessions.take((owner, "q"), [1]))
    sessions.leave(one)
    assert len(worker.dropped) == 1 and len(sessions._waiting) == 1
    assert sessions_of(worker, 16) is sessions


def test_an_engine_that_has_ended_is_not_spoken_to():
    sessions, _ = waiting(Worker(broken=True), [1, 2])
    assert sessions.take("q/answer", [5]).held == []
    sessions, _ = waiting(worker := Worker(), [1, 2])
    del worker
    assert sessions.take("q/answer", [5]).held == []


def test_what_a_request_says_is_no_setting_of_the_engine():
    options = {"ignore_eos": True, "cache_salt": "arm", "max_model_len": 99}
    words, spec = split(EngineSpec(kind="vllm", options=options))
    assert (words.ignore_eos, words.cache_salt) == (True, "arm")
    assert spec.options == {"max_model_len": 99}
    assert split(EngineSpec()) == (type(words)(), EngineSpec())


def test_a_server_gets_token_ids_and_its_seed_moves_with_the_position():
    model, spec = ModelSpec(target="zoo:gsm_draft"), EngineSpec(kind="vllm_server")
    streamer = VllmServerStreamer("far", model, spec)
    sampler = SamplerSpec(algorithm="target", max_tokens=80, stop=("END",))
    prompt = (Turn(role="user", parts=(Part(text="x"),)),)
    asked = Ask(id="q/answer", prompt=prompt, budget=8, sampler=sampler)
    body = streamer.body(asked, [1, 2, 3])
    assert body["prompt"] == [1, 2, 3] and body["max_tokens"] == 8 and body["return_token_ids"]
    assert "stop" not in body and body["stop_token_ids"] and "cache_salt" not in body
    later = streamer.body(asked.model_copy(update={"offset": 8}), [1, 2, 3])
    assert later.pop("seed") != body.pop("seed") and later == body
