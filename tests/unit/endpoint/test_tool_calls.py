"""Tools over the wire: what is sent, what comes back, and that other requests stay as they were."""

import json

import pytest
from loopback import Endpoint, completion
from test_faults import engine

from llmx.core.errors import EngineError
from llmx.core.record import Message, ToolCall, ToolSpec, as_json
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.engines.endpoint.ask import body
from llmx.engines.endpoint.budget import Budget
from llmx.engines.scripted import ScriptedEngine
from llmx.engines.vllm_server.engine import VllmServerEngine
from llmx.store.files import write_json

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}
ADD = ToolSpec(name="add", description="Adds.", parameters=SCHEMA)
CALL = ToolCall(id="c1", name="add", arguments='{"a": 1}')
ASKED = Message(role="user", content="1 + 1?")
CHAT = (
    ASKED,
    Message(role="assistant", content="", calls=(CALL,), reasoning="I add."),
    Message(role="tool", content="2", call="c1"),
)
GREEDY = SamplerSpec(algorithm="target", temperature=0, max_tokens=50)
PLAIN = Request(id="a", messages=(ASKED,), sampler=GREEDY)
TOOLS = Request(id="a", messages=CHAT, sampler=GREEDY, tools=(ADD,))
MODEL = ModelSpec(target="served")
SPEC = EngineSpec(kind="openai", base_url="http://127.0.0.1:9/v1")


def test_a_request_without_tools_is_written_and_sent_as_ever():
    assert as_json(PLAIN).keys() == {"id", "messages", "raw", "sampler", "threshold", "seed"}
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & body(PLAIN, MODEL, SPEC).keys()
    assert Request.model_validate(as_json(TOOLS)) == TOOLS and hash(TOOLS)
    assert "tool_parser" not in EngineSpec().model_dump()


@pytest.mark.parametrize("parallel", [True, False])
def test_tools_are_sent_by_openais_names(parallel):
    sent = body(TOOLS.model_copy(update={"parallel": parallel}), MODEL, SPEC)
    function = {"name": "add", "description": "Adds.", "parameters": SCHEMA}
    assert sent["tools"] == [{"type": "function", "function": function}]
    assert sent["tool_choice"] == "auto"
    assert sent["parallel_tool_calls"] is parallel


def test_a_reply_may_be_held_to_a_schema_or_to_a_call():
    held = TOOLS.model_copy(update={"must_call": True, "answer_schema": json.dumps(SCHEMA)})
    sent = body(held, MODEL, SPEC)
    assert sent["tool_choice"] == "required"
    assert sent["response_format"]["type"] == "json_schema"
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert "response_format" not in body(TOOLS, MODEL, SPEC)
    assert Request.model_validate(as_json(held)) == held


def test_a_call_its_thinking_and_its_answer_are_handed_back():
    _, called, told = body(TOOLS, MODEL, SPEC)["messages"]
    function = {"name": "add", "arguments": '{"a": 1}'}
    assert called == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "c1", "type": "function", "function": function}],
        "reasoning_content": "I add.",
    }
    assert told == {"role": "tool", "content": "2", "tool_call_id": "c1"}
    said = CHAT[1].model_copy(update={"content": "So:"})
    several = TOOLS.model_copy(update={"messages": (ASKED, said)})
    assert body(several, MODEL, SPEC)["messages"][1]["content"] == "So:"
    assert body(PLAIN, MODEL, SPEC)["messages"] == [{"role": "user", "content": "1 + 1?"}]


CALLS = [
    ({"id": "c1", "function": {"name": "add", "arguments": '{"a": 1}'}}, ("c1", "add", '{"a": 1}')),
    ({"id": None, "function": {"name": "add", "arguments": {"a": 1}}}, ("", "add", '{"a": 1}')),
    ({"function": {"name": None, "arguments": None}}, ("", "", "null")),
    ({"id": "x", "type": "function"}, None),
    (None, None),
]


def test_calls_come_back_with_their_ids_and_what_was_cached():
    def answer(sent):
        found = completion({**sent, "messages": [{"role": "user", "content": "x"}]}, ids_too=False)
        message = {"content": None, "reasoning_content": "hm"}
        message["tool_calls"] = [call for call, _ in CALLS]
        found["choices"][0] |= {"message": message, "finish_reason": "tool_calls"}
        found["usage"] = {
            "prompt_tokens": 30,
            "completion_tokens": 9,
            "prompt_tokens_details": {"cached_tokens": 16},
        }
        return found

    with Endpoint(answer=answer) as endpoint:
        (found,) = engine(endpoint, keep_cost=True).generate([TOOLS])
    assert [(one.id, one.name, one.arguments) for one in found.calls] == [
        wanted for _, wanted in CALLS if wanted
    ]
    assert (found.text, found.finish, found.reasoning) == ("", "eos", "hm")
    assert found.cost.cached == 16 and found.cost.completion == 9
    assert found.prompt == 'user: 1 + 1?\nassistant: \nadd({"a": 1})\ntool: 2'


def test_tools_and_calls_count_against_a_budget():
    told = sum(len(one.content) for one in CHAT) / 3 + 50
    budget = Budget.after(SPEC.model_copy(update={"max_total_tokens": int(told) + 4}), ())
    bare = Message(role="assistant", content="")
    assert budget.admits(TOOLS.model_copy(update={"messages": (ASKED, bare), "tools": ()}))
    assert not budget.admits(TOOLS.model_copy(update={"messages": (ASKED, bare)}))
    assert not budget.admits(TOOLS)
    assert not budget.admits(TOOLS.model_copy(update={"tools": ()}))


def test_a_server_of_ours_reads_calls_where_it_is_told_how():
    def told(**changes):
        model = ModelSpec(target="zoo:gsm_target")
        return VllmServerEngine(model, EngineSpec(kind="vllm_server", **changes)).settings()

    plain, calling = told()["server"], told(tool_parser="hermes")["server"]
    assert calling == plain | {"enable_auto_tool_choice": True, "tool_call_parser": "hermes"}
    with pytest.raises(ValueError, match="tool_parser"):
        EngineSpec(tool_parser="../own.py")


def test_the_parser_is_a_part_of_what_an_answer_depends_on():
    model = ModelSpec(target="zoo:gsm_target")
    named = [
        json.dumps(VllmServerEngine.identity(model, EngineSpec(kind="vllm_server", **changes)))
        for changes in ({}, {"tool_parser": "hermes"}, {"tool_parser": "openai"})
    ]
    assert len(set(named)) == 3 and "tool_parser" not in named[0]


def scripted(tmp_path, answers):
    write_json(tmp_path / "script.json", answers)
    return ScriptedEngine(None, EngineSpec(kind="scripted", script=f"{tmp_path}/script.json"))


def test_a_script_may_call_tools(tmp_path):
    calls = [{"name": "add", "arguments": {"a": 1}}, {"name": "add", "arguments": "{", "id": ""}]
    told = {"content": "So", "reasoning": "hm", "calls": calls}
    (found,) = scripted(tmp_path, {"*": told}).generate([TOOLS])
    assert [(one.id, one.arguments) for one in found.calls] == [("call-1", '{"a": 1}'), ("", "{")]
    assert (found.text, found.reasoning) == ("So", "hm")
    assert found.prompt.endswith('assistant: \nadd({"a": 1})\ntool: 2\nassistant: ')


def test_a_script_that_is_none_is_refused_in_one_line(tmp_path):
    for wrong in ({"*": {"says": "x"}}, {"*": 3}, {"*": {"calls": [{"arguments": {}}]}}):
        with pytest.raises(EngineError, match="is not a mapping") as caught:
            list(scripted(tmp_path, wrong).generate([PLAIN]))
        assert "\n" not in str(caught.value)
