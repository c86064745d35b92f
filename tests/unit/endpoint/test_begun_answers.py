"""An answer that was begun: how requests hold it, and what each engine does with it."""

import pytest

from llmx.core.errors import ConfigError
from llmx.core.record import Message, Part, as_json
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.engines.endpoint.ask import body
from llmx.engines.endpoint.budget import Budget
from llmx.engines.endpoint.reply import Reply, record
from llmx.engines.engine import engine_class
from llmx.engines.scripted import ScriptedEngine
from llmx.store.files import write_json

PLAIN = Request(
    id="a",
    messages=(Message(role="user", content="Q?"),),
    sampler=SamplerSpec(algorithm="target"),
)
BEGUN = PLAIN.model_copy(update={"prefix": (Part(text="So ", ids=(7, 8)), Part(text="far"))})
MODEL = ModelSpec(target="m")
ENDPOINT = EngineSpec(kind="openai", base_url="http://127.0.0.1:9/v1")


def test_a_request_without_one_is_written_as_ever():
    assert "prefix" not in as_json(PLAIN)
    assert Request.model_validate(as_json(BEGUN)) == BEGUN


def test_servers_of_vllm_continue_the_last_turn():
    sent = body(BEGUN, MODEL, ENDPOINT.model_copy(update={"dialect": "vllm"}))
    assert sent["messages"] == [
        {"role": "user", "content": "Q?"},
        {"role": "assistant", "content": "So far"},
    ]
    assert sent["continue_final_message"] is True and sent["add_generation_prompt"] is False
    plain = body(PLAIN, MODEL, ENDPOINT.model_copy(update={"dialect": "vllm"}))
    assert {"continue_final_message", "add_generation_prompt"} & set(plain) == set()


def test_other_endpoints_refuse_in_one_line():
    with pytest.raises(ConfigError, match="cannot go on with an answer that was begun") as caught:
        body(BEGUN, MODEL, ENDPOINT)
    assert "\n" not in caught.value.message and "engine.dialect=vllm" in caught.value.hint
    assert "continue_final_message" not in body(PLAIN, MODEL, ENDPOINT)


def test_what_was_begun_is_a_part_of_what_was_sent():
    reply = Reply.model_validate({"choices": [{"message": {"content": " on"}}]})
    assert record(BEGUN, reply, ENDPOINT).prompt == "user: Q?\nassistant: So far"
    assert record(PLAIN, reply, ENDPOINT).prompt == "user: Q?"


def test_it_counts_against_a_budget():
    limited = ENDPOINT.model_copy(update={"max_total_tokens": 162})
    budget = Budget.after(limited, ())
    assert budget.admits(PLAIN) and not budget.admits(BEGUN)


def test_the_scripted_engine_sends_it(tmp_path):
    write_json(tmp_path / "script.json", {"*": "x"})
    engine = ScriptedEngine(None, EngineSpec(kind="scripted", script=f"{tmp_path}/script.json"))
    (found,) = engine.generate([BEGUN])
    assert found.prompt == "user: Q?\nassistant: So far" and found.text == "x"
    assert found.prompt_ids == tuple(found.prompt.encode())


@pytest.mark.parametrize(
    ("kind", "can"), [("hf", True), ("vllm", True), ("scripted", True), ("openai", False)]
)
def test_engines_say_whether_they_can(kind, can):
    assert ("prefix" in engine_class(kind).capabilities) == can
