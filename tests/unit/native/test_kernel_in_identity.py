"""Which forward runs is settled before a run gets its name; the batch size counts with torch."""

import json

import pytest
from llama_folders import Tiny, write_llama

from llmx.core.spec import (
    ArmSpec,
    DataSpec,
    EngineSpec,
    ModelSpec,
    RunSpec,
    SamplerSpec,
    StageSpec,
)
from llmx.core.stage import StageInput
from llmx.engines.kernel import NATIVE, TORCH, kernel_identity, kernel_of, known_exact, knows
from llmx.engines.native import build
from llmx.runs.run import run
from llmx.stages.decode import DecodeStage

ZOO = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
DATA = DataSpec(kind="gsm_symbolic", templates=(43,), test=2, calibration=2)


@pytest.fixture(autouse=True)
def available(monkeypatch):
    """Names do not depend on whether this machine has a compiler."""
    monkeypatch.setattr(build, "trouble", lambda: None)


def engine(kernel="auto", **more):
    return EngineSpec(device="cpu", kernel=kernel, **more)


def identity(model, kernel, size):
    stage = DecodeStage()
    arm = ArmSpec(
        model=model,
        data=DATA,
        engine=engine(kernel, batch_size=size),
        sampler=SamplerSpec(algorithm="speculative"),
    )
    return stage.identity(StageInput(StageSpec(name="s", kind="decode"), {"a": arm}))


def moves(model, kernel):
    """Whether the batch size moves the identity of a decode stage."""
    return identity(model, kernel, 4) != identity(model, kernel, 5)


@pytest.mark.parametrize("kernel", ["auto", "native", NATIVE])
def test_the_batch_size_is_no_meaning_for_zoo_models_on_native(kernel):
    assert not moves(ZOO, kernel)
    assert known_exact(ZOO, engine(kernel))


OTHERS = {
    "stage": ModelSpec(target="stage:train", draft="zoo:gsm_draft"),
    "hub": ModelSpec(target="someone/model", draft="zoo:gsm_draft"),
    "both hub": ModelSpec(target="someone/model", draft="someone/small"),
    "stage draft": ModelSpec(target="zoo:gsm_target", draft="stage:train"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_it_is_for_models_that_cannot_be_looked_at(name):
    assert moves(OTHERS[name], "auto") and not known_exact(OTHERS[name], engine())
    assert kernel_identity(OTHERS[name], engine())["kernel"] == NATIVE


@pytest.mark.parametrize("model", [ZOO, *OTHERS.values()])
def test_it_is_with_torch_whatever_the_model(model):
    assert moves(model, TORCH) and not known_exact(model, engine(TORCH))


def test_both_forwards_have_other_names():
    assert identity(ZOO, TORCH, 4) != identity(ZOO, "auto", 4) == identity(ZOO, NATIVE, 4)


@pytest.mark.parametrize("change", [{"dtype": "bfloat16"}, {"lean": False}, {"device": "cuda"}])
def test_auto_is_torch_for_settings_that_the_forward_does_not_do(change):
    given = engine().model_copy(update=change)
    assert kernel_of(given) == TORCH
    assert kernel_identity(ZOO, given) == {"kernel": TORCH, "batch_size": given.batch_size}


NOT_KNOWN = {
    "another family": {"architectures": ["MistralForCausalLM"], "model_type": "mistral"},
    "biases": {"attention_bias": True},
    "an activation": {"hidden_act": "gelu"},
    "a rope": {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0}},
    "a partial rope": {
        "rope_parameters": {"rope_theta": 1e4, "rope_type": "default", "partial_rotary_factor": 0.5}
    },
    "the same in the older place": {"partial_rotary_factor": 0.5},
    "quantised weights": {"quantization_config": {"bits": 4}},
    "code of its own": {"auto_map": {"AutoModelForCausalLM": "x.Y"}},
    "an odd head": {"head_dim": 7},
    "a lone key": {"num_key_value_heads": 3},
    "no size": {"hidden_size": None},
}


@pytest.mark.parametrize("name", NOT_KNOWN)
def test_a_folder_of_another_kind_is_left_to_torch(name, tmp_path):
    path = write_llama(tmp_path, Tiny()) / "config.json"
    assert knows(str(tmp_path)) is True
    path.write_text(json.dumps({**json.loads(path.read_text()), **NOT_KNOWN[name]}))
    assert knows(str(tmp_path)) is False


def test_an_adapter_is_left_to_torch(tmp_path):
    write_llama(tmp_path, Tiny())
    (tmp_path / "adapter_config.json").write_text("{}")
    assert knows(str(tmp_path)) is False
    model = ModelSpec(target=str(tmp_path), draft=str(tmp_path))
    assert kernel_identity(model, engine()) == {"kernel": TORCH, "batch_size": 8}


def test_what_was_settled_on_a_cpu_goes_on_on_one(monkeypatch):
    monkeypatch.setattr("llmx.engines.kernel.machine", lambda: {"accelerators": ["a GPU"]})
    assert kernel_of(EngineSpec(kernel=NATIVE)) == NATIVE
    assert kernel_of(EngineSpec()) == TORCH


@pytest.mark.parametrize("kernel", ["auto", TORCH])
def test_a_run_keeps_what_auto_was(kernel, tmp_path):
    sampler = SamplerSpec(algorithm="target", max_tokens=2)
    arm = ArmSpec(model=ZOO, data=DATA, engine=engine(kernel), sampler=sampler)
    stages = (StageSpec(name="generate", kind="decode"),)
    named = {"name": "tiny", "group": "decode", "source": "-", "reference": "a"}
    run(RunSpec(arms={"a": arm}, stages=stages, **named), runs=tmp_path, workers=1)
    (path,) = tmp_path.glob("tiny-*/spec.json")
    kept = json.loads(path.read_text())["arms"]["a"]["engine"]["kernel"]
    assert kept == (NATIVE if kernel == "auto" else TORCH)
