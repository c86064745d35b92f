"""What every engine promises, held against all of them."""

import json
from typing import get_args

import pytest
from loopback import Endpoint

from llmx.core.errors import LlmxError
from llmx.core.record import Sample
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Capability, Request, ask
from llmx.engines.engine import Arriving, engine_class
from llmx.engines.vllm_server.server import CAST

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
# The server of test_streamer.py: one load serves both.
SERVED = ModelSpec(target="zoo:gsm_draft")
AS_STREAMED = {"block_size": 32, "kv_cache_memory_bytes": 1 << 28}
TARGET = SamplerSpec(algorithm="target", temperature=0, max_tokens=40)
QUESTIONS = [
    "A child has 19 toys. His sister has 5 fewer toys than he has. "
    "How many toys do they have together?",
    "There are 27 girls in the garden. How many girls are in the garden?",
    "A pie has 36 servings. How many servings does the pie have?",
]


def problems():
    return [Sample(id=f"q{n}", question=q, answer="1") for n, q in enumerate(QUESTIONS)]


def requests(sampler=TARGET, seed=0):
    return [ask(sample, "", sampler, seed) for sample in problems()]


@pytest.fixture(
    params=[
        "hf",
        "scripted",
        "openai",
        pytest.param("vllm", marks=[pytest.mark.slow, pytest.mark.vllm]),
        pytest.param("vllm_server", marks=[pytest.mark.slow, pytest.mark.vllm]),
    ]
)
def kind(request):
    """Return every kind of engine; those of vLLM need it."""
    if request.param.startswith("vllm"):
        request.getfixturevalue("vllm_python")
    return request.param


@pytest.fixture
def make(kind, tmp_path):
    """Return a function: engine settings → (engine, specification)."""
    model, fixed = PAIR, {"kind": kind}
    if kind == "scripted":
        script = tmp_path / "script.json"
        script.write_text(json.dumps({"q0": "First 19 - 5 = 14. #### 33", "*": "#### 7"}))
        fixed["script"] = str(script)
    if kind.startswith("vllm"):
        fixed["batch_size"] = 16  # another one is another engine, and a load takes a minute
    if kind == "vllm_server":
        model = SERVED
        fixed["options"] = AS_STREAMED

    def build(**changes):
        spec = EngineSpec(**{**changes, **fixed})
        engine = engine_class(kind)(model, spec)
        if kind == "vllm_server":
            engine.servers = CAST
        return engine, spec

    with Endpoint() as endpoint:
        if kind == "openai":
            fixed |= {"base_url": endpoint.url, "dialect": "vllm"}
        yield build


def test_one_record_a_request_in_order_with_the_ids_that_went_and_came(make):
    engine, _ = make(batch_size=2)
    asked = requests()
    records = list(engine.generate(asked))
    assert [record.id for record in records] == [request.id for request in asked]
    for record, question in zip(records, QUESTIONS, strict=True):
        assert record.prompt_ids and record.completion_ids
        assert question in record.prompt
        assert len(record.completion_ids) <= TARGET.max_tokens


def test_the_same_requests_give_the_same_records(make):
    sampled = TARGET.model_copy(update={"temperature": 0.9})
    one, other = (list(make()[0].generate(requests(sampled))) for _ in range(2))
    assert one == other


def test_a_cap_is_exact_and_says_so(make):
    capped = TARGET.model_copy(update={"max_tokens": 3})
    for record in make()[0].generate(requests(capped)):
        assert len(record.completion_ids) == 3
        assert record.finish == "length"


def test_a_stop_string_ends_the_text_before_it(make):
    engine, _ = make()
    whole = next(iter(engine.generate(requests()[:1]))).text
    stop = whole[len(whole) // 2 :][:2]
    stopped = TARGET.model_copy(update={"stop": (stop,)})
    record = next(iter(engine.generate(requests(stopped)[:1])))
    assert record.text == whole[: whole.find(stop)]
    assert record.finish == "stop"


def test_no_request_is_no_record(make):
    assert list(make()[0].generate([])) == []


def test_the_identity_is_stable_plain_and_needs_no_loading(make):
    engine, spec = make()
    first = type(engine).identity(PAIR, spec)
    assert first == type(engine).identity(PAIR, spec)
    json.dumps(first)


def test_the_device_and_the_threads_are_accidents(make):
    engine, spec = make()
    moved = spec.model_copy(update={"threads": 4, "device": "cpu"})
    assert type(engine).identity(PAIR, moved) == type(engine).identity(PAIR, spec)


def test_capabilities_are_known_words(make):
    known = set(get_args(Capability))
    assert {"text", "chat"} <= make()[0].capabilities <= known


def test_a_raw_prompt_is_sent_as_it_is(make):
    engine, _ = make()
    if "raw" not in engine.capabilities:
        pytest.skip("it sends chats")
    asked = [Request(id=sample.id, raw=sample.question, sampler=TARGET) for sample in problems()]
    raws, chats = (list(engine.generate(one)) for one in (asked, requests()))
    for raw, chat, question in zip(raws, chats, QUESTIONS, strict=True):
        assert raw.prompt.endswith(question) and len(raw.prompt_ids) < len(chat.prompt_ids)
        assert raw.completion_ids


def test_two_generations_by_turns_each_get_their_own_records(make):
    engine, _ = make(batch_size=2)
    others = [request.model_copy(update={"id": f"other {request.id}"}) for request in requests()]
    wanted = list(engine.generate(requests()))
    pairs = list(zip(engine.generate(requests()), engine.generate(others), strict=True))
    assert [one for one, _ in pairs] == wanted
    assert [other.id for _, other in pairs] == [request.id for request in others]


def test_seeds_are_honoured(make, kind):
    sampled = SamplerSpec(algorithm="target", temperature=1.5, top_p=1.0, max_tokens=30)
    engine, _ = make()
    texts = [[r.text for r in engine.generate(requests(sampled, seed))] for seed in (0, 0, 1)]
    assert texts[0] == texts[1]
    assert kind == "scripted" or texts[1] != texts[2]


def test_an_answer_that_ends_by_itself_says_so(make):
    engine, _ = make()
    long = TARGET.model_copy(update={"max_tokens": 300})
    finishes = [record.finish for record in engine.generate(requests(long))]
    assert finishes == ["eos"] * len(QUESTIONS)


def test_arrivals_are_the_same_records_in_any_order(make):
    engine, _ = make()
    if not isinstance(engine, Arriving):
        pytest.skip("its answers come in batches")
    arrived = sorted(engine.arrivals(requests()), key=lambda record: record.id)
    assert arrived == list(engine.generate(requests()))


def test_log_probabilities_come_with_every_token_where_they_can_be_had(make):
    engine, _ = make(logprobs=True)
    if "logprobs" not in engine.capabilities:
        pytest.skip("it has none")
    for record in engine.generate(requests()):
        assert len(record.logprobs) == len(record.completion_ids)
        assert all(value <= 0 for value in record.logprobs)


def test_no_log_probabilities_come_where_nobody_asked(make):
    engine, _ = make()
    assert all(record.logprobs == () for record in engine.generate(requests()))


def test_hf_text_does_not_depend_on_the_batch_or_the_company():
    engine = engine_class("hf")(PAIR, EngineSpec(batch_size=3))
    together = {r.id: r.text for r in engine.generate(requests())}
    alone = engine_class("hf")(PAIR, EngineSpec(batch_size=1))
    assert {r.id: r.text for r in alone.generate(reversed(requests()))} == together


def test_hf_refuses_what_does_not_fit_the_context():
    endless = TARGET.model_copy(update={"max_tokens": 2000})
    with pytest.raises(LlmxError, match=r"384 positions.*sampler\.max_tokens="):
        list(engine_class("hf")(PAIR, EngineSpec()).generate(requests(endless)))


BAD = {
    "no such zoo model": (ModelSpec(target="zoo:gsm_targett"), EngineSpec(), "gsm_target"),
    "no such folder": (ModelSpec(target="./nowhere"), EngineSpec(), "nothing is there"),
    "no draft": (ModelSpec(target="zoo:gsm_target"), EngineSpec(), "model.draft"),
    "no stage": (ModelSpec(target="stage:train"), EngineSpec(), "needs"),
    "no model": (None, EngineSpec(), "model="),
    "no script": (PAIR, EngineSpec(kind="scripted"), "engine.script"),
    "script missing": (PAIR, EngineSpec(kind="scripted", script="none.json"), "none.json"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_bad_engines_are_refused_in_one_line(case):
    model, spec, hint = BAD[case]
    speculative = TARGET.model_copy(update={"algorithm": "speculative"})
    with pytest.raises(LlmxError) as error:
        list(engine_class(spec.kind)(model, spec).generate(requests(speculative)))
    assert hint in str(error.value)
    assert "\n" not in str(error.value)
