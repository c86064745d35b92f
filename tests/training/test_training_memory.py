"""The plan's memory is what torch then holds."""

from dataclasses import replace

import pytest
from tiny import DRAWN, FAST

from llmx.core.registry import lookup
from llmx.core.spec import EngineSpec
from llmx.engines.size import ModelSize, model_size
from llmx.train.course.fields import defaults
from llmx.train.course.memory import trainable, training_memory

PAPER = ModelSize(
    layers=36, parameters=3_085_938_688, hidden=2048, intermediate=11008, kv_width=256,
    vocabulary=151_936, context=32_768,
)  # fmt: skip
ONCE = {"texts": 1, "length": 1024, "reference": False}


def test_weights_gradients_and_optimiser_are_those_of_a_real_step(model):
    import torch
    from transformers import AutoModelForCausalLM

    loaded = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    optimiser = torch.optim.AdamW(loaded.parameters())
    loaded(torch.tensor([[1, 2, 3]]), labels=torch.tensor([[1, 2, 3]])).loss.backward()
    optimiser.step()

    def held(tensors):
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    weights = list(loaded.parameters())
    states = [s for state in optimiser.state.values() for s in state.values() if s.numel() > 1]
    memory = training_memory(model_size(str(model)), {}, None, **ONCE)
    assert memory.weights == held(weights)
    assert memory.gradients == held(weight.grad for weight in weights)
    assert memory.optimiser == held(states)


@pytest.mark.parametrize("modules", [None, ["q_proj", "k_proj", "down_proj"], "all-linear"])
def test_an_adapter_has_as_many_parameters_as_peft_makes(model, modules):
    import peft
    from transformers import AutoModelForCausalLM

    lora = {"r": 4, "target_modules": modules}
    base = AutoModelForCausalLM.from_pretrained(model)
    made = peft.get_peft_model(base, peft.LoraConfig(task_type="CAUSAL_LM", **lora))
    real, _ = made.get_nb_trainable_parameters()
    assert trainable(model_size(str(model)), lora) == real


def test_the_paper_s_model_by_hand():
    memory = training_memory(PAPER, {"bf16": True}, None, **ONCE)
    assert memory.weights == memory.gradients == 4 * PAPER.parameters
    assert memory.optimiser == 8 * PAPER.parameters
    edges = 2 * 1024 * 2048 * 36
    layer = 2 * 1024 * 17 * 2048
    assert memory.activations == edges + layer + 4 * 8 * 1024 * 32_768
    assert memory.cache == 0
    smoothed = training_memory(PAPER, {"bf16": True, "label_smoothing_factor": 0.1}, None, **ONCE)
    assert smoothed.activations == edges + layer + 4 * 8 * 1024 * 151_936


def test_what_makes_it_smaller_does():
    def total(settings=None, lora=None, **more):
        return training_memory(PAPER, settings or {}, lora, **{**ONCE, **more}).total

    whole = total()
    assert total({"gradient_checkpointing": False}) > whole
    assert total(lora={"r": 8}) < whole / 2
    assert total({"optim": "adafactor"}) < whole
    assert total({"model_init_kwargs": {"dtype": "bfloat16"}}) < whole
    assert total(reference=True) == whole + 4 * PAPER.parameters
    assert total(generates=8) == whole + 2 * 4 * 36 * 256 * 8 * 1024


def test_logits_are_there_a_tile_at_a_time():
    def activations(length, words):
        size = replace(PAPER, layers=0, hidden=0, vocabulary=words)
        return training_memory(size, {}, None, texts=1, length=length, reference=False).activations

    assert activations(2000, 300) == 4 * 8 * 2000 * 300
    assert activations(4096, 32_768) == activations(9000, 151_936)


RELEASED = {
    "per_device_train_batch_size": 8, "gradient_accumulation_steps": 64,
    "steps_per_generation": 128, "num_generations": 8, "max_completion_length": 4096,
    "beta": 0.0, "bf16": True, "gradient_checkpointing": True,
}  # fmt: skip
H200 = 150_754_820_096


@pytest.fixture
def drawing(work, monkeypatch):
    """Plan the released GRPO for the paper's model, on a GPU."""
    for module in ("post_training.stage", "course.duration"):
        monkeypatch.setattr(f"llmx.train.{module}.machine", lambda: {"accelerators": ["H200"]})
    monkeypatch.setattr("llmx.train.post_training.stage.installed", lambda package: True)
    monkeypatch.setattr("llmx.train.post_training.policy.device_memory", lambda device: H200)
    monkeypatch.setattr("llmx.train.post_training.cost.size_of", lambda names, given: PAPER)

    def made(kind="grpo", device="auto", **settings):
        given = work(kind, {**RELEASED, **settings}).given()
        arm = given.arm.model_copy(update={"engine": EngineSpec(device=device)})
        return lookup("stage", kind)().plan(replace(given, arms={"main": arm})).memory

    return made


def test_the_cache_of_completions_is_there_where_transformers_generates(drawing):
    assert drawing().cache == 2 * 4 * 36 * 256 * 1024 * (512 + 4096)


@pytest.fixture
def no_shared_state():
    """The state of accelerate is one a process: neither other tests' nor this one's may stay."""
    from accelerate.state import AcceleratorState

    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.slow
def test_a_cache_is_as_wide_as_the_weights_also_in_mixed_precision(model, no_shared_state):
    import torch
    from accelerate import Accelerator
    from transformers import AutoModelForCausalLM
    from trl.models import unwrap_model_for_generation

    accelerator = Accelerator(cpu=True, mixed_precision="bf16")
    loaded = accelerator.prepare(AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32))
    with unwrap_model_for_generation(loaded, accelerator) as policy, torch.no_grad():
        drawn = policy.generate(
            torch.tensor([[1, 2]]), max_new_tokens=2, return_dict_in_generate=True
        )
    layer = drawn.past_key_values.layers[0]
    assert layer.keys.dtype == layer.values.dtype == torch.float32


def test_a_server_s_cache_is_not_in_this_process(drawing):
    assert drawing(use_vllm=True, vllm_mode="server").cache == 0


def test_vllm_in_the_same_process_takes_its_share_unless_it_sleeps(drawing):
    default = defaults("grpo")["vllm_gpu_memory_utilization"]
    assert drawing(use_vllm=True).cache == int(default * H200)
    assert drawing(use_vllm=True, vllm_gpu_memory_utilization=0.5).cache == H200 // 2
    assert drawing(use_vllm=True, vllm_enable_sleep_mode=True).cache == 0
    assert drawing(use_vllm=True, device="cpu").cache == 0


def test_the_paper_s_rl_fits_one_gpu(drawing):
    assert drawing().total > H200
    assert 0.5 * H200 < drawing(use_vllm=True, vllm_mode="colocate").total < 0.8 * H200


def test_lengths_and_groups_that_nobody_gives_are_trl_s(drawing):
    few = {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 1}
    for kind in ("grpo", "rloo"):
        group, room = (defaults(kind)[n] for n in ("num_generations", "max_completion_length"))
        silent = {"steps_per_generation": None, "num_generations": None}
        found = drawing(kind, **few, **silent, max_completion_length=None)
        assert found.cache == 2 * 4 * 36 * 256 * group * (512 + room)


def test_the_plan_of_each_kind_says_what_it_is_for(work):
    for kind, settings in (("sft", FAST), ("dpo", FAST), ("grpo", DRAWN), ("rloo", DRAWN)):
        job = work(kind, {**settings, "max_steps": 5})
        cost = lookup("stage", kind)().plan(job.given())
        assert cost.memory.gradients and cost.memory.optimiser and cost.memory.activations
        assert bool(cost.memory.cache) == (kind in ("grpo", "rloo"))
        assert cost.refusal is None and cost.samples == 20


def test_a_model_that_is_not_here_is_said_to_be_unknown(work):
    job = work("sft", FAST)
    job.options = {"base": "stage:data"}
    about = job.given()
    arm = about.arm.model_copy(update={"model": None})
    cost = lookup("stage", "sft")().plan(type(about)(about.stage, {"main": arm}))
    assert cost.memory.total == 0 and "unknown" in cost.notes[0]
