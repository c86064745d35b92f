"""Memory before a run: by hand on the shipped pair, its laws, the refusal of what cannot fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llmx
from llmx.config.compose import compose
from llmx.core.errors import RunError
from llmx.core.spec import EngineSpec, SamplerSpec
from llmx.core.stage import Memory
from llmx.engines.size import ModelSize, decoding_memory, model_size
from llmx.graph import plan as module
from llmx.graph.needs import parts
from llmx.graph.plan import plan
from llmx.store import machine

TARGET, DRAFT = model_size("zoo:gsm_target"), model_size("zoo:gsm_draft")
SD = SamplerSpec(algorithm="speculative", gamma=4, max_tokens=100)


def test_the_size_of_the_shipped_target_is_its_configuration() -> None:
    assert (TARGET.layers, TARGET.hidden, TARGET.intermediate) == (10, 160, 448)
    assert (TARGET.kv_width, TARGET.vocabulary, TARGET.context) == (5 * 32, 1536, 384)
    layer = 4 * 160 * 160 + 3 * 160 * 448 + 2 * 160
    assert TARGET.parameters == 1536 * 160 + 10 * layer + 160


def test_decoding_by_hand() -> None:
    need = decoding_memory(TARGET, DRAFT, EngineSpec(batch_size=8), SD)
    assert need.weights == 4 * (TARGET.parameters + DRAFT.parameters)
    slots = 384 + 4 + 2  # the context is shorter than an allowed prompt and the cap
    keys = 10 * 5 * 32 + DRAFT.layers * DRAFT.kv_width
    assert need.cache == 2 * 4 * 8 * slots * keys
    assert need.activations == 4 * 2 * 8 * 512 * (448 + 160)
    wide = ModelSize(vocabulary=128_000, hidden=1, intermediate=1)
    block = decoding_memory(wide, DRAFT, EngineSpec(batch_size=8), SD).activations
    assert block == 4 * 6 * 8 * 5 * 128_000


def test_half_precision_halves_weights_and_caches() -> None:
    full, half = (
        decoding_memory(TARGET, DRAFT, EngineSpec(dtype=dtype), SD)
        for dtype in ("float32", "bfloat16")
    )
    assert (full.weights, full.cache) == (2 * half.weights, 2 * half.cache)


@given(st.integers(1, 64), st.integers(1, 64), st.integers(1, 60))
def test_more_rows_and_longer_blocks_never_take_less(rows: int, gamma: int, more: int) -> None:
    def total(rows: int, gamma: int) -> int:
        sampler = SamplerSpec(algorithm="speculative", gamma=gamma)
        return decoding_memory(TARGET, DRAFT, EngineSpec(batch_size=rows), sampler).total

    assert total(rows, gamma) <= total(rows + more, gamma)
    assert total(rows, min(gamma, 4)) <= total(rows, gamma)


def test_the_target_alone_needs_no_draft() -> None:
    alone = decoding_memory(TARGET, None, EngineSpec(), SD)
    assert alone.weights == 4 * TARGET.parameters


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 MB: enough for the weights of the pair, not for a batch."""
    monkeypatch.setattr(module, "device_memory", lambda device: 20_000_000)


def test_what_cannot_fit_is_refused_by_how_much(small_machine, tmp_path) -> None:
    spec = compose("fsd_gsm8k", ["arms=[target,sd]"], scale="smoke")
    refused = plan(spec, runs=tmp_path).refusal()
    assert refused is not None
    assert "too little" in refused.message and "weights 15.2 MB" in refused.message
    assert "engine.batch_size" in refused.hint
    with pytest.raises(RunError, match="too little"):
        llmx.run(spec, runs=tmp_path)
    assert not list(tmp_path.iterdir())


def test_processes_are_as_many_as_fit(monkeypatch, tmp_path) -> None:
    spec = compose("fsd_gsm8k", ["arms=[target,sd]"], scale="smoke")
    need = plan(spec, runs=tmp_path).memory.total
    for has, wanted in ((need, 1), (2 * need, 2), (100 * need, 2)):
        monkeypatch.setattr(module, "device_memory", lambda device, has=has: has)
        monkeypatch.setattr("llmx.graph.plan.default_workers", lambda spec: 2)
        assert plan(spec, runs=tmp_path).workers == wanted


def test_a_device_of_unknown_memory_refuses_nothing(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(module, "device_memory", lambda device: None)
    spec = compose("fsd_gsm8k", ["engine.batch_size=100000"], scale="smoke")
    assert plan(spec, runs=tmp_path).refusal() is None


def test_devices_are_asked_without_torch(monkeypatch) -> None:
    assert machine.device_memory("cpu") > 1e8
    monkeypatch.setattr(machine, "_gpu_bytes", lambda: (80 * 10**9, 40 * 10**9))
    assert machine.device_memory("cuda") == 80 * 10**9
    assert machine.device_memory("cuda:1") == 40 * 10**9
    assert machine.device_memory("cuda:7") is None
    monkeypatch.setattr(machine, "_accelerators", lambda: ["one"])
    assert machine.device_memory("auto") == 80 * 10**9


def test_parts_name_what_is_not_zero() -> None:
    assert parts(Memory(weights=141_200_000_000, cache=5_000_000)) == (
        "weights 141.2 GB, cache 5.0 MB"
    )
    assert parts(Memory()) == ""
