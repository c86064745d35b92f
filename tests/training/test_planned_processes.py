"""A plan of several processes: what each holds is held against one device, and what is refused."""

import json

import pytest
from tiny import DRAWN, FAST

from llmx.core.errors import ConfigError
from llmx.core.registry import lookup
from llmx.engines.size import ModelSize
from llmx.graph import plan
from llmx.graph.plan import PlannedStage

LARGE = ModelSize(
    layers=32, parameters=7 * 10**9, hidden=4096, intermediate=11_008, kv_width=4096,
    vocabulary=32_000, context=4096,
)  # fmt: skip
FULL = {"fsdp_state_dict_type": "FULL_STATE_DICT"}


@pytest.fixture
def planned(work, tmp_path, monkeypatch):
    """Plan a training of a model of 7 billion parameters, in processes of a file."""
    monkeypatch.setattr("llmx.train.post_training.cost.size_of", lambda names, given: LARGE)

    def made(kind="sft", settings=None, **said):
        path = tmp_path / "processes.yaml"
        path.write_text(json.dumps(said))
        options = {"accelerate": str(path)} if said else {}
        given = work(kind, {**FAST, "max_steps": 5, **(settings or {})}, options=options).given()
        return lookup("stage", kind)().plan(given)

    return made


def fsdp(count=8, **config):
    return {"distributed_type": "FSDP", "num_processes": count, "fsdp_config": {**FULL, **config}}


def test_what_is_divided_fits_where_the_whole_does_not(planned, monkeypatch):
    monkeypatch.setattr(plan, "device_memory", lambda device: 80 * 10**9)

    def refused(cost):
        return plan.refusal([PlannedStage("sft k1", "sft", "x", False, False, cost)])

    whole, shared, plain = planned(), planned(**fsdp()), planned(**fsdp(1))
    assert "too little" in refused(whole).message and refused(plain) is not None
    assert refused(shared) is None
    assert shared.memory.optimiser * 8 == whole.memory.optimiser
    assert shared.memory.activations == whole.memory.activations
    assert planned(**fsdp(), mixed_precision="bf16").memory.activations < whole.memory.activations


def test_rows_are_those_of_all_processes(planned):
    assert (planned().samples, planned(**fsdp()).samples) == (5 * 4, 8 * 5 * 4)


def test_a_buffer_of_completions_is_drawn_by_all_together(planned):
    def cache(count, **more):
        settings = {**DRAWN, "max_steps": 5, **more}
        return planned("grpo", settings, **fsdp(count)).memory.cache

    assert cache(4, generation_batch_size=32) * 4 == cache(1, generation_batch_size=32)
    assert cache(4) == cache(1)  # each draws for its own batches
    few = {"per_device_train_batch_size": 1, "num_generations": 4}
    assert cache(4, **few) * 4 == cache(1, **few)


def test_a_file_that_loses_the_weights_is_refused_before_the_training(planned):
    refused = planned(**fsdp(fsdp_state_dict_type="SHARDED_STATE_DICT")).refusal
    assert isinstance(refused, ConfigError)
    assert refused.message.startswith("stages.sft.accelerate: FSDP1 FULL_SHARD")
    zero = {"distributed_type": "DEEPSPEED", "num_processes": 8}
    assert "zero3" in planned(**zero, deepspeed_config={"zero_stage": 3}).refusal.hint
    assert "2 machines" in planned(**fsdp(), num_machines=2).refusal.message
    assert planned(**fsdp()).refusal is None


@pytest.mark.parametrize("text", [None, "- a list"])
def test_a_file_that_says_nothing_is_refused_before_anything_runs(work, tmp_path, text):
    path = tmp_path / "processes.yaml"
    if text is not None:
        path.write_text(text)
    job = work("sft", FAST, options={"accelerate": str(path)})
    stage = lookup("stage", "sft")()
    for ask in (stage.identity, stage.plan):
        with pytest.raises(ConfigError, match=r"stages\.sft\.accelerate: .*processes\.yaml"):
            ask(job.given())
    assert not job.out.exists()
