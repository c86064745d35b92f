"""What a training leaves: a model that engines load, its card, and where everything came from."""

import json

import pytest
from tiny import DRAWN, FAST, ROWS

from llmx.core.progress import Silent
from llmx.core.registry import lookup
from llmx.core.stage import StageContext
from llmx.engines.size import content_hash
from llmx.store.files import read_json
from llmx.store.fingerprint import fingerprint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, model, data):
    from tiny import Work

    out = tmp_path_factory.mktemp("tuned") / "out"
    return Work("sft", model, data, out, {**FAST, "max_steps": 6}).run()


def test_everything_that_is_promised_is_there(tuned):
    assert {path.name for path in tuned.iterdir()} == {
        "model", "training.json", "audit.json", "audit.md", "rows.json"
    }  # fmt: skip
    about = read_json(tuned / "training.json")
    assert about["steps"] == 6 and [point["step"] for point in about["curve"]] == list(range(1, 7))
    assert about["curve"][-1]["loss"] < about["curve"][0]["loss"]


def test_provenance_is_true(tuned, model):
    made = read_json(tuned / "training.json")["provenance"]
    hashes = read_json(tuned / "rows.json")
    assert hashes == [fingerprint(row) for row in ROWS] and made["rows"]["count"] == len(ROWS)
    assert made["rows"]["hash"] == fingerprint(hashes)
    assert made["parent"]["content"] == content_hash(model)
    assert made["result"]["content"] == content_hash(tuned / "model") != content_hash(model)
    assert made["template"] == fingerprint((model / "chat_template.jinja").read_text())
    assert 0 < made["mask"]["with_loss"] < made["mask"]["tokens"]


def test_the_card_names_what_it_was_made_from(tuned):
    card = (tuned / "model/README.md").read_text()
    made = read_json(tuned / "training.json")["provenance"]
    for part in ("supervised fine-tuning", made["rows"]["hash"], made["parent"]["content"]):
        assert part in card


def test_an_engine_loads_it_and_it_has_learned(tuned, model):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    words = AutoTokenizer.from_pretrained(tuned / "model")
    text = words.apply_chat_template(
        [{"role": "user", "content": ROWS[0]["question"]},
         {"role": "assistant", "content": ROWS[0]["solution"]}], return_dict=True,
    )  # fmt: skip
    ids = torch.tensor([text["input_ids"]])

    def loss(folder):
        loaded = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        assert loaded.config.use_cache
        return float(loaded(ids, labels=ids).loss.detach())

    assert loss(tuned / "model") < loss(model) - 0.3


def test_no_file_names_a_place_of_this_machine(tuned, model):
    for path in (tuned / "model").iterdir():
        if path.name != "README.md":
            content = path.read_bytes()
            assert str(tuned).encode() not in content and str(model).encode() not in content


def test_a_stage_goes_on_from_another(tuned, work, model):
    job = work("grpo", {**DRAWN, "max_steps": 1}, options={"base": ["stage:cold", "stage:warm"]})
    given = job.given()
    stage = given.stage.model_copy(update={"needs": ("data", "cold", "warm")})
    given = type(given)(stage, given.arms)
    inputs = {"data": job.data, "warm": tuned}  # `cold` has nothing to do in this arm
    kind = lookup("stage", "grpo")()
    job.out.mkdir()
    kind.run(StageContext(given, kind.identity(given), inputs, job.out, Silent()))
    parent = read_json(job.out / "training.json")["provenance"]["parent"]
    assert parent == {"name": "stage:warm", "content": content_hash(tuned / "model")}


@pytest.mark.parametrize("kind", ["sft", "grpo"])
def test_an_adapter_is_kept_and_merged(work, kind, model):
    from safetensors.torch import load_file

    settings = {**(FAST if kind == "sft" else {**DRAWN, "beta": 0.1}), "max_steps": 2}
    out = work(kind, settings, options={"lora": {"r": 2, "alpha": 4}}).run()
    adapter = load_file(out / "adapter/adapter_model.safetensors")
    before, after = (
        load_file(model / "model.safetensors"),
        load_file(out / "model/model.safetensors"),
    )
    assert before.keys() == after.keys()
    name = "model.layers.0.self_attn.q_proj"
    low, high = (adapter[f"base_model.model.{name}.lora_{which}.weight"] for which in "AB")
    moved = after[f"{name}.weight"] - before[f"{name}.weight"]
    assert moved.abs().max() > 0
    assert (moved - 4 / 2 * high @ low).abs().max() < 1e-6
    changed = [n for n in before if not before[n].equal(after[n])]
    assert all("q_proj" in n or "v_proj" in n for n in changed)
    assert json.loads((out / "adapter/adapter_config.json").read_text())["r"] == 2


def test_no_key_reaches_the_disk(work, monkeypatch):
    keys = {"WANDB_API_KEY": "key-of-wandb", "HF_TOKEN": "key-of-the-hub"}
    for name, key in keys.items():
        monkeypatch.setenv(name, key)
    out = work("sft", {**FAST, "max_steps": 1}, options={"trackers": None}).run()
    for path in (path for path in out.rglob("*") if path.is_file()):
        assert not any(key.encode() in path.read_bytes() for key in keys.values())
