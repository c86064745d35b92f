"""Bad input is one clear line with exit code 2, and nothing that was done is lost."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from tiny import DRAWN, FAST, ROWS, save_data, save_tiny_llama

from llmx.core.errors import ConfigError, DataError, EngineError, LlmxError, RunError, StoreError
from llmx.core.registry import lookup
from llmx.core.spec import EngineSpec
from llmx.core.stage import StageInput
from llmx.store.files import read_json, read_lines
from llmx.train.post_training import stage as stage_module


@pytest.fixture
def other_rows(work, tmp_path):
    def make(kind, settings, rows, **options):
        folder = tmp_path / "rows"
        folder.mkdir(exist_ok=True)
        return replace(work(kind, settings, options=options), data=save_data(folder, rows))

    return make


SHORT = {**FAST, "max_steps": 2}


@pytest.mark.parametrize(
    ("kind", "settings", "rows", "message"),
    [
        ("sft", SHORT, [], "train.jsonl of stage 'sft' has no rows"),
        ("sft", {**SHORT, "max_length": 4}, ROWS, "'sft' is not trained: truncated, 24 of 24"),
        ("dpo", {**SHORT, "max_length": 4}, ROWS, "'dpo' is not trained: truncated, 48 of 48"),
        ("grpo", {**DRAWN, "max_completion_length": 128}, ROWS,
         "'grpo' is not trained: truncated, 24 of 24 .longer than the model's positions=128"),
        ("sft", SHORT, [ROWS[0], {"question": "q"}], "row 1 has no text under completion or solu"),
        ("sft", SHORT, [{"id": "a"}], "row 0 has no text under prompt or question"),
        ("dpo", SHORT, [{"question": "q", "chosen": "a"}], "row 0 has no text under rejected"),
        ("sft", SHORT, [{"question": "q", "solution": 3}], "row 0 has no text under completion"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_trained_on(other_rows, kind, settings, rows, message):
    with pytest.raises(DataError, match=message) as caught:
        other_rows(kind, settings, rows).run()
    assert caught.value.exit_code == 2 and "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reward", "message"),
    [
        ("raises", r"reward 'raises' raised ZeroDivisionError on row \d+ \('train-\d+'\)"),
        ("nan", r"reward 'nan' returned odd=nan on row \d+ \('train-\d+'\)"),
        ("huge", r"reward 'huge' returned huge=10+ on row \d+ \('train-\d+'\)"),
        ("leaves", r"reward 'leaves' raised SystemExit on row \d+ \('train-\d+'\)"),
    ],
)
def test_a_reward_that_goes_wrong_loses_nothing(work, reward, message):
    settings = {**DRAWN, "max_steps": 12, "save_steps": 1, "learning_rate": 1e-5}
    job = work("grpo", settings, options={"rewards": [reward]})
    with pytest.raises(RunError, match=message) as caught:
        job.run()
    assert caught.value.exit_code == 2 and "resumes" in caught.value.hint
    drawn = read_lines(job.out / "rollouts.jsonl")
    saved = sorted((job.out / "checkpoints").glob("checkpoint-*/whole.json"))
    assert len(saved) == min(2, len({row["step"] for row in drawn}))
    with pytest.raises(RunError) as again:
        job.run()  # it goes on where it was, and fails at the same row
    assert str(again.value) == str(caught.value)
    assert read_lines(job.out / "rollouts.jsonl") == drawn


def test_a_checkpoint_of_another_architecture(work, tmp_path):
    job = work("sft", {**FAST, "max_steps": 2})
    other = save_tiny_llama(tmp_path / "other", hidden=32)
    folder = job.out / "checkpoints/checkpoint-1"
    folder.parent.mkdir(parents=True)
    other.rename(folder)
    (folder / "whole.json").write_text(json.dumps({"step": 1, "steps": 2}))
    with pytest.raises(StoreError, match=r"checkpoint-1 is a checkpoint of another model") as error:
        job.run()
    assert "[320, 32], not [320, 64]" in error.value.message and error.value.exit_code == 2
    assert (folder / "whole.json").exists()


def test_a_checkpoint_of_another_depth(work, tmp_path):
    job = work("sft", {**FAST, "max_steps": 2})
    folder = job.out / "checkpoints/checkpoint-1"
    folder.parent.mkdir(parents=True)
    save_tiny_llama(tmp_path / "other", layers=3).rename(folder)
    (folder / "whole.json").write_text(json.dumps({"step": 1, "steps": 2}))
    with pytest.raises(StoreError, match=r"num_hidden_layers is 3, not 2"):
        job.run()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optim": "adamw_8bit"}, r"stages\.sft\.settings: .*bitsandbytes"),
        ({"model_init_kwargs": {"attn_implementation": "flash_attention_2"}},
         r"stages\.sft\.settings: .*[Ff]lash"),
    ],
)  # fmt: skip
def test_a_package_that_a_setting_wants(work, settings, message):
    with pytest.raises(ConfigError, match=message) as caught:
        work("sft", {**FAST, "max_steps": 1, **settings}).run()
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_rows_that_do_not_fill_one_generation(other_rows):
    settings = {**DRAWN, "per_device_train_batch_size": 8, "max_steps": 1}
    with pytest.raises(DataError, match="1 row for stage 'grpo': fewer than one step takes"):
        other_rows("grpo", settings, ROWS[:1]).run()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_a_training_that_diverges_says_so(work, kind):
    job = work(kind, {**FAST, "max_steps": 6, "learning_rate": 1e30, "max_grad_norm": 0.0})
    with pytest.raises(RunError, match=r"the training diverged: loss is (nan|inf) at step \d"):
        job.run()
    assert not (job.out / "training.json").exists()


@pytest.mark.slow
def test_a_model_that_its_last_step_broke_is_not_left(work):
    job = work("sft", {**FAST, "max_steps": 1, "learning_rate": 1e38, "max_grad_norm": 0.0})
    with pytest.raises(RunError, match=r"the training diverged: .* is not finite at step 1"):
        job.run()
    assert not (job.out / "training.json").exists()


def test_an_adapter_of_another_architecture(work, tmp_path):
    import peft
    from transformers import AutoModelForCausalLM

    job = work("sft", {**FAST, "max_steps": 2}, options={"lora": {"r": 2}})
    other = AutoModelForCausalLM.from_pretrained(save_tiny_llama(tmp_path / "other", hidden=32))
    folder = job.out / "checkpoints/checkpoint-1"
    peft.get_peft_model(other, peft.LoraConfig(task_type="CAUSAL_LM", r=2)).save_pretrained(folder)
    (folder / "whole.json").write_text(json.dumps({"step": 1, "steps": 2}))
    with pytest.raises(StoreError, match=r"is a checkpoint of another model") as error:
        job.run()
    assert "is [32], not [64]" in error.value.message


@pytest.mark.slow
def test_a_value_that_trl_refuses(work):
    job = work("sft", {**FAST, "max_steps": 1, "loss_type": "nonsense"})
    with pytest.raises(ConfigError, match=r"stages\.sft\.settings: .*nonsense"):
        job.run()


def test_one_gpu_of_several_is_chosen_outside(work, monkeypatch):
    monkeypatch.setattr(stage_module, "machine", lambda: {"accelerators": ["one", "two"]})
    refused = refusal(work("sft", FAST), device="cuda:1")
    assert "CUDA_VISIBLE_DEVICES=1" in refused.hint


@pytest.mark.slow
def test_a_setting_that_trl_refuses(work):
    job = work("grpo", {**DRAWN, "generation_batch_size": 6, "max_steps": 1})
    with pytest.raises(ConfigError, match=r"stages\.grpo\.settings: .*divisible"):
        job.run()


def refusal(job, **engine):
    given = job.given()
    arm = given.arm.model_copy(update={"engine": EngineSpec(**engine)})
    return lookup("stage", job.kind)().plan(StageInput(given.stage, {"main": arm})).refusal


@pytest.mark.parametrize(
    ("settings", "engine", "message"),
    [
        ({"use_vllm": True}, {}, "generates with vLLM, which needs a GPU"),
        ({"bf16": True}, {"device": "cuda"}, "asks for cuda; this machine has no GPU"),
        ({}, {"device": "cuda:1"}, "asks for cuda:1; this machine has no GPU"),
    ],
)
def test_a_recipe_for_a_gpu_without_one(work, monkeypatch, settings, engine, message):
    monkeypatch.setattr(stage_module, "machine", lambda: {"accelerators": []})
    refused = refusal(work("grpo", {**DRAWN, **settings}), **engine)
    assert isinstance(refused, EngineError) and message in refused.message
    assert refusal(work("grpo", DRAWN), device="auto") is None


def test_vllm_with_a_gpu_but_not_installed(work, monkeypatch):
    monkeypatch.setattr(stage_module, "machine", lambda: {"accelerators": ["one"]})
    monkeypatch.setattr(stage_module, "installed", lambda package: package != "vllm")
    refused = refusal(work("grpo", {**DRAWN, "use_vllm": True}))
    assert "vLLM, which is not installed" in refused.message


@pytest.mark.parametrize("missing", ["trl", "datasets", "peft"])
def test_without_the_packages_the_plan_says_what_to_type(work, monkeypatch, missing):
    monkeypatch.setattr(stage_module, "installed", lambda package: package != missing)
    refused = refusal(work("sft", FAST, options={"lora": {"r": 2}}))
    assert refused.message == f"stage 'sft' needs {missing}, which is not installed"
    assert refused.hint.startswith(f"{sys.executable} -m pip install") and "[train]" in refused.hint


def test_no_input_with_rows(work):
    job = work("sft", FAST)
    context = replace(job.context(), inputs={})
    with pytest.raises(ConfigError, match=r"'sft' needs a stage that writes train\.jsonl"):
        lookup("stage", "sft")().run(context)


def test_a_stage_that_left_no_model(work):
    job = work("sft", FAST, options={"base": "stage:data"})
    with pytest.raises(LlmxError, match="'stage:data' wrote no model"):
        job.run()


def test_a_model_without_an_end(work, tmp_path):
    model = save_tiny_llama(tmp_path / "endless")
    about = read_json(model / "tokenizer_config.json")
    (model / "tokenizer_config.json").write_text(json.dumps({**about, "eos_token": None}))
    with pytest.raises(EngineError, match="has no EOS token"):
        replace(work("sft", FAST), model=model).run()


RECIPE = """defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
description: fine-tune the small model
stages:
  corpus: {kind: corpus, over: recipe}
  sft: {kind: sft, needs: [corpus], base: zoo:gsm_draft, settings: {max_steps: 2, learning_rat: 1}}
arms:
  one: [sampler=target]
scales: {}
"""


@pytest.mark.slow
def test_the_command_line_ends_with_code_2(tmp_path):
    folder = tmp_path / "recipes/train"
    folder.mkdir(parents=True)
    (folder / "tune.yaml").write_text(RECIPE)
    command = [sys.executable, "-m", "llmx", "run", "recipe=tune", "--recipes", str(folder.parent)]
    done = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "unknown setting 'learning_rat'" in done.stderr and "learning_rate" in done.stderr
    assert "Traceback" not in done.stderr
    (folder / "tune.yaml").write_text(RECIPE.replace("learning_rat:", "learning_rate:"))
    done = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "gradients" in done.stdout and "optimiser" in done.stdout
