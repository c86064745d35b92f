"""Recipe `indata` as it ships: a model at an endpoint, a planner's words, controls; all paired."""

import json
from random import Random

import pytest
from loopback import Endpoint

import llmx
from llmx.core.spec import DataSpec
from llmx.papers.indata.dataset import Indata, world_of
from llmx.papers.indata.planner.plan_text import drawn_symbols, plan_text
from llmx.papers.indata.program import read_program

FEW = 3
PROBLEMS = Indata(DataSpec(kind="indata", test=FEW)).split("test")
KNOWING = [one for one in PROBLEMS if not one.metadata["without"]]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMX_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def ran(*words):
    return llmx.run("indata", "scale=smoke", f"data.test={FEW}", *words, limit=FEW, workers=1)


def accuracies(done):
    return {row["arm"]: row["accuracy"]["estimate"] for row in done.results["rows"]}


def lines(done, arm, name):
    path = done.folder.path / "act" / arm / name
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---- an endpoint whose model knows the gold programs


def tried(body):
    """Do what the five turns of a trial ask."""
    turn = sum(one["role"] == "user" for one in body["messages"]) - 1
    told = [one["content"] for one in body["messages"] if one["role"] == "tool"]
    numbers = {0: [1], 2: [2, 3]}.get(turn, [])
    calls = [called(f"c{n}", "code_word", {"number": n}) for n in numbers]
    return {"content": None if calls else " and ".join(told) or "done", "tool_calls": calls}


def called(name, tool, arguments):
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return {"id": name, "type": "function", "function": function}


def knowing(body):
    """Make the next call of the gold program, with handles that earlier results have told."""
    if "code_word" in body["messages"][0]["content"]:
        return tried(body)
    asked = next(one["content"] for one in body["messages"] if one["role"] == "user")
    sample = next(one for one in PROBLEMS if one.question == asked)
    program = sample.metadata["program"]
    told = [json.loads(one["content"]) for one in body["messages"] if one["role"] == "tool"]
    if any("error" in one for one in told) or sample not in KNOWING:
        return {"content": "Answer: cannot_be_determined", "tool_calls": []}
    names = {step["name"]: one["handle"] for step, one in zip(program, told, strict=False)}
    at = len(told)
    if at == len(program):
        last = called("end", "submit_answer", {"value": {"handle": told[-1]["handle"]}})
        return {"content": None, "tool_calls": [last]}
    text = json.dumps(program[at]["arguments"])
    for name, handle in names.items():
        text = text.replace(f'{{"handle": "{name}"}}', f'{{"handle": "{handle}"}}')
    return {
        "content": None,
        "tool_calls": [called(f"c{at}", program[at]["tool"], json.loads(text))],
    }


def answer(body):
    message = knowing(body)
    ends = "tool_calls" if message["tool_calls"] else "stop"
    return {
        "choices": [{"message": message, "finish_reason": ends}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5},
    }


def test_a_model_at_an_endpoint_calls_the_tools_and_stands_beside_the_controls():
    with Endpoint(answer=answer) as endpoint:
        done = ran(
            "arms=[oracle_tools,loop,loop_blind]",
            *("engine=openai", f"engine.base_url={endpoint.url}", "model.target=served"),
        )
        tools = [{t["function"]["name"] for t in b["tools"]} for b in endpoint.seen if "tools" in b]
    assert accuracies(done) == {"oracle_tools": 1.0, "loop": 1.0, "loop_blind": 1.0}
    assert any("join_tables" in names and len(names) == 26 for names in tools)
    seen = {}
    for arm in ("loop", "loop_blind"):
        assert [one["id"] for one in lines(done, arm, "samples.jsonl")] == [s.id for s in PROBLEMS]
        assert json.loads((done.folder.path / "act" / arm / "calling.json").read_text())["parallel"]
        turns = lines(done, arm, "turns.jsonl")
        seen[arm] = {key for t in turns for o in t["observations"] for key in json.loads(o["text"])}
    assert seen["loop"] - seen["loop_blind"] >= {"rows", "value"}


def test_a_planners_words_become_calls_on_the_same_problems(tmp_path):
    script = {"*": "unknown"}
    for one in KNOWING:
        symbols = drawn_symbols(world_of(one).catalogue, Random(f"symbols/{one.id}/0"))
        script[f"{one.id}/turn/1"] = plan_text(read_program(one.metadata["program"]), symbols)
    (tmp_path / "plans.json").write_text(json.dumps(script))
    done = ran(
        *("arms=[oracle_tools,planner]", "arms.planner.model.target=zoo:gsm_target"),
        "arms.planner.sampler.max_tokens=1000",  # a token of the script is a byte
        *("arms.planner.engine.kind=scripted", "arms.planner.engine.script=plans.json"),
    )
    assert accuracies(done) == {"oracle_tools": 1.0, "planner": 1.0}
    mine, gold = (lines(done, arm, "turns.jsonl") for arm in ("planner", "oracle_tools"))
    calls = {arm: [c["name"] for turn in held for c in turn["calls"]]
             for arm, held in (("planner", mine), ("oracle_tools", gold))}  # fmt: skip
    known = {one.id for one in KNOWING}
    assert calls["planner"] == [c["name"] for t in gold if t["id"] in known for c in t["calls"]]


def test_a_model_without_calls_of_its_own_is_told_what_to_set():
    with pytest.raises(llmx.core.errors.ConfigError, match=r"agent\.format=native") as refused:
        ran("arms=[oracle_tools,loop]")
    assert "agent.format=json" in str(refused.value.hint)
