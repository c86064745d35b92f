"""Answers that are held to a schema: whole ones fit it, whatever the model would say."""

import json
import sys

import pytest
from counts import count, some
from jsonschema import validate

from llmx.core.errors import EngineError
from llmx.core.record import Message
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.engines.hf import HfEngine
from llmx.engines.json_grammar import JsonGrammars
from llmx.papers.indata.arguments import TOOLS

CASES = [(tool, seed) for seed in range(20) for tool in TOOLS]  # 520 of 26 tools


def engine(**settings):
    return HfEngine(ModelSpec(target="zoo:gsm_draft"), EngineSpec(kind="hf", **settings))


def asked(name, schema, temperature=1.0, seed=0, **more):
    turns = (Message(role="user", content="Tom has 3 apples and buys 4. How many has he?"),)
    sampler = SamplerSpec(algorithm="target", temperature=temperature, max_tokens=220)
    schema = schema if isinstance(schema, str) else json.dumps(schema)
    return Request(
        id=name, messages=turns, sampler=sampler, seed=seed, answer_schema=schema, **more
    )


def test_whole_answers_are_calls_that_fit_the_tools():
    """What two fields say of each other is in no schema: there the tools look."""
    cases = some(CASES, 40)
    assert len(cases) == count(40, len(CASES))
    whole = 0
    for seed in {seed for _, seed in cases}:
        tools = [tool for tool, own in cases if own == seed]
        requests = [asked(one, TOOLS[one].model_json_schema(), seed=seed) for one in tools]
        for record in engine(batch_size=8).generate(requests):
            if record.finish == "eos":
                validate(json.loads(record.text), TOOLS[record.id].model_json_schema())
                whole += 1
            else:
                assert record.finish == "length" and record.text.lstrip().startswith("{")
    assert whole > len(cases) / 4  # texts have no bound, so many are cut


COLOUR = {"enum": ["red", "green"]}
PAIR = {
    "type": "object",
    "properties": {"colour": COLOUR, "sure": {"type": "boolean"}},
    "required": ["colour", "sure"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("kernel", ["torch", "auto"])
def test_every_answer_is_whole_where_a_form_has_an_end(kernel):
    requests = [asked(f"p{at}", PAIR, temperature=(0.0, 1.0, 3.0)[at % 3]) for at in range(9)]
    found = list(engine(kernel=kernel, batch_size=3).generate(requests))
    assert [record.finish for record in found] == ["eos"] * 9
    told = [json.loads(record.text) for record in found]
    assert all(one["colour"] in ("red", "green") and one["sure"] in (True, False) for one in told)
    assert len({record.text for record in found}) > 2


def test_an_answer_without_a_schema_is_what_it_is_without_a_neighbour_that_has_one():
    plain = asked("plain", "").model_copy(update={"answer_schema": ""})
    alone = next(engine().generate([plain]))
    beside = list(engine(batch_size=2).generate([asked("held", PAIR), plain]))
    assert beside[1] == alone
    assert json.loads(beside[0].text)


def test_a_cut_answer_is_the_beginning_of_the_whole_one():
    whole = next(engine().generate([asked("x", PAIR)]))
    short = asked("x", PAIR)
    short = short.model_copy(update={"sampler": short.sampler.model_copy(update={"max_tokens": 5})})
    cut = next(engine().generate([short]))
    assert cut.completion_ids == whole.completion_ids[:5] and cut.finish == "length"


@pytest.mark.parametrize("schema", ['{"type": 3}', '{"$ref": "#/$defs/none"}', '{"type": "object"'])
def test_a_schema_that_is_none_is_one_line(schema):
    with pytest.raises(EngineError, match="held to this schema") as caught:
        list(engine().generate([asked("x", schema)]))
    assert "\n" not in str(caught.value)


def test_without_the_package_it_is_said_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(EngineError, match="llguidance, which is not here") as caught:
        list(engine().generate([asked("x", PAIR)]))
    assert "[constrained]" in caught.value.hint


def test_a_tokenizer_that_cannot_be_read_is_named():
    with pytest.raises(EngineError, match="library tokenizers") as caught:
        JsonGrammars(object(), 10, (1,))
    assert caught.value.hint == "set agent.constrained=off"


def test_a_draft_that_proposes_is_refused():
    model = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
    both = asked("x", PAIR)
    sampler = SamplerSpec(algorithm="speculative", gamma=3, max_tokens=20)
    with pytest.raises(EngineError, match="drafts, and answers are held"):
        list(
            HfEngine(model, EngineSpec(kind="hf")).generate(
                [both.model_copy(update={"sampler": sampler})]
            )
        )
