"""Every fault of an endpoint: nothing lost, nothing counted twice, one line where it ends."""

import time
from collections import Counter

import pytest
from loopback import FAULTS, Endpoint

from llmx.core.errors import ConfigError, EngineError, LlmxError
from llmx.core.record import Sample
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.engines.endpoint import retry
from llmx.engines.endpoint.engine import OpenAIEngine

MODEL = ModelSpec(target="served")
GREEDY = SamplerSpec(algorithm="target", temperature=0, top_p=1, max_tokens=200)
PASSING = sorted(
    set(FAULTS)
    - {
        "400",
        "filtered",
        "said 402 under 200",
        "429 for an hour",
        "429 with seconds",
        "trickle",
        "stall",
    }
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(retry, "FIRST", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def questions(count):
    return [Sample(id=f"q{n}", question=f"Question <{n}>?", answer="1") for n in range(count)]


def requests(count, **changes):
    sampler = GREEDY.model_copy(update=changes)
    return [ask(sample, "", sampler, 0) for sample in questions(count)]


def engine(endpoint, **changes):
    given = {"batch_size": 4, **changes}
    return OpenAIEngine(MODEL, EngineSpec(kind="openai", base_url=endpoint.url, **given))


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_leaves_no_trace_in_the_answers(fault):
    with Endpoint() as calm:
        wanted = list(engine(calm).generate(requests(6)))
    with Endpoint({"<1>": [fault], "<4>": [fault, fault]}) as rough:
        asked = engine(rough)
        assert list(asked.generate(requests(6))) == wanted
        assert rough.worked == {f"Question <{n}>?": 1 for n in range(6)}
    account = asked.accounts()
    assert account["answers"] == 6 and account["tries"] == 9
    assert sum(account["failed_tries"].values()) == 3
    assert account["completion_tokens"] == sum(record.tokens for record in wanted)


@pytest.mark.parametrize("fault", ["trickle", "stall"])
def test_a_try_has_an_end_even_if_bytes_keep_coming(fault):
    with Endpoint({"<0>": [fault]}) as endpoint:
        asked = engine(endpoint, timeout=0.5)
        assert len(list(asked.generate(requests(1)))) == 1
        assert asked.accounts()["failed_tries"] == {"timeout": 1}
        assert asked.accounts()["failed_tries_perhaps_billed"] == 1


def test_a_storm_of_all_faults_loses_nothing():
    kinds = [*PASSING, "429 with seconds"]
    faults = {f"<{n}>": [kinds[(n + k) % len(kinds)] for k in range(n % 4)] for n in range(48)}
    with Endpoint(faults) as endpoint:
        asked = engine(endpoint, batch_size=12)
        arrived = list(asked.arrivals(requests(48)))
        assert sorted(record.id for record in arrived) == sorted(f"q{n}" for n in range(48))
        assert set(endpoint.worked.values()) == {1}
        assert endpoint.most <= 12
        assert asked.accounts()["tries"] == len(endpoint.seen)


def test_a_proxy_does_not_stand_before_this_machine(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Endpoint() as endpoint:
        assert len(list(engine(endpoint, retries=0).generate(requests(2)))) == 2


def test_no_more_than_the_asked_number_are_in_flight():
    with Endpoint(delay=0.02) as endpoint:
        list(engine(endpoint, batch_size=3).generate(requests(20)))
        assert endpoint.most == 3


def test_the_server_is_given_the_seconds_that_it_asks_for():
    with Endpoint({"<0>": ["429 with seconds"]}) as endpoint:
        started = time.monotonic()
        list(engine(endpoint).generate(requests(1)))
        assert time.monotonic() - started >= 0.2


ENDS = {
    "400": ("400", {}, "context is 10 tokens", 1),
    "refused under 200": ("said 402 under 200", {}, "says 200 OK: no credits left", 1),
    "tries used up under 200": ("said 503 under 200", {"retries": 1}, "200 OK: overloaded", 2),
    "tries used up": ("503", {"retries": 2}, "after 3 tries", 3),
    "deadline before an hour of patience": ("429 for an hour", {"deadline": 5}, "deadline", 1),
    "no time at all": ("stall", {"deadline": 0.3}, "no answer in 0.3 s", 1),
}


@pytest.mark.parametrize("case", ENDS, ids=str)
def test_an_end_is_one_line_and_what_was_in_flight_is_kept(case):
    fault, settings, text, tries = ENDS[case]
    with Endpoint({"<2>": [fault] * 9}, delay=0.05) as endpoint:
        asked, kept = engine(endpoint, **settings), []
        with pytest.raises(EngineError) as error:
            for record in asked.arrivals(requests(40)):
                kept.append(record)  # noqa: PERF402 - the list is needed after the error
        assert text in str(error.value) and "sample 'q2'" in str(error.value)
        assert "\n" not in str(error.value)
        assert endpoint.tries("<2>") == tries
        assert Counter(r.id for r in kept) == Counter(f"q{_number(q)}" for q in endpoint.worked)
        assert len(kept) < 39


def _number(question):
    return question.partition("<")[2].partition(">")[0]


def test_an_endpoint_that_is_not_there_is_said_to_be():
    with Endpoint() as endpoint:
        gone = endpoint.url
    spec = EngineSpec(kind="openai", base_url=gone, retries=1)
    with pytest.raises(EngineError, match=r"cannot be reached.*after 2 tries"):
        list(OpenAIEngine(MODEL, spec).generate(requests(3)))


def test_who_stops_taking_stops_the_asking():
    with Endpoint(delay=0.05) as endpoint:
        arrivals = engine(endpoint, batch_size=2).arrivals(requests(50))
        next(arrivals)
        arrivals.close()
        time.sleep(0.1)  # what was on its way when it was cancelled still gets there
        asked = len(endpoint.seen)
        time.sleep(0.2)
        assert len(endpoint.seen) == asked < 25


REFUSED = {
    "speculation": ({}, {"algorithm": "speculative"}, "one model"),
    "top-k": ({}, {"top_k": 5}, "engine.dialect=vllm"),
    "no address": ({"base_url": None}, {}, "engine.base_url="),
    "no scheme": ({"base_url": "localhost:8000/v1"}, {}, "is no address"),
    "a key in the address": ({"base_url": "https://me:sk-1@host/v1"}, {}, "engine.key_env"),
    "a key in the query": ({"base_url": "https://host/v1?key=sk-1"}, {}, "engine.key_env"),
    "no key": ({"base_url": "https://host.invalid/v1"}, {}, "export OPENAI_API_KEY"),
    "a key in the options": ({"options": {"api-key": "sk-1"}}, {}, "written to disk"),
    "money without prices": ({"max_cost": 1.0}, {}, "engine.price_in"),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_cannot_work_is_refused_before_anything_is_sent(case):
    settings, sampler, text = REFUSED[case]
    with Endpoint() as endpoint:
        given = {"kind": "openai", "base_url": endpoint.url, **settings}
        with pytest.raises((ConfigError, LlmxError)) as error:
            list(OpenAIEngine(MODEL, EngineSpec(**given)).generate(requests(2, **sampler)))
        assert text in str(error.value) and "sk-1" not in str(error.value)
        assert endpoint.seen == []
