"""The plan's memory is what torch then holds."""

import pytest
from tiny import DRAWN, FAST

from llmx.core.registry import lookup
from llmx.engines.size import ModelSize, model_size
from llmx.train.post_training.memory import trainable, training_memory

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
    assert memory.activations == edges + layer + 4 * 3 * 1024 * 151_936
    assert memory.cache == 0


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
