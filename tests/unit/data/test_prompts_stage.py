"""The stage that writes problems with raw prompts."""

import pytest

from llmx.core.errors import LlmxError
from llmx.core.progress import Silent
from llmx.core.record import Sample
from llmx.core.registry import lookup
from llmx.core.spec import ArmSpec, DataSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data.tasks.stage import PromptsStage
from llmx.data.tasks.tasks import SECONDS, TASKS
from llmx.store.files import read_json, read_lines


def given(*arms, kind="self_reference", stage=None):
    sizes = {"test": 6, "calibration": 3, "train": 12}
    base = {"validation": 4, "sft": 5}
    specs = [DataSpec(kind=kind, **sizes, options={**base, **arm}) for arm in arms or ({},)]
    named = {f"a{n}": ArmSpec(data=spec) for n, spec in enumerate(specs)}
    return StageInput(StageSpec(name="problems", kind="prompts", options=stage or {}), named)


def written(out, asked):
    stage = PromptsStage()
    stage.run(StageContext(asked, stage.identity(asked), {}, out, Silent()))
    return {split: read_lines(out / f"{split}.jsonl") for split in ("test", "validation", "train")}


@pytest.mark.parametrize("wrapper", ["chat", "base", "instruct", "baseline"])
def test_rows_are_samples_with_the_prompt_that_is_sent(tmp_path, wrapper):
    rows = written(tmp_path, given({"wrapper": wrapper, "k": 3}))
    assert {name: len(of) for name, of in rows.items()} == {"test": 6, "validation": 4, "train": 12}
    for line in rows["train"]:
        prompt, task = line.pop("prompt", None), line.pop("task")
        sample = Sample.model_validate(line)
        assert task == "self_reference"
        assert (prompt is None) == (wrapper == "chat")
        assert prompt is None or sample.question in prompt
        opened = prompt is not None and prompt.endswith("<think>\n")
        assert opened == (wrapper in ("base", "instruct"))
        text = ("" if opened else "<think>") + f"so</think><answer>{sample.answer}</answer>"
        parts = lookup("reward", task)(prompt or sample.question, text, line)
        assert sum(parts.values()) == 1.0
    assert read_json(tmp_path / "prompts.json")["wrapper"] == wrapper


def test_arms_that_differ_in_traces_alone_share_their_prompts():
    stage = PromptsStage()
    assert stage.identity(given({"k": 1}, {"k": 3})) == stage.identity(given())
    assert set(SECONDS) == set(TASKS)
    assert stage.plan(given()).samples == 12


@pytest.mark.parametrize(
    "asked",
    [
        given(stage={"k": 1}),
        given({"wrapper": "base"}, {"wrapper": "chat"}),
        given({"sft": 3}, {"sft": 4}),
        StageInput(StageSpec(name="problems", kind="prompts"), {"a": ArmSpec()}),
        StageInput(
            StageSpec(name="problems", kind="prompts"),
            {"a": ArmSpec(data=DataSpec(kind="gsm_symbolic", templates=(43,)))},
        ),
    ],
)
def test_bad_input_is_one_line(asked):
    with pytest.raises(LlmxError) as error:
        PromptsStage().identity(asked)
    assert "\n" not in str(error.value)
