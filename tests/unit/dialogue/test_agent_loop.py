"""The loop of an episode, driven by hand: every ending, every limit, and what it sends."""

import json
from dataclasses import replace
from itertools import count as counter

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from llmx.core.dialogue import CALL_FAULTS, FORM_FAULTS, observed
from llmx.core.episode import ENDINGS, Do, Episode, EpisodeTurn, Said, Say, Seen
from llmx.core.record import Message, Record, ToolCall, ToolSpec
from llmx.core.registry import lookup
from llmx.dialogue.agent.acting import acted
from llmx.dialogue.agent.loop import AgentTask, episode
from llmx.dialogue.agent.section import AgentSection

ASKED = (Message(role="user", content="Q?"),)
TOOL = ToolSpec(name="add", description="Adds.", parameters={"type": "object"})


def task(kind="native", turns=ASKED):
    return AgentTask("a", turns, (TOOL,), lookup("call_format", kind)(), draw=1)


def reply(text="", *calls, tokens=10, finish="eos"):
    """Return a reply that calls the tools of these names."""
    asked = tuple(ToolCall(id=f"{n}", name=name, arguments="{}") for n, name in enumerate(calls))
    return Record(
        id="a",
        prompt_ids=(),
        completion_ids=(),
        prompt="",
        text=text,
        finish=finish,
        rounds=0,
        completion_tokens=tokens,
        calls=asked,
    )


CALL, TWO = reply("", "add"), reply("", "add", "add")
SUBMIT = reply("", "submit")


class Driver:
    """Answers what a loop wants: replies in their order, calls by the name of the tool."""

    def __init__(self, *replies, seconds=0.0, lost=False):
        self.replies, self.seconds, self.lost = iter(replies), seconds, lost
        self.said, self.made, self.turns = [], [], []

    def run(self, steps):
        told = None
        while True:
            try:
                wanted = next(steps) if told is None else steps.send(told)
            except StopIteration as end:
                return end.value
            if isinstance(wanted, EpisodeTurn):
                self.turns.append(wanted)
                told = None
            elif isinstance(wanted, Say):
                self.said.append(wanted)
                found = next(self.replies)
                told = found if isinstance(found, Said) else Said(found, self.seconds)
            else:
                assert isinstance(wanted, Do)
                self.made.append(wanted.calls)
                seen = () if self.lost else tuple(map(self.answer, wanted.calls))
                told = Seen(seen, self.seconds, self.lost)

    def answer(self, call):
        if call.name == "submit":
            return observed(call, "Done.", answer="7")
        if call.name in CALL_FAULTS:
            return observed(call, "No.", fault=call.name)
        return observed(call, f"so {call.arguments}", handle=f"r{len(self.made)}")


def ran(*replies, kind="native", seconds=0.0, lost=False, **spec):
    driver = Driver(*replies, seconds=seconds, lost=lost)
    return driver.run(episode(AgentSection(**{"final": False, **spec}), task(kind))), driver


MANY = [CALL] * 40
CASES = {
    "submitted": ((CALL, SUBMIT), {}),
    "answered": ((CALL, reply("7")), {}),
    "no_call": ((reply("7"),), {}),
    "malformed": ((reply("", "unknown_tool"),) * 3, {}),
    "out_of_turns": (MANY, {"max_turns": 4}),
    "out_of_calls": (MANY, {"max_calls": 3}),
    "out_of_tokens": (MANY, {"max_tokens": 25}),
    "out_of_seconds": (MANY, {"max_seconds": 3, "seconds": 1.0}),
    "out_of_context": ((CALL, Said(None, lost="context")), {}),
    "forced": ((CALL, CALL, reply("7")), {"max_turns": 2, "final": True}),
    "engine_failed": ((CALL, Said(None, lost="engine")), {}),
    "sandbox_lost": ((CALL,), {"lost": True}),
}
USES = {
    "submitted": (2, 2, 20),
    "answered": (2, 1, 20),
    "no_call": (1, 0, 10),
    "malformed": (3, 3, 30),
    "out_of_turns": (4, 4, 40),
    "out_of_calls": (3, 3, 30),
    "out_of_tokens": (3, 3, 30),
    "out_of_seconds": (2, 2, 20),
    "out_of_context": (1, 1, 10),
    "forced": (3, 2, 30),
    "engine_failed": (1, 1, 10),
    "sandbox_lost": (1, 1, 10),
}


def test_every_ending_has_a_case():
    assert set(CASES) == set(ENDINGS) == set(USES)


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_ending_is_reached_and_counted(ending):
    replies, spec = CASES[ending]
    found, driver = ran(*replies, **spec)
    assert found.ending == ending
    assert (found.use.turns, found.use.calls, found.use.tokens) == USES[ending]
    assert found.answer == ("7" if ending in ("submitted", "answered", "no_call", "forced") else "")
    assert found.timed == (ending == "out_of_seconds")
    assert found.limit == ("turns" if ending == "forced" else None)
    assert (found.id, found.draw) == ("a", 1)
    assert [turn.turn for turn in driver.turns] == list(range(1, found.use.turns + 1))
    assert all(turn.draw == 1 for turn in driver.turns)


def test_the_last_answer_is_asked_for_without_tools():
    found, driver = ran(CALL, CALL, reply(" 7 "), max_calls=2, final=True)
    assert (found.ending, found.limit, found.answer) == ("forced", "calls", " 7 ")
    assert [bool(one.tools) for one in driver.said] == [True, True, False]
    assert driver.said[-1].turns[-1].role == "user"
    assert [turn.final for turn in driver.turns] == [False, False, True]
    assert driver.turns[-1].calls == ()


def test_a_filtered_reply_is_none():
    found, _ = ran(CALL, reply("x", finish="filtered"))
    assert found.ending == "engine_failed" and found.use.tokens == 10


def test_a_reply_that_the_budget_cut_is_no_answer():
    cut = reply("7 is not", tokens=30, finish="length")
    assert ran(cut, max_tokens=30)[0].ending == "out_of_tokens"
    assert ran(cut, max_tokens=31)[0].ending == "no_call"
    assert ran(reply("7", tokens=30), max_tokens=30)[0].ending == "no_call"


def test_the_budget_of_a_reply_is_what_is_left():
    _, driver = ran(CALL, TWO, reply("7"), max_tokens=100)
    assert [one.budget for one in driver.said] == [100, 90, 80]


def test_calls_above_the_limit_are_refused_and_said_to_be():
    found, driver = ran(TWO, TWO, max_calls=3)
    assert found.ending == "out_of_calls" and found.use.calls == 3
    assert [len(calls) for calls in driver.made] == [2, 1]
    assert [one.fault for one in driver.turns[1].observations] == [None, "refused"]
    found, driver = ran(TWO, reply("7"), parallel=False)
    assert [len(calls) for calls in driver.made] == [1] and found.use.calls == 1
    assert [one.fault for one in driver.turns[0].observations] == [None, "refused"]
    assert not driver.said[0].parallel
    # The protocol wants an answer to every call.
    assert [one.call for one in driver.said[1].turns[-2:]] == [
        one.id for one in driver.turns[0].calls
    ]


@pytest.mark.parametrize("fault", CALL_FAULTS)
def test_only_calls_that_were_never_tried_are_malformed(fault):
    found, _ = ran(*[reply("", fault)] * 5, reply("7"), malformed=2)
    assert (found.ending == "malformed") == (fault in FORM_FAULTS)
    assert found.use.malformed == (2 if fault in FORM_FAULTS else 0)
    assert found.timed == (fault == "timed_out")
    # One good call among them, or a good turn between, and the row begins anew.
    mixed = reply("", fault, "add")
    assert ran(*[mixed] * 5, reply("7"), malformed=2)[0].ending == "answered"
    rows = [reply("", fault), CALL] * 3
    assert ran(*rows, reply("7"), malformed=2)[0].ending == "answered"


def test_a_text_that_cannot_be_read_is_a_malformed_turn_and_told_so():
    found, driver = ran(reply("{"), reply("{"), reply('{"answer": "7"}'), kind="json")
    assert (found.ending, found.answer, found.use.malformed) == ("no_call", "7", 2)
    assert driver.turns[0].fault and driver.said[1].turns[-1].content == driver.turns[0].fault
    assert driver.said[1].turns[-2] == Message(role="assistant", content="{")
    assert ran(reply("{"), reply("{"), kind="json", malformed=2)[0].ending == "malformed"


def test_the_chat_holds_all_that_was_said():
    _, driver = ran(reply("I add.", "add"), reply("", "add"), reply("7"))
    turns = driver.said[-1].turns
    assert [one.role for one in turns] == ["user", "assistant", "tool", "assistant", "tool"]
    assert turns[1].content == "I add." and turns[1].calls[0].name == "add"
    for one, other in zip(driver.said, driver.said[1:], strict=False):
        assert other.turns[: len(one.turns)] == one.turns
    # Both replies gave their call the same id; the second has one of its own.
    assert turns[2].call == turns[1].calls[0].id == "0"
    assert turns[4].call == turns[3].calls[0].id == "call_2_1"


def test_tools_stand_in_the_system_turn_of_forms_of_text():
    system = (Message(role="system", content="Be brief."), *ASKED)
    for turns in (ASKED, system):
        driver = Driver(reply("7"))
        driver.run(episode(AgentSection(format="json"), task("json", turns)))
        first = driver.said[0].turns[0]
        assert first.role == "system" and "add" in first.content
        assert first.content.startswith("Be brief.") == (turns is system)
        assert driver.said[0].turns[1:] == ASKED and driver.said[0].tools == ()
    driver = Driver(reply("7"))
    driver.run(episode(AgentSection(), task()))
    assert driver.said[0].turns == ASKED and driver.said[0].tools == (TOOL,)


def test_replies_are_held_to_a_form_until_the_last_one():
    for kind in ("json", "native", "react"):
        held = replace(task(kind), constrained=True)
        replies = [reply('{"tool": "add"}', "add")] * 2 + [reply("7")]
        driver = Driver(*replies)
        driver.run(episode(AgentSection(max_turns=2), held))
        free = Driver(*replies)
        free.run(episode(AgentSection(max_turns=2), task(kind)))
        assert [one.must_call for one in driver.said] == (
            [True, True, False] if kind == "native" else [False] * len(driver.said)
        )
        schemas = [bool(one.schema) for one in driver.said]
        assert schemas == ([True, True, False] if kind == "json" else [False] * len(driver.said))
        assert not any(one.schema or one.must_call for one in free.said)


def plan(*steps):
    made = [{"id": id, "tool": tool, "arguments": given} for id, tool, given in steps]
    return reply(json.dumps({"plan": made}))


def test_a_plan_is_made_step_by_step_with_handles_for_names():
    steps = plan(("x", "add", {}), ("y", "add", {"of": {"ref": "x"}}), ("z", "submit", {}))
    found, driver = ran(steps, kind="plan", max_turns=1)
    assert found.ending == "submitted" and found.use.calls == 3
    assert [json.loads(calls[0].arguments) for calls in driver.made] == [
        {},
        {"of": {"ref": "r1"}},
        {},
    ]
    assert len({one.id for one in driver.turns[0].calls}) == 3


def test_a_step_whose_step_failed_is_not_made_and_others_are():
    steps = plan(("x", "refused", {}), ("y", "add", {"of": {"ref": "x"}}), ("z", "add", {}))
    found, driver = ran(steps, reply("7"), kind="plan")
    assert [calls[0].name for calls in driver.made] == ["refused", "add"]
    faults = [one.fault for one in driver.turns[0].observations]
    assert faults == ["refused", "stale_handle", None] and found.ending == "answered"


def test_what_stands_behind_a_submission_is_not_made():
    steps = plan(("z", "submit", {}), ("x", "add", {}))
    _, driver = ran(steps, kind="plan")
    assert [calls[0].name for calls in driver.made] == ["submit"]


@settings(max_examples=count(60, 500), deadline=None)
@given(
    names=st.lists(st.lists(st.sampled_from(["add", *CALL_FAULTS]), max_size=3), max_size=8),
    limits=st.tuples(*[st.integers(1, 6)] * 3),
    final=st.booleans(),
)
def test_no_limit_is_ever_passed(names, limits, final):
    turns, calls, malformed = limits
    replies = [reply("t", *own) for own in names] + [reply("7")] * 2
    spec = {"max_turns": turns, "max_calls": calls, "malformed": malformed, "final": final}
    found, driver = ran(*replies, max_tokens=65, **spec)
    assert isinstance(found, Episode)
    assert found.use.turns <= turns + (found.ending == "forced")
    assert found.use.calls == sum(map(len, driver.made)) <= calls
    assert found.use.tokens <= 70 and found.use.tokens == 10 * len(driver.turns)
    assert (found.ending == "forced") <= final
    for turn in driver.turns:
        assert [one.call for one in turn.observations] == [one.id for one in turn.calls]


@settings(max_examples=count(30, 300), deadline=None)
@given(names=st.lists(st.lists(st.sampled_from(["add", "cut"]), max_size=2), max_size=5))
def test_the_same_replies_are_the_same_episode(names):
    replies = [reply("t", *own) for own in names] + [reply("7")] * 2
    (one, first), (other, second) = ran(*replies), ran(*replies)
    assert one == other and first.turns == second.turns and first.said == second.said


def test_a_control_acts_within_the_same_limits():
    def twice(before):
        calls = [ToolCall(id="", name="add", arguments="{}")] * 2
        return calls if len(before) < 2 else [ToolCall(id="", name="submit", arguments="{}")]

    driver = Driver()
    found = driver.run(acted(AgentSection(), task(), twice))
    assert (found.ending, found.answer) == ("submitted", "7")
    assert (found.use.turns, found.use.calls, found.use.tokens) == (3, 5, 0)
    assert all(turn.record is None for turn in driver.turns)
    for limit, ending in (({"max_turns": 2}, "out_of_turns"), ({"max_calls": 3}, "out_of_calls")):
        assert Driver().run(acted(AgentSection(**limit), task(), twice)).ending == ending
    numbers = counter()
    says = Driver().run(acted(AgentSection(), task(), lambda _: f"{next(numbers)}"))
    assert (says.ending, says.answer) == ("no_call", "0")
    assert Driver(lost=True).run(acted(AgentSection(), task(), twice)).ending == "sandbox_lost"


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_turns": 0},
        {"max_calls": 0},
        {"max_tokens": 0},
        {"max_seconds": 0},
        {"malformed": 0},
        {"shown": [1]},
        {"shown": [-1, 5]},
        {"tools": []},
        {"format": "xml"},
        {"policy": "nobody"},
        {"toolset": "nothing"},
        {"observation": "some"},
        {"constrained": "maybe"},
        {"max_turn": 3},
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_is_refused(wrong):
    with pytest.raises(ValidationError):
        AgentSection(**wrong)
