"""What parity says of two engines' answers; the second one's are made by hand."""

import pytest

from llmx.core.errors import ConfigError
from llmx.core.progress import Silent
from llmx.core.record import Sample
from llmx.core.spec import DataSpec, EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.engines.hf import HfEngine
from llmx.runs.parity import compared, engine_specs, parity, prompts

MODEL = ModelSpec(target="zoo:gsm_target")
QUESTION = "There are 27 girls in the garden. How many girls are in the garden?"


@pytest.fixture(scope="module")
def engine():
    return HfEngine(MODEL, EngineSpec())


@pytest.fixture(scope="module")
def record(engine):
    greedy = SamplerSpec(algorithm="target", temperature=0, max_tokens=20)
    (found,) = engine.generate([ask(Sample(id="q", question=QUESTION, answer=""), "", greedy, 0)])
    return found


def compare(engine, record, **changes):
    other = record.model_copy(update=changes)
    return compared(engine, ("hf", "other"), [record], [other], 1e-3)


def test_equal_answers_agree(engine, record):
    found = compare(engine, record)
    assert (found.agreeing, found.differences, found.unexplained) == (1, (), 0)
    assert found.tokens == len(record.completion_ids)


def test_where_answers_part_and_how_large_the_gap_is(engine, record):
    ids = list(record.completion_ids)
    ids[2] = 7 if ids[2] != 7 else 8
    found = compare(engine, record, completion_ids=tuple(ids))
    (one,) = found.differences
    assert (one.id, one.position) == ("q", 2)
    assert one.tokens == (record.completion_ids[2], ids[2])
    # Greedy: no token is likelier than the first engine's.
    assert one.gap > 1e-3 and found.unexplained == 1 and found.agreeing == 0


def test_an_answer_that_ends_early_has_no_gap(engine, record):
    found = compare(engine, record, completion_ids=record.completion_ids[:3])
    (one,) = found.differences
    assert (one.position, one.tokens[1], one.gap) == (3, None, None)
    assert found.unexplained == 1


def test_another_prompt_is_told_apart(engine, record):
    found = compare(engine, record, prompt_ids=(1, *record.prompt_ids))
    assert found.differences[0].position == -1 and found.unexplained == 1


def test_engines_share_their_arithmetic_and_are_known():
    assert [spec.kind for spec in engine_specs("hf, vllm", "bfloat16")] == ["hf", "vllm"]
    with pytest.raises(ConfigError, match="did you mean vllm"):
        engine_specs("hf,vlm", "float32")
    with pytest.raises(ConfigError, match="did you mean float32"):
        engine_specs("hf", "flaot32")


@pytest.mark.parametrize("kinds", ["hf", "hf,hf"])
def test_one_engine_compares_nothing(kinds):
    with pytest.raises(ConfigError, match="name two"):
        parity(MODEL, engine_specs(kinds, "float32"), [], "", 8, Silent())


def test_prompts_come_from_a_file_or_a_dataset(tmp_path):
    path = tmp_path / "prompts.txt"
    path.write_text("one\n\ntwo\nthree\n")
    samples, instruction = prompts(path, 2)
    assert ([s.question for s in samples], instruction) == (["one", "two"], "")
    data = DataSpec(kind="gsm_symbolic", templates=(43,), test=6)
    assert len(prompts(data, 3)[0]) == 3
    path.write_text("\n")
    with pytest.raises(ConfigError, match="holds no prompt"):
        prompts(path, 2)
    with pytest.raises(ConfigError, match="cannot read"):
        prompts(tmp_path / "none.txt", 2)
