"""Stage `agent`: what is asked and recorded, and that nothing of it is lost or made twice."""

import json
import os
import random
import re
import shutil
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from counts import count
from loopback import Endpoint

from llmx.core.errors import ConfigError, EngineError, LlmxError
from llmx.core.plugins import use
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.engines.endpoint import retry
from llmx.stages import agent_arm
from llmx.stages.agent import AgentStage
from llmx.stages.agent_arm import craft_of
from llmx.stages.turns import TURNS, EpisodeKey, TurnLog
from llmx.store.files import Appender

TOY = Path(__file__).parents[2] / "contracts" / "toy" / "errands"
GREEDY = SamplerSpec(algorithm="target", temperature=0, max_tokens=600)
STAGE = AgentStage()
BYTES = ("turns.jsonl", "episodes.jsonl", "samples.jsonl", "summary.json", "token_audit.json")


@pytest.fixture(autouse=True)
def errands(monkeypatch):
    monkeypatch.setattr(retry, "FIRST", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    use([TOY])
    from errands.shop import OPEN

    OPEN.clear()
    yield
    assert OPEN == []  # every world was closed, however it ended


def given(agent=None, problems=6, trial=False, **engine):
    spec = EngineSpec(**{"kind": "scripted", "batch_size": 4, "script": "script.json", **engine})
    arm = ArmSpec(
        model=ModelSpec(target="served"),
        data=DataSpec(kind="errands", test=problems),
        engine=spec,
        sampler=GREEDY,
        more={"agent": {"format": "native", **(agent or {})}},
    )
    stage = StageSpec(name="act", kind="agent", options={"trial": trial})
    return StageInput(stage, {"a": arm.with_sections(["agent"])})


def run(asked, out):
    out.mkdir(exist_ok=True)
    STAGE.run(StageContext(asked, STAGE.identity(asked), {}, out, Silent()))
    return out


def rows(out, name):
    return [json.loads(line) for line in (out / name).read_text().splitlines()]


def endings(out):
    return [row["ending"] for row in rows(out, "episodes.jsonl")]


def contents(out):
    return {name: (out / name).read_bytes() for name in BYTES}


def scripted(folder, kind="native", problems=6, **changed):
    """Write the script of a model that solves every problem, with some answers changed."""
    from errands.problems import errand
    from errands.shopper import script

    held = script([errand(number) for number in range(1, problems + 1)], kind)
    (folder / "script.json").write_text(json.dumps({**held, **changed}))
    return str(folder / "script.json")


# ---- killed in the middle


class Ends:
    """Ends the process at a line that is written: before it, behind it, or with half of it."""

    def __init__(self, how, at):
        self.how, self.at, self.lines = how, at, 0

    def install(self):
        real = Appender.append

        def append(lines, found):
            found = list(found)
            self.lines += 1
            if self.lines == self.at and self.how == "half":
                whole = json.dumps(found[0]).encode()
                lines._handle.write(whole[: len(whole) // 2])
                lines._handle.flush()
            if self.lines == self.at and self.how != "behind":
                os.kill(os.getpid(), signal.SIGKILL)
            real(lines, found)
            if self.lines == self.at:
                os.kill(os.getpid(), signal.SIGKILL)

        Appender.append = append


def ended(how, at, asked, out):
    """Run the stage in a fork that ends at a line, or, as `disk`, at a call to the disk."""
    from disk import Disk

    child = os.fork()
    if not child:
        end = Disk("before", at) if how == "disk" else Ends(how, at)
        end.install()
        with suppress(BaseException):
            run(asked, out)
        count_file = Path(f"{out}.{how}")
        count_file.write_text(str(end.calls if how == "disk" else end.lines))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def points(how, number, asked, out):
    """Return where to end: lines of which most stand inside an episode, or calls to the disk."""
    assert ended(how, None, asked, out) == 0
    total = int(Path(f"{out}.{how}").read_text())
    return sorted(random.Random(5).sample(range(1, total + 1), min(number, total)))


@pytest.mark.parametrize("kind", ["native", "plan"])
@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("before", count(2, 10)),
        ("behind", count(2, 10)),
        ("half", count(2, 10)),
        ("disk", count(1, 8)),
    ],
)
def test_after_a_kill_the_same_bytes_are_written(tmp_path, kind, how, number, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "chaos"))
    wrong = {"errand-2/turn/3": "I give up.", "errand-5/turn/1": "I do not know."}
    asked = given({"format": kind, "max_turns": 8}, script=scripted(tmp_path, kind, **wrong))
    whole = contents(run(asked, tmp_path / "whole"))
    for at in points(how, number, asked, tmp_path / "count"):
        out = tmp_path / f"ended-{at}"
        assert ended(how, at, asked, out) == -signal.SIGKILL
        assert contents(run(asked, out)) == whole, (how, at)


def test_recorded_answers_are_not_asked_again_and_calls_are_made_again(tmp_path, monkeypatch):
    from errands.shop import Price

    from llmx.engines.scripted import ScriptedEngine

    asked = given(script=scripted(tmp_path))
    whole = contents(run(asked, tmp_path / "out"))
    lines = (tmp_path / "out" / TURNS).read_bytes().splitlines(keepends=True)
    assert len(lines) == 36
    made, sent, real = Counter(), [], Price.run
    monkeypatch.setattr(Price, "run", lambda tool, world: made.update([1]) or real(tool, world))
    generate = ScriptedEngine.generate

    def told(engine, requests):
        sent.extend(requests)
        return generate(engine, requests)

    monkeypatch.setattr(ScriptedEngine, "generate", told)
    # As a kill would leave it: the first block of four whole, the other one in its third turn.
    again = tmp_path / "again"
    again.mkdir()
    order = sorted(range(36), key=lambda at: (at >= 24, at % 6 if at >= 24 else at))
    kept = [lines[at] for at in order[:29]]
    (again / TURNS).write_bytes(b"".join(kept) + lines[0][:20])
    assert contents(run(asked, again)) == whole
    # Of the batch of two one answer of the third turn was there; the batch is asked as a whole.
    assert len(sent) == 2 + 2 * 3 and made.total() == 12
    sent.clear()
    assert contents(run(asked, again)) == whole and sent == []


def test_a_world_that_does_not_come_back_starts_its_episode_over_and_is_counted(tmp_path):
    asked = given({"toolset": "moody"}, script=scripted(tmp_path))
    out = run(asked, tmp_path / "out")
    first = rows(out, "turns.jsonl")
    (out / TURNS).write_text("".join(json.dumps(row) + "\n" for row in first[:14]))
    run(asked, out)
    again = rows(out, "turns.jsonl")
    attempts = {row["id"]: row.get("attempt", 1) for row in again}
    assert list(attempts.values()) == [2, 2, 2, 1, 1, 1] and len(again) == 36
    assert [row["turn"] for row in again] == list(range(1, 7)) * 6
    episodes = rows(out, "episodes.jsonl")
    assert [row.get("attempts", 1) for row in episodes] == list(attempts.values())
    assert json.loads((out / "summary.json").read_text())["started_over"] == 3
    # What was started over is answered from its own world alone.
    for row in episodes:
        (last,) = [one for one in again if one["id"] == row["id"] and one["turn"] == 5]
        assert last["observations"][0]["text"].endswith(f"= {row['answer']}")


# ---- batches and limits


def test_a_turn_of_a_batch_holds_those_of_its_episodes_that_go_on(tmp_path, monkeypatch):
    from llmx.engines.scripted import ScriptedEngine

    sent, generate = [], ScriptedEngine.generate

    def told(engine, requests):
        sent.append([request.id for request in requests])
        return generate(engine, requests)

    monkeypatch.setattr(ScriptedEngine, "generate", told)
    wrong = {"errand-2/turn/2": "I give up.", "errand-3/turn/1": "I do not know."}
    out = run(given(script=scripted(tmp_path, **wrong)), tmp_path / "out")
    first = [[f"errand-{n}/turn/{t}" for n in (1, 2, 3, 4)] for t in range(1, 7)]
    gone = {"errand-3/turn/2", *(f"errand-{n}/turn/{t}" for n in (2, 3) for t in range(3, 7))}
    wanted = [[one for one in own if one not in gone] for own in first]
    assert sent[:6] == wanted
    assert sent[6:] == [[f"errand-{n}/turn/{t}" for n in (5, 6)] for t in range(1, 7)]
    assert endings(out) == ["submitted", "answered", "no_call"] + ["submitted"] * 3


def test_a_script_without_an_answer_is_one_line_and_closes_what_is_open(tmp_path):
    (tmp_path / "script.json").write_text("{}")
    with pytest.raises(EngineError, match="has no answer for 'errand-1/turn/1'"):
        run(given(script=f"{tmp_path}/script.json"), tmp_path / "out")


@pytest.mark.parametrize(
    ("limits", "ending"),
    [
        ({"max_turns": 3, "final": False}, "out_of_turns"),
        ({"max_calls": 2, "final": False}, "out_of_calls"),
        ({"max_turns": 3}, "forced"),
        ({"max_seconds": 1e-9}, "out_of_seconds"),
        ({"tools": ["add", "submit"]}, "malformed"),
        ({"format": "json", "max_tokens": 5}, "out_of_tokens"),
    ],
    ids=str,
)
def test_limits_end_an_episode_and_records_say_so(tmp_path, limits, ending):
    script = scripted(tmp_path, limits.get("format", "native"), problems=2)
    out = run(given(limits, problems=2, script=script), tmp_path / "out")
    assert set(endings(out)) == {ending}
    assert {row["finish"] for row in rows(out, "samples.jsonl")} == {
        "eos" if ending == "forced" else "length"
    }
    summary = json.loads((out / "summary.json").read_text())
    assert summary["endings"] == {ending: 2} and summary["timed"] == 2 * (
        ending == "out_of_seconds"
    )


def test_tokens_are_audited_turn_by_turn(tmp_path):
    """The script's ids are bytes, and the end of an answer is no byte of the next prompt."""
    out = run(given({"format": "json"}, 2, script=scripted(tmp_path, "json", 2)), tmp_path / "out")
    audit = json.loads((out / "token_audit.json").read_text())
    assert (audit["pairs"], audit["broken"], audit["again"]) == (10, 10, 10)
    first = audit["first"][0]
    turns = rows(out, "turns.jsonl")
    old = turns[0]["record"]["prompt_ids"] + turns[0]["record"]["completion_ids"]
    assert first["at"] == len(old) - 1 and first["was"] == [0] and first["again"] == 1
    assert first["now"] == turns[1]["record"]["prompt_ids"][first["at"] :][:4]


# ---- endpoints


def shopper(body):
    """Answer as a model would that solves every problem, one call a turn."""
    from errands.problems import errand
    from errands.shopper import steps

    text = next(one["content"] for one in body["messages"] if one["role"] == "user")
    samples = {one.question: one for one in map(errand, range(1, 600))}
    made = sum(one["role"] == "tool" for one in body["messages"])
    call = steps(samples[text])[made]
    asked = {"id": f"c{made}", "function": {"name": call.name, "arguments": call.arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [asked]}
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 3,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return {"id": "x", "choices": [choice], "usage": usage}


class Shaky(Endpoint):
    """Answers like `shopper`; every so many-th request fails in one of its ways."""

    FAULTS = ("500", "drop", "half", "429", "page")

    def __init__(self, every=0, stop_at=None, **more):
        super().__init__(answer=shopper, **more)
        self.every, self.number, self.stop_at = every, 0, stop_at

    def next_fault(self, body):
        self.number += 1
        if self.stop_at and self.number >= self.stop_at:
            return "said 402 under 200"
        if self.every and self.number % self.every == 0:
            return self.FAULTS[self.number // self.every % len(self.FAULTS)]
        return None


def at(endpoint, problems, agent=None, **more):
    engine = {"kind": "openai", "base_url": endpoint.url, "script": None, "batch_size": 8}
    return given(agent, problems, **{**engine, **more})


def test_no_episode_is_lost_or_counted_twice_on_a_shaky_endpoint(tmp_path):
    problems = count(40, 500)
    with Shaky(every=10) as rough:
        out = run(at(rough, problems), tmp_path / "out")
        good = sum(rough.worked.values())
    assert endings(out) == ["submitted"] * problems and good == 6 * problems
    with Shaky() as calm:
        assert contents(run(at(calm, problems), tmp_path / "calm")) == contents(out)
    found = rows(out, "turns.jsonl")
    assert {row["record"]["cost"]["cached"] for row in found} == {4}
    assert not (out / "answers.jsonl").exists()
    from errands.problems import errand

    right = [errand(number).answer for number in range(1, problems + 1)]
    assert [row["answer"] for row in rows(out, "episodes.jsonl")] == right


def test_an_endpoint_that_stops_in_the_middle_is_asked_for_the_rest_alone(tmp_path):
    with Shaky(stop_at=50) as endpoint:
        asked = at(endpoint, 20, retries=0)
        with pytest.raises(EngineError, match="no credits left"):
            run(asked, tmp_path / "out")
        first = sum(endpoint.worked.values())
        assert first == 49
        endpoint.stop_at = None
        out = run(asked, tmp_path / "out")
        assert sum(endpoint.worked.values()) == 6 * 20
    assert endings(out) == ["submitted"] * 20


def test_an_answer_whose_calls_were_not_made_is_not_paid_for_twice(tmp_path, monkeypatch):
    from errands.shop import Multiply

    real, left = Multiply.run, [3]

    def breaks(tool, world):
        left[0] -= 1
        if not left[0]:
            raise LlmxError("the machine goes down")
        return real(tool, world)

    with Shaky() as endpoint:
        asked = at(endpoint, 4, batch_size=1)
        monkeypatch.setattr(Multiply, "run", breaks)
        with pytest.raises(LlmxError, match="goes down"):
            run(asked, tmp_path / "out")
        held = rows(tmp_path / "out", "answers.jsonl")
        assert len(held) == len(rows(tmp_path / "out", "turns.jsonl")) + 1
        monkeypatch.setattr(Multiply, "run", real)
        out = run(asked, tmp_path / "out")
        assert sum(endpoint.worked.values()) == 6 * 4
    assert endings(out) == ["submitted"] * 4


def refusing(turn, message):
    def answer(body):
        made = sum(one["role"] == "tool" for one in body["messages"])
        return {"error": {"message": message, "code": 400}} if made >= turn else shopper(body)

    return answer


@pytest.mark.parametrize(
    ("message", "ending"),
    [
        ("This model's maximum context length is 10 tokens", "out_of_context"),
        ("I do not like this call", "engine_failed"),
    ],
)
def test_a_later_turn_that_is_refused_ends_its_episode_alone(tmp_path, message, ending):
    with Endpoint(answer=refusing(2, message)) as endpoint:
        out = run(at(endpoint, 3), tmp_path / "out")
    assert endings(out) == [ending] * 3
    assert [row["turn"] for row in rows(out, "turns.jsonl")] == [1, 2] * 3


def test_an_endpoint_without_tools_is_refused_in_its_own_words(tmp_path):
    with (
        Endpoint(answer=refusing(0, "tools are not supported by this model")) as endpoint,
        pytest.raises(EngineError, match="tools are not supported by this model") as caught,
    ):
        run(at(endpoint, 3, retries=0), tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_a_budget_stops_between_two_turns_and_goes_on_with_more(tmp_path):
    with Shaky() as endpoint:
        little = at(endpoint, 6, max_total_tokens=900)
        with pytest.raises(EngineError, match="budget is used up"):
            run(little, tmp_path / "out")
        run(at(endpoint, 6, max_total_tokens=100_000), tmp_path / "out")
        assert sum(endpoint.worked.values()) == 36
    assert endings(tmp_path / "out") == ["submitted"] * 6


def obedient(body, **changed):
    """Do what a trial asks: call, remember, call twice, remember, say done."""
    turn = sum(one["role"] == "user" for one in body["messages"]) - 1
    told = [one["content"] for one in body["messages"] if one["role"] == "tool"]
    numbers = {0: [1], 2: [2, 3]}.get(turn, [])
    calls = [
        {"id": f"c{n}", "function": {"name": "code_word", "arguments": {"number": n}}}
        for n in numbers
    ]
    message = {"content": None if calls else " and ".join(told) or "done", "tool_calls": calls}
    message |= {key: value(turn, message) for key, value in changed.items()}
    return {"choices": [{"message": message, "finish_reason": "stop"}]}


def tried(tmp_path, answer, agent=None):
    """Run an arm whose endpoint answers a trial so, and problems as a shopper."""

    def either(body):
        first = body["messages"][0]["content"]
        return answer(body) if "code_word" in first else shopper(body)

    with Endpoint(answer=either) as endpoint:
        out = run(at(endpoint, 2, agent, trial=True, retries=0), tmp_path / "out")
        asked = len(endpoint.seen)
        run(at(endpoint, 2, agent, trial=True, retries=0), tmp_path / "out")
        assert len(endpoint.seen) == asked
    return out, asked


def test_five_turns_are_tried_once_before_an_endpoint_is_asked(tmp_path):
    out, asked = tried(tmp_path, obedient)
    assert asked == 5 + 2 * 6 and endings(out) == ["submitted"] * 2
    found = json.loads((out / "calling.json").read_text())
    assert found == {
        **{"calls": True, "in_text": False, "history": True, "parallel": True, "plain": True}
    }


def test_one_call_a_reply_is_noted_and_no_reason_to_stop(tmp_path):
    out, _ = tried(
        tmp_path, lambda body: obedient(body, tool_calls=lambda _, told: told["tool_calls"][:1])
    )
    assert json.loads((out / "calling.json").read_text())["parallel"] is False


@pytest.mark.parametrize(
    ("changed", "says", "type_this"),
    [
        (
            {"tool_calls": lambda *_: [], "content": lambda *_: '<tool_call>{"name": "code_word"}'},
            "into the text",
            "engine.tool_parser",
        ),
        (
            {"tool_calls": lambda *_: [], "content": lambda *_: "No."},
            "calls no tool",
            "agent.format",
        ),
        ({"content": lambda *_: "Which tool?"}, "does not know what a tool said", "agent.format"),
    ],
    ids=["wrong parser", "no tools", "no history"],
)
def test_an_endpoint_whose_calls_do_not_come_back_is_refused(tmp_path, changed, says, type_this):
    with pytest.raises(EngineError, match=says) as caught:
        tried(tmp_path, lambda body: obedient(body, **changed))
    assert type_this in caught.value.hint and "\n" not in str(caught.value)
    assert not (tmp_path / "out" / "turns.jsonl").exists() or not rows(tmp_path / "out", TURNS)


# ---- a model of transformers


def test_a_model_that_knows_no_tools_acts_too_and_goes_on_after_a_kill(tmp_path):
    """It never calls one: each of its replies is an answer, or one that cannot be read."""
    engine = {"kind": "hf", "kernel": "torch", "script": None, "batch_size": 2}
    asked = given({"format": "fenced", "max_tokens": 20, "max_turns": 2}, 3, **engine)
    arm = asked.arm.model_copy(
        update={
            "model": ModelSpec(target="zoo:gsm_target"),
            "sampler": GREEDY.model_copy(update={"max_tokens": 10}),
        }
    )
    asked = StageInput(asked.stage, {"a": arm.with_sections(["agent"])})
    whole = contents(run(asked, tmp_path / "out"))
    turns = rows(tmp_path / "out", "turns.jsonl")
    assert set(endings(tmp_path / "out")) <= {"no_call", "malformed", "out_of_tokens"}
    assert all(row["record"]["prompt_ids"] and row["record"]["completion_ids"] for row in turns)
    assert "```bash" in turns[0]["record"]["prompt"]
    again = tmp_path / "again"
    again.mkdir()
    lines = (tmp_path / "out" / TURNS).read_bytes().splitlines(keepends=True)
    (again / TURNS).write_bytes(lines[0])  # the first of a batch of two
    assert contents(run(asked, again)) == whole


# ---- refusals


@pytest.mark.parametrize(
    ("agent", "more", "says", "type_this"),
    [
        ({}, {"kind": "hf", "script": None}, "wants calls besides", "agent.format=json"),
        (
            {},
            {"kind": "vllm_server", "script": None},
            "reads tool calls only",
            "engine.tool_parser",
        ),
        ({"constrained": "on", "format": "json"}, {}, "cannot hold replies", "constrained=off"),
        (
            {"constrained": "on", "format": "react"},
            {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "script": None},
            "is no JSON",
            "agent.format=json",
        ),
        ({"tools": ["prize"]}, {}, "has no tool 'prize'", "price"),
        ({"toolset_options": {"greet": 1}}, {}, "agent.toolset_options.greet", ""),
        ({"toolset": "errand"}, {}, "unknown toolset 'errand'", ""),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_asked(agent, more, says, type_this):
    with pytest.raises((ConfigError, ValueError), match=says) as caught:
        STAGE.plan(given(agent, **more))
    if type_this:
        assert type_this in caught.value.hint and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("agent", "dialect", "held"),
    [
        ({"format": "json"}, "vllm", True),
        ({"format": "json"}, "openai", False),
        ({"format": "json", "constrained": "on"}, "openai", True),
        ({"format": "json", "constrained": "off"}, "vllm", False),
        ({"format": "native"}, "vllm", False),
        ({"format": "native", "constrained": "on"}, "openai", True),
        ({"format": "react"}, "vllm", False),
    ],
    ids=str,
)
def test_replies_are_held_to_a_form_where_the_engine_can(agent, dialect, held):
    engine = {"kind": "openai", "base_url": "http://127.0.0.1:9/v1", "script": None}
    assert craft_of(given(agent, **engine, dialect=dialect)).constrained == held


OWN = {"kind": "hf", "script": None}


@pytest.mark.parametrize(
    ("agent", "held"),
    [
        ({"format": "json"}, True),
        ({"format": "plan"}, True),
        ({"format": "json", "constrained": "off"}, False),
        ({"format": "json", "policy": "shopper"}, False),
        ({"format": "react"}, False),
    ],
    ids=str,
)
def test_our_own_loop_holds_replies_to_a_form_by_itself(agent, held):
    asked = given(agent, **OWN)
    assert craft_of(asked).constrained == held
    assert STAGE.identity(asked).get("held", False) == held


def test_a_draft_is_held_to_nothing_and_says_so_where_it_was_asked(monkeypatch):
    def drafting(**agent):
        asked = given({"format": "json", **agent}, **OWN)
        fsd = {"algorithm": "speculative", "gamma": 4}
        arm = asked.arm.model_copy(update={"sampler": GREEDY.model_copy(update=fsd)})
        return StageInput(asked.stage, {"a": arm.with_sections(["agent"])})

    assert not craft_of(drafting()).constrained
    with pytest.raises(ConfigError, match="algorithm=speculative drafts") as caught:
        craft_of(drafting(constrained="on"))
    assert "sampler=target" in caught.value.hint
    monkeypatch.setattr(agent_arm, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="llguidance") as caught:
        craft_of(given({"format": "json"}, **OWN))
    assert "[constrained]" in caught.value.hint and "constrained=off" in caught.value.hint


def test_a_model_that_is_held_to_a_form_writes_calls_of_the_tools(tmp_path):
    """It makes no sense: form and reason are told apart."""

    def acted(name, **agent):
        engine = {**OWN, "batch_size": 2}
        limits = {"format": "json", "tools": ["price"], "max_turns": 1, "final": False}
        asked = given({**limits, **agent}, 6, **engine)
        sampler = GREEDY.model_copy(update={"max_tokens": 30, "temperature": 1.0})
        model = ModelSpec(target="zoo:gsm_target")
        arm = asked.arm.model_copy(update={"model": model, "sampler": sampler})
        asked = StageInput(asked.stage, {"a": arm.with_sections(["agent"])})
        return rows(run(asked, tmp_path / name), "turns.jsonl")

    form = re.compile(r'\{ ?("tool" ?: ?"price" ?, ?"arguments" ?: ?\{|"answer" ?: ?")')
    held, free = acted("held"), acted("free", constrained="off")
    assert len(held) == len(free) == 6
    assert all(form.match(one["record"]["text"]) for one in held)
    assert not any(form.match(one["record"]["text"]) for one in free)


def test_data_without_tools_and_a_toolset_that_is_not_named_are_refused():
    asked = given()
    data = DataSpec(kind="gsm8k")
    arm = asked.arm.model_copy(update={"data": data})
    with pytest.raises(ConfigError, match="names no tools of its own") as caught:
        craft_of(StageInput(asked.stage, {"a": arm.with_sections(["agent"])}))
    assert "agent.toolset" in caught.value.hint


def test_what_an_episode_depends_on_is_in_its_name():
    def named(agent=None, **more):
        return json.dumps(STAGE.identity(given(agent, **more)), sort_keys=True)

    other = [{"max_turns": 3}, {"format": "json"}, {"tools": ["price"]}, {"policy": "shopper"}]
    other += [{"toolset_options": {"greeting": "Hi."}}, {"toolset": "moody"}, {"shown": [1, 2]}]
    found = [named({"policy": "shopper", **one}) for one in other]
    assert len(set(found)) == len(found)
    assert "engine" not in json.loads(named({"policy": "shopper"}))


def test_a_log_reads_what_it_wrote(tmp_path):
    asked = given(script=scripted(tmp_path, problems=2), problems=2)
    out = run(asked, tmp_path / "out")
    shutil.copytree(out, tmp_path / "copy")
    log = TurnLog(tmp_path / "copy")
    key = EpisodeKey("errand-2", 0)
    assert log.count(key) == 6 and [turn.turn for turn in log.turns(key)] == list(range(1, 7))
    assert len(list(log.spent())) == 12
    log.close()


def test_a_problem_may_offer_other_tools_than_its_arm(tmp_path, monkeypatch):
    from errands.problems import errand
    from errands.shop import Shop

    def offered(shop, tools, sample):
        return tuple(t for t in tools if (t.tool, sample.id) != ("multiply", "errand-2"))

    monkeypatch.setattr(Shop, "offered", offered)
    limits = {"max_turns": 6, "final": False}
    asked = given(limits, problems=2, script=scripted(tmp_path))
    told = [craft_of(asked).task(errand(number), 0).tools for number in (1, 2)]
    assert [len(tools) for tools in told] == [4, 3]
    turns = rows(run(asked, tmp_path / "out"), "turns.jsonl")
    faults = [(t["id"], o["fault"]) for t in turns for o in t["observations"] if o.get("fault")]
    assert ("errand-2", "unknown_tool") in faults
    assert {name for name, _ in faults} == {"errand-2"}
