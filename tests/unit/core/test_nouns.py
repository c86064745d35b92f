"""Samples, messages and records: what they hold, and that what they gained moves no byte."""

import json
from itertools import combinations
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from llmx.core.errors import ConfigError, DataError
from llmx.core.record import (
    CostVector,
    Message,
    PermutedOptions,
    Record,
    Sample,
    SampleFile,
    Sparse,
    ToolCall,
)
from llmx.core.spec import DataSpec, EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request, ask, sent_form
from llmx.engines.endpoint.engine import OpenAIEngine
from llmx.engines.endpoint.reply import read, record
from llmx.engines.hf import HfEngine
from llmx.engines.scripted import ScriptedEngine
from llmx.scoring.classes import ProblemClasses
from llmx.stages.requests import put
from llmx.train.post_training.rows import _prompt

_GREEDY = SamplerSpec(algorithm="target", temperature=0.0)
_CALL = ToolCall(id="c1", name="sum", arguments='{"of": [1, 2]}')
_ASKED = Message(role="user", content="How many?")
_TOLD = Message(role="assistant", content="Of what?")

OLD_SAMPLE = (
    '{"id":"a","question":"1 + 1?","answer":"2","solution":"","choices":0,"cluster":"sums"}'
)
OLD_RECORD = (
    '{"id":"a","prompt_ids":[1,2],"completion_ids":[3],"prompt":"1 + 1?","text":"2",'
    '"finish":"eos","rounds":1,"drafted":0,"accepted":0,"fragile":[],"logprobs":[],'
    '"prompt_tokens":null,"completion_tokens":null}'
)
OLD_MESSAGE = '{"role":"user","content":"How many?"}'
OLD_CLASSES = (
    '{"id":"a","cluster":"sums","expected":"2","keys":["2","3"],"right":[true,false],'
    '"of":[0,-1,1],"merged":[["2","2.0","near"]],"unequal":[]}'
)

FILLED: dict[type[Sparse], dict[str, object]] = {
    Sample: {
        "turns": (_ASKED, _TOLD),
        "files": (SampleFile(name="data/t.csv", sha256="0" * 64),),
        "metadata": {"level": 3, "of": ["a"]},
        "steps": ("1", "3"),
        "examples": "1 + 0? 1",
        "permuted": PermutedOptions(around=("1 + 1?\n", ""), texts=("2", "3"), right=0, seed=7),
    },
    Record: {
        "turns": (Message(role="tool", content="3", call="c1"),),
        "calls": (_CALL,),
        "draw": 2,
        "cost": CostVector(prompt=9, cached=4, completion=5, reasoning=1, calls=2, money=0.5),
        "reasoning": "hm",
        "ended": "content_filter",
    },
    Message: {"calls": (_CALL,), "call": "c0", "reasoning": "hm"},
    ProblemClasses: {
        "permuted": PermutedOptions(around=("1 + 1?\n", ""), texts=("2", "3"), right=0, seed=7)
    },
}
OLD: dict[type[Sparse], str] = {
    Sample: OLD_SAMPLE,
    Record: OLD_RECORD,
    Message: OLD_MESSAGE,
    ProblemClasses: OLD_CLASSES,
}


@pytest.mark.parametrize("noun", OLD)
def test_a_file_from_before_is_read_and_written_byte_for_byte(noun: type[Sparse]) -> None:
    """Alone and in a list, as text and as a dictionary."""
    old = OLD[noun]
    found = noun.model_validate_json(old)
    many = TypeAdapter(tuple[noun, ...])  # type: ignore[valid-type]
    assert found.model_dump_json() == old
    assert json.dumps(found.model_dump(mode="json"), separators=(",", ":")) == old
    assert many.dump_json((found,)).decode() == f"[{old}]"


@pytest.mark.parametrize("noun", FILLED)
def test_exactly_what_says_something_is_written_and_all_of_it_comes_back(
    noun: type[Sparse],
) -> None:
    """Every subset of the younger fields."""
    filled, old = FILLED[noun], noun.model_validate_json(OLD[noun])
    assert filled.keys() == noun.younger
    for size in range(len(filled) + 1):
        for names in combinations(sorted(filled), size):
            value = old.model_copy(update={name: filled[name] for name in names})
            written = json.loads(value.model_dump_json())
            assert written.keys() - json.loads(OLD[noun]).keys() == set(names)
            assert noun.model_validate(written) == value


def test_a_problem_is_a_key_whatever_it_carries() -> None:
    """Its metadata is a dictionary, which no key can be."""
    plain = Sample.model_validate_json(OLD_SAMPLE)
    rich = plain.model_copy(update=FILLED[Sample])
    assert len({plain, rich, rich.model_copy()}) == 2


@pytest.mark.parametrize(
    "name",
    (
        *("", "/etc/passwd", "../gold", "a/../../b", "a//b", ".", "a/."),
        *("C:x", "a\\b", "a\nb", "a\x00", "x" * 256, "\ud800"),
    ),
)
def test_a_file_of_a_problem_stays_below_its_folder(name: str) -> None:
    """Whatever its name says: it will be a path."""
    with pytest.raises(ValidationError, match="no name of a file"):
        SampleFile(name=name, sha256="0" * 64)


def test_a_file_is_known_by_a_hash() -> None:
    """No upper case, no part of one."""
    for wrong in ("", "0" * 63, "G" * 64):
        with pytest.raises(ValidationError, match="sha256"):
            SampleFile(name="a", sha256=wrong)


def test_the_chat_so_far_stands_between_system_and_question() -> None:
    """In its order, whoever puts the question."""
    sample = Sample(id="a", question="Apples.", answer="2", turns=(_ASKED, _TOLD))
    asked = ask(sample, "Be brief.", _GREEDY, 0, system="You count.")
    roles = [(turn.role, turn.content) for turn in asked.messages]
    assert roles == [
        ("system", "You count."),
        ("user", "How many?"),
        ("assistant", "Of what?"),
        ("user", "Apples.\n\nBe brief."),
    ]
    line = {"question": "Apples.", "turns": [_ASKED.model_dump(), _TOLD.model_dump()]}
    data = DataSpec(kind="x", system="You count.", instruction="Be brief.")
    assert _prompt(0, line, data) == [sent_form(turn) for turn in asked.messages]


def test_two_system_turns_are_refused() -> None:
    """Templates keep one of them, or none."""
    own = (Message(role="system", content="You sum."),)
    sample = Sample(id="a", question="?", answer="2", turns=own)
    assert ask(sample, "", _GREEDY, 0).messages[0] == own[0]
    with pytest.raises(ConfigError, match="system turn of its own"):
        ask(sample, "", _GREEDY, 0, system="You count.")


def test_a_chat_cannot_be_a_raw_text() -> None:
    """A raw wrapper knows one question; a turn must not go lost."""
    data = DataSpec(kind="countdown", options={"wrapper": "base"})
    sample = Sample(id="a", question="?", answer="2")
    assert put(data, sample, _GREEDY, 0).raw is not None
    with pytest.raises(DataError, match="chat of 3 turns"):
        put(data, sample.model_copy(update={"turns": (_ASKED, _TOLD)}), _GREEDY, 0)


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        ("hello", "turns"),
        ([{"role": "user"}], "turns.0.content"),
        ([{"role": "god", "content": ""}], "turns.0.role"),
        ([{"role": "user", "content": "", "x": 1}], "turns.0.x"),
    ],
)
def test_a_row_whose_turns_are_none_is_refused(turns: object, said: str) -> None:
    """By its number and place."""
    with pytest.raises(DataError, match=f"row 7: {said}"):
        _prompt(7, {"question": "?", "turns": turns}, None)


def test_a_message_is_sent_by_the_names_that_models_know() -> None:
    """What it does not have is not sent."""
    function = {"name": "sum", "arguments": '{"of": [1, 2]}'}
    table = {
        _ASKED: {"role": "user", "content": "How many?"},
        Message(role="tool", content="3", call="c1"): {
            "role": "tool",
            "content": "3",
            "tool_call_id": "c1",
        },
        Message(role="assistant", content="", calls=(_CALL,), reasoning="hm"): {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "c1", "type": "function", "function": function}],
            "reasoning_content": "hm",
        },
    }
    for message, sent in table.items():
        assert sent_form(message) == sent


def test_costs_add_up() -> None:
    """Every kind of cost by itself; nothing is the neutral one."""
    one = CostVector(prompt=9, cached=4, completion=5, reasoning=1, calls=1, money=0.5)
    two = CostVector(prompt=1, cached=1, completion=2, reasoning=2, calls=1, money=0.25)
    both = CostVector(prompt=10, cached=5, completion=7, reasoning=3, calls=2, money=0.75)
    assert one + two == two + one == both
    assert one + CostVector() == one


def test_what_a_record_took_is_known_without_a_cost_too() -> None:
    """Of ids, else of what the endpoint counted; a kept cost stands above both."""
    plain = Record.model_validate_json(OLD_RECORD)
    assert plain.spent == CostVector(prompt=2, completion=1, calls=1)
    told = {"prompt_ids": (), "completion_ids": (), "prompt_tokens": 7, "completion_tokens": 4}
    assert plain.model_copy(update=told).spent == CostVector(prompt=7, completion=4, calls=1)
    kept = CostVector(prompt=20, completion=30, calls=3)
    assert plain.model_copy(update={"cost": kept}).spent == kept


def _reply(usage: object) -> Record:
    text = {"choices": [{"message": {"content": "2"}, "finish_reason": "stop"}], "usage": usage}
    request = Request(id="a", messages=(_ASKED,), sampler=_GREEDY)
    spec = EngineSpec(kind="openai", keep_cost=True, price_in=2.0, price_out=8.0)
    return record(request, read(json.dumps(text).encode()), spec)


@pytest.mark.parametrize(
    ("details", "cached", "reasoning"),
    [
        ({}, 0, 0),
        ({"prompt_tokens_details": {"cached_tokens": 64}}, 64, 0),
        ({"completion_tokens_details": {"reasoning_tokens": 30}}, 0, 30),
        ({"prompt_tokens_details": None, "completion_tokens_details": {}}, 0, 0),
        # No endpoint can have found more than it was sent, or fewer than none.
        ({"prompt_tokens_details": {"cached_tokens": 900}}, 100, 0),
        ({"completion_tokens_details": {"reasoning_tokens": -1}}, 0, 0),
    ],
)
def test_an_endpoint_says_what_it_took(
    details: dict[str, object], cached: int, reasoning: int
) -> None:
    """In tokens of every kind, and money at the arm's prices a million."""
    found = _reply({"prompt_tokens": 100, "completion_tokens": 50, **details})
    assert found.cost == CostVector(
        prompt=100,
        cached=cached,
        completion=50,
        reasoning=reasoning,
        calls=1,
        money=(100 * 2.0 + 50 * 8.0) / 1e6,
    )


def test_costs_are_kept_where_they_are_asked_for_alone(tmp_path: Path) -> None:
    """Else no record, no identity and no specification changes."""
    script = tmp_path / "answers.json"
    script.write_text('{"*": "2"}', encoding="utf-8")
    off = EngineSpec(kind="scripted", script=str(script))
    on = off.model_copy(update={"keep_cost": True})
    request = Request(id="a", raw="1 + 1?", sampler=_GREEDY)
    (plain,) = ScriptedEngine(None, off).generate([request])
    (counted,) = ScriptedEngine(None, on).generate([request])
    assert "cost" not in plain.model_dump_json()
    assert counted.cost == CostVector(prompt=6, completion=2, calls=1) == plain.spent
    assert counted.model_copy(update={"cost": None}) == plain
    assert "keep_cost" not in off.model_dump() and on.model_dump()["keep_cost"]


def test_a_kept_cost_is_in_the_name_of_what_is_kept() -> None:
    """A cache without costs answers for nobody who wants them."""
    model = ModelSpec(target="zoo:gsm_draft")
    for engine in (OpenAIEngine, HfEngine):
        names = [dict(engine.identity(model, EngineSpec(keep_cost=k))) for k in (False, True)]
        assert "keep_cost" not in names[0]
        assert names[1] == {**names[0], "keep_cost": True}
