"""Models in the hub's cache are found where its client finds them, and have a size."""

import json
import struct
import subprocess
import sys

import pytest

from llmx.core.spec import ArmSpec, ModelSpec, SamplerSpec
from llmx.engines.size import ModelSize, cached_folder, hub_cache, local_size, model_size
from llmx.stages.budget import seconds_per_problem
from llmx.stages.requests import decoding_cost

NAME, FIRST, SECOND = "Org/small-model", "a" * 40, "b" * 40
CONFIG = {
    "num_hidden_layers": 3, "hidden_size": 8, "intermediate_size": 16, "num_attention_heads": 2,
    "num_key_value_heads": 1, "vocab_size": 50, "max_position_embeddings": 64,
}  # fmt: skip


def save_weights(path, shape):
    header = json.dumps({"w": {"dtype": "F32", "shape": shape, "data_offsets": [0, 0]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def snapshot(cache):
    """Put a snapshot of a commit there, under the names of references."""

    def put(commit=FIRST, *references, layers=3, shape=(5, 7)):
        model = cache / "models--Org--small-model"
        folder = model / "snapshots" / commit
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({**CONFIG, "num_hidden_layers": layers}))
        save_weights(folder / "model.safetensors", shape)
        (model / "refs").mkdir(exist_ok=True)
        for reference in references:
            (model / "refs" / reference).write_text(commit)
        return folder

    return put


@pytest.mark.parametrize("revision", [None, "main", "v1", FIRST, SECOND, "c" * 40])
def test_a_revision_is_found_as_the_hub_s_client_finds_it(cache, snapshot, revision):
    from huggingface_hub import try_to_load_from_cache

    snapshot(FIRST, "main")
    snapshot(SECOND, "v1")
    theirs = try_to_load_from_cache(NAME, "config.json", cache_dir=cache, revision=revision)
    ours = cached_folder(NAME, revision)
    assert (str(ours / "config.json") if ours else None) == theirs
    assert cached_folder("Org/other", revision) is None


def test_without_main_the_only_snapshot_is_meant(snapshot):
    only = snapshot(FIRST)
    assert cached_folder(NAME) == only
    snapshot(SECOND)
    assert cached_folder(NAME) is None
    assert cached_folder(NAME, FIRST) == only


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"XDG_CACHE_HOME": "/x"},
        {"HF_HOME": "~/mine", "XDG_CACHE_HOME": "/x"},
        {"HF_HOME": "$ELSEWHERE/hf", "ELSEWHERE": "/e"},
        {"HUGGINGFACE_HUB_CACHE": "/old", "HF_HOME": "/h"},
        {"HF_HUB_CACHE": "~/new", "HUGGINGFACE_HUB_CACHE": "/old"},
    ],
)
def test_the_cache_is_where_the_hub_s_client_has_it(named, monkeypatch):
    variables = ("XDG_CACHE_HOME", "HF_HOME", "HUGGINGFACE_HUB_CACHE", "HF_HUB_CACHE")
    for name in variables:
        monkeypatch.delenv(name, raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    code = "from huggingface_hub.constants import HF_HUB_CACHE; print(HF_HUB_CACHE)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert str(hub_cache()) == done.stdout.strip()


def test_a_cached_model_has_the_size_of_its_snapshot(snapshot):
    snapshot(FIRST, "main", layers=3, shape=(5, 7))
    snapshot(SECOND, layers=4, shape=(6, 7))
    assert model_size(NAME) == ModelSize(
        layers=3, parameters=35, hidden=8, intermediate=16, kv_width=4, vocabulary=50, context=64
    )
    found = model_size(NAME, SECOND)
    assert (found.layers, found.parameters) == (4, 42)
    assert model_size("Org/other") == ModelSize() == local_size(NAME)


def test_shards_count_once_and_only_when_all_are_there(snapshot):
    folder = snapshot(FIRST, "main")
    (folder / "model.safetensors").unlink()
    names = ["model-1.safetensors", "model-2.safetensors"]
    index = {"weight_map": {"a": names[0], "b": names[1], "c": names[1]}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    save_weights(folder / names[0], (5, 7))
    save_weights(folder / "consolidated.safetensors", (500, 7))
    assert model_size(NAME).parameters == 0
    save_weights(folder / names[1], (2, 7))
    assert model_size(NAME).parameters == 49


def test_a_plan_knows_the_memory_and_asks_for_no_other_problems(snapshot):
    model, sampler = ModelSpec(target=NAME), SamplerSpec(algorithm="target")
    arm = ArmSpec(model=model, sampler=sampler)
    assert decoding_cost(arm, 4).memory.weights == 0
    before = seconds_per_problem(arm)
    snapshot(FIRST)
    assert decoding_cost(arm, 4).memory.weights == 4 * 35
    pinned = arm.model_copy(update={"model": ModelSpec(target=NAME, target_revision=SECOND)})
    assert decoding_cost(pinned, 4).memory.weights == 0
    assert seconds_per_problem(arm) == before


def test_the_hub_s_client_is_not_loaded_by_a_look_into_its_cache(snapshot):
    snapshot(FIRST, "main")
    code = (
        "import sys; from llmx.engines.size import model_size\n"
        f"assert model_size('{NAME}').parameters == 35; print('huggingface_hub' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
