"""A real model's ways: template, end, stop texts, tied embeddings, grouped heads, bfloat16."""

import json

import pytest
from counts import thorough

from llmx.core.progress import Silent
from llmx.core.record import Message, Sample
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request, ask
from llmx.engines.hf import HfEngine
from llmx.engines.size import model_size
from llmx.runs.parity import engine_specs, parity

pytestmark = pytest.mark.slow

GREEDY = SamplerSpec(algorithm="target", temperature=0, top_p=1, max_tokens=24)
QUESTIONS = ("What is the capital of France?", "Say hello.", "What is 2 + 3?")
SAMPLES = [Sample(id=str(at), question=text, answer="") for at, text in enumerate(QUESTIONS)]
_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def requests(sampler: SamplerSpec = GREEDY, few: int = 3) -> list[Request]:
    return [ask(sample, "", sampler, 0) for sample in SAMPLES[:few]]


@pytest.fixture(scope="module")
def engine(smol):
    return HfEngine(ModelSpec(target=str(smol)), EngineSpec())


@pytest.fixture(scope="module")
def records(engine):
    return list(engine.generate(requests()))


def test_the_header_says_what_the_folder_says(smol, smol_file):
    assert model_size(str(smol_file)) == model_size(str(smol))
    assert model_size(str(smol)).parameters == 134_515_008
    config = json.loads((smol / "config.json").read_text())
    heads = (config["num_attention_heads"], config["num_key_value_heads"])
    assert config["tie_word_embeddings"] is True and heads == (9, 3)


def test_prompts_are_those_of_the_library_s_own_template(engine, smol):
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(smol)
    turns = ("user", "Hi!\n"), ("assistant", " Hello. "), ("user", "1234 ≠ 5,678?  <|im_end|>")
    for system in ((), (("system", "Be brief."),)):
        said = [Message(role=role, content=text) for role, text in (*system, *turns)]
        chat = [{"role": one.role, "content": one.content} for one in said]
        wanted = theirs.apply_chat_template(chat, add_generation_prompt=True)["input_ids"]
        asked = Request(id="1", messages=tuple(said), sampler=GREEDY)
        assert engine.prompt_ids(asked) == list(wanted)


def test_it_answers_sensibly_and_ends_by_itself(engine, records):
    assert all(_SYSTEM in record.prompt for record in records)
    assert records[0].text.strip() == "The capital of France is Paris."
    assert engine.pair.eos_ids == (2,) and engine.pair.context == 8192
    assert records[0].completion_ids[-1] == 2 and "<|im_end|>" not in records[0].text


def test_a_stop_text_cuts_where_it_stands(engine, records):
    stopping = GREEDY.model_copy(update={"stop": (" France",)})
    (record,) = engine.generate(requests(stopping, 1))
    assert record.text == records[0].text.partition(" France")[0]
    ids = record.completion_ids
    assert ids == records[0].completion_ids[: len(ids)] and record.tokens < records[0].tokens


@pytest.mark.parametrize("settings", [{"kernel": "torch"}, {"dtype": "bfloat16"}])
def test_torch_says_the_same_but_for_ties(smol, records, settings):
    other = HfEngine(ModelSpec(target=str(smol)), EngineSpec(**settings))
    short = GREEDY.model_copy(update={"max_tokens": 9})
    (found,) = other.generate(requests(short, 1))
    assert found.completion_ids == records[0].completion_ids[:9]
    assert found.prompt_ids == records[0].prompt_ids


@thorough
@pytest.mark.vllm
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_vllm_says_what_our_own_loop_says(smol, vllm_python, dtype):
    (found,) = parity(
        ModelSpec(target=str(smol)), engine_specs("hf,vllm", dtype), SAMPLES, "", 24, Silent()
    )
    assert found.prompts == 3 and found.tokens > 20
    assert found.unexplained == 0, found.differences
