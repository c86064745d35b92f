"""Models of the user's: only those that a sampler reads, whole, of one vocabulary, and told of."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from gguf_files import write_gguf
from safetensors.numpy import load_file, save_file

from llmx import api
from llmx.config.compose import compose
from llmx.core.errors import LlmxError
from llmx.core.record import Message, Sample
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request, ask
from llmx.engines.adapter import check_adapter
from llmx.engines.hf import HfEngine
from llmx.engines.pair import load_pair, ready_folder
from llmx.engines.size import ZOO, adapter_identity
from llmx.engines.vllm.engine import VllmEngine
from llmx.graph.plan import Plan
from llmx.stages.budget import seconds_per_problem
from llmx.stages.own_models import has_template

GREEDY = SamplerSpec(algorithm="target", temperature=0, max_tokens=4)
DRAWN = SamplerSpec(algorithm="speculative", max_tokens=4)
SAMPLE = Sample(id="1", question="Tom has 3 apples. How many?", answer="3")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """What is made is kept here, and paths are read from here."""
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


def copied(name: str, to: str = "own") -> Path:
    return Path(shutil.copytree(ZOO / name, to))


def with_other_tokens(folder: Path) -> Path:
    """Exchange the ids of two tokens."""
    path = folder / "tokenizer.json"
    told = json.loads(path.read_text())
    vocab = told["model"]["vocab"]
    first, second = sorted(vocab, key=vocab.get)[-2:]
    vocab[first], vocab[second] = vocab[second], vocab[first]
    path.write_text(json.dumps(told))
    return folder


def planned(*words: str, recipe: str = "gsm_answers") -> Plan:
    return api.plan(recipe, "scale=smoke", *words, runs=Path("runs"), limit=2)


# --- Only what is read ---


def test_a_draft_that_no_arm_reads_is_neither_looked_at_nor_loaded():
    folder = with_other_tokens(copied("gsm_target"))
    name = f"./{folder}"
    words = [f"model.target={name}", "arms=[target_t0]"]
    found = api.run("fsd_gsm8k", "scale=smoke", *words, runs="runs", limit=2, workers=1)
    assert found is not None
    # Even one that is nowhere: its size is in no estimate.
    assert planned(*words, "model.draft=./nowhere", recipe="fsd_gsm8k").seconds > 0
    broken = copied("gsm_draft", "broken")
    (broken / "config.json").write_text("{")
    spec = compose("fsd_gsm8k", [*words, f"model.draft=./{broken}"], scale="smoke")
    assert all(seconds_per_problem(arm) > 0 for arm in spec.arms.values())
    pair = load_pair(ModelSpec(target=name, draft="./nowhere"), EngineSpec(), {})
    assert pair.tokenizer and pair.target and pair.target_context == 384


@pytest.mark.parametrize("arm", ["sd", "draft", "fsd_r_mid"])
def test_a_draft_that_an_arm_reads_is_held_to_the_target_before_anything_runs(arm):
    folder = with_other_tokens(copied("gsm_target"))
    words = [f"model.target=./{folder}", f"arms=[target,{arm}]"]
    with pytest.raises(LlmxError, match=r"differ in 2 of 1536 tokens.*same family"):
        planned(*words, recipe="fsd_gsm8k")
    assert not Path("runs").exists()


def test_a_pair_of_one_vocabulary_is_planned_however_its_files_are_written():
    folder = copied("gsm_draft")
    path = folder / "tokenizer.json"
    path.write_text(json.dumps(json.loads(path.read_text()), indent=3))
    assert planned("arms=[sd]", f"model.draft=./{folder}", recipe="fsd_gsm8k").left
    write_gguf(Path("d.gguf"), ZOO / "gsm_draft")
    assert planned("arms=[sd]", "model.draft=d.gguf", recipe="fsd_gsm8k").left
    write_gguf(Path("d.gguf"), with_other_tokens(folder))
    with pytest.raises(LlmxError, match="differ in 2 of 1536"):
        planned("arms=[sd]", "model.draft=d.gguf", recipe="fsd_gsm8k")


def test_engines_hold_a_pair_to_one_vocabulary_where_both_are_read():
    folder = with_other_tokens(copied("gsm_draft"))
    model = ModelSpec(target="zoo:gsm_target", draft=str(folder))
    own = HfEngine(model, EngineSpec())
    assert len(list(own.generate([ask(SAMPLE, "", GREEDY, 0)]))) == 1
    with pytest.raises(LlmxError, match="differ in 2"):
        list(own.generate([ask(SAMPLE, "", DRAWN, 0)]))
    with pytest.raises(LlmxError, match="differ in 2"):
        VllmEngine(model, EngineSpec(kind="vllm")).start(DRAWN)


def test_a_target_alone_has_the_room_of_the_target_alone():
    folder = copied("gsm_draft")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 32}))
    model = ModelSpec(target="zoo:gsm_target", draft=str(folder))
    engine = HfEngine(model, EngineSpec())
    long = GREEDY.model_copy(update={"max_tokens": 40})
    assert engine.prompt_ids(ask(SAMPLE, "", long, 0))
    with pytest.raises(LlmxError, match="know 32 positions"):
        engine.prompt_ids(ask(SAMPLE, "", long.model_copy(update={"algorithm": "block"}), 0))
    with pytest.raises(LlmxError, match=r"takes all.*sampler.max_tokens=16 "):
        planned(f"model.draft=./{folder}", "arms=[sd]", recipe="fsd_gsm8k")


def test_a_prompt_that_is_too_long_gets_no_hint_that_cannot_help():
    engine = HfEngine(ModelSpec(target="zoo:gsm_target"), EngineSpec())
    long = SAMPLE.model_copy(update={"question": "apples " * 500})
    with pytest.raises(LlmxError, match="know 384 positions") as told:
        engine.prompt_ids(ask(long, "", GREEDY, 0))
    assert "max_tokens" not in told.value.hint and "shorten" in told.value.hint


# --- Where a model is, and what is missing ---


@pytest.mark.parametrize(
    "name", ["./own", "own", "./own/", "~/own", "{here}/own", "./my own", "my own/", "~/my own"]
)
def test_a_folder_is_found_however_it_is_written(name, tmp_path):
    copied("gsm_draft")
    copied("gsm_draft", "my own")
    found = planned(f"model.target={name.format(here=tmp_path)}")
    assert found.memory.weights > 0


def without(*patterns: str) -> None:
    folder = copied("gsm_draft")
    for path in (path for pattern in patterns for path in folder.glob(pattern)):
        path.unlink()


def in_a_folder_above() -> None:
    Path("own").mkdir()
    copied("gsm_draft", "own/v1")


def a_file() -> None:
    Path("own").write_text("weights")


def an_adapter() -> None:
    Path("own").mkdir()
    Path("own/adapter_config.json").write_text('{"base_model_name_or_path": "org/base"}')


def half_of_an_index() -> None:
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    folder = copied("gsm_draft")
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def pickled() -> None:
    without("*.safetensors")
    Path("own/pytorch_model.bin").write_bytes(b"x")


WRONG = {
    "nothing": (lambda: copied("gsm_draft", "owl"), r"own holds no model .*did you mean owl"),
    "no configuration": (lambda: without("config.json"), r"config.json is missing"),
    "no weights": (lambda: without("*.safetensors"), r"\*.safetensors is missing"),
    "no tokenizer": (lambda: without("tokenizer*"), r"tokenizer.json is missing"),
    "empty": (lambda: Path("own").mkdir(), r"config.json, \*.safetensors, tokenizer.json are miss"),
    "a file": (a_file, r"own is a file.*name the folder"),
    "an adapter": (an_adapter, r"LoRA adapter.*model.target=org/base model.adapter=own"),
    "the folder above": (in_a_folder_above, r"is it own/v1\?"),
    "half of its parts": (half_of_an_index, r"model-2.safetensors is missing"),
    "pickled": (pickled, r"pickled weights"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_folder_is_one_line_that_says_what_is_missing(name):
    make, message = WRONG[name]
    make()
    with pytest.raises(LlmxError, match=message) as told:
        planned("model.target=./own", "arms=[greedy]")
    assert "\n" not in str(told.value) and not Path("runs").exists()


@pytest.mark.parametrize("name", ["a/b/c", "models/x/", "C:\\\\models"])
def test_a_name_that_the_hub_cannot_have_is_no_hub_name(name):
    with pytest.raises(LlmxError, match="no folder here, and no name that the hub has"):
        planned(f"model.target='{name}'")


# --- Adapters ---


def lora(base: str, **changed: object) -> tuple[str, dict[str, np.ndarray]]:
    """Write an adapter of rank 2 over one matrix; return what it adds to that weight."""
    weight = load_file(ZOO / base / "model.safetensors")["model.layers.0.mlp.down_proj.weight"]
    rng, (out, wide) = np.random.default_rng(0), weight.shape
    a, b = (rng.standard_normal(size).astype(np.float32) for size in ((2, wide), (out, 2)))
    folder = Path("lora")
    folder.mkdir()
    at = "base_model.model.model.layers.0.mlp.down_proj"
    save_file(
        {f"{at}.lora_A.weight": a, f"{at}.lora_B.weight": b}, folder / "adapter_model.safetensors"
    )
    told = {"peft_type": "LORA", "r": 2, "lora_alpha": 8, "target_modules": ["down_proj"]}
    told |= {"base_model_name_or_path": f"org/{base}", "task_type": "CAUSAL_LM", "bias": "none"}
    told |= {"layers_to_transform": [0]}
    (folder / "adapter_config.json").write_text(json.dumps({**told, **changed}))
    return "./lora", {"model.layers.0.mlp.down_proj.weight": 4 * (b @ a)}


def test_an_adapter_is_merged_to_the_bit_and_everything_else_stays():
    name, added = lora("gsm_draft")
    folder = ready_folder("zoo:gsm_draft", adapter=name)
    found, base = (load_file(one / "model.safetensors") for one in (folder, ZOO / "gsm_draft"))
    for weight, value in base.items():
        wanted = value.astype(np.float32) + added.get(weight, np.float32(0))
        assert np.allclose(found[weight], wanted, rtol=0, atol=1e-6), weight
    for file in ("tokenizer.json", "chat_template.jinja", "generation_config.json"):
        assert (folder / file).read_bytes() == (ZOO / "gsm_draft" / file).read_bytes()
    assert ready_folder("zoo:gsm_draft", adapter=name) == folder
    plain, merged = (
        list(
            HfEngine(ModelSpec(target="zoo:gsm_draft", adapter=one), EngineSpec()).generate(
                [ask(SAMPLE, "", GREEDY, 0)]
            )
        )
        for one in (None, name)
    )
    assert plain[0].completion_ids != merged[0].completion_ids


def test_an_adapter_is_in_the_fingerprint_by_content_and_otherwise_changes_no_name():
    name, _ = lora("gsm_target")
    models = ["model.target=zoo:gsm_target"]
    one, other = planned(*models), planned(*models, f"model.adapter={name}")
    assert not answers(one) & answers(other)
    shutil.copytree("lora", "moved")
    assert answers(planned(*models, "model.adapter=moved")) == answers(other)
    assert "adapter" not in ModelSpec(target="a").model_dump() and adapter_identity(None) == {}
    assert any("org/gsm_target" not in line and "is merged in" in line for line in other.notes)


def answers(plan: Plan) -> set[str]:
    return {node.fingerprint for node in plan.graph if node.stage.kind == "decode"}


ADAPTERS = {
    "another base": (
        "gsm_draft",
        {},
        r"does not fit .*down_proj.weight is .*made for org/gsm_draft",
    ),
    "another kind": ("gsm_target", {"peft_type": "IA3"}, r"of type IA3.*LORA alone"),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_that_does_not_fit_is_refused_before_anything_runs(name):
    base, changed, message = ADAPTERS[name]
    lora(base, **changed)
    with pytest.raises(LlmxError, match=message):
        planned("model.adapter=./lora")


@pytest.mark.parametrize("engine", ["openai", "vllm_server"])
def test_an_endpoint_takes_no_adapter(engine):
    name, _ = lora("gsm_target")
    words = [f"engine={engine}", "engine.base_url=http://127.0.0.1:9/v1", f"model.adapter={name}"]
    with pytest.raises(LlmxError, match=r"runs already: no model.adapter.*engine=hf"):
        planned(*words)


def test_what_is_no_adapter_says_what_is_missing(tmp_path):
    with pytest.raises(LlmxError, match=r"adapter_config.json is missing.*training wrote"):
        check_adapter("./nowhere", None)
    copied("gsm_draft")
    with pytest.raises(LlmxError, match=r"adapter_config.json is missing.*model.target=own"):
        check_adapter("./own", None)
    an = Path(lora("gsm_draft")[0])
    (an / "adapter_model.safetensors").rename(an / "adapter_model.bin")
    with pytest.raises(LlmxError, match=r"adapter_model.safetensors is missing.*as safetensors"):
        check_adapter("./lora", None)


# --- Without a chat template ---


def base_model(begins: bool = False) -> Path:
    folder = copied("gsm_target")
    (folder / "chat_template.jinja").unlink()
    if begins:
        path = folder / "tokenizer.json"
        told = json.loads(path.read_text())
        begin = {"SpecialToken": {"id": "<|begin|>", "type_id": 0}}
        told["post_processor"]["single"].insert(0, begin)
        told["post_processor"]["special_tokens"] = {
            "<|begin|>": {"id": "<|begin|>", "ids": [1], "tokens": ["<|begin|>"]}
        }
        path.write_text(json.dumps(told))
    return folder


@pytest.mark.parametrize("begins", [False, True])
def test_a_base_model_is_sent_the_plain_text_and_the_plan_says_so(begins):
    folder = base_model(begins)
    engine = HfEngine(ModelSpec(target=str(folder)), EngineSpec())
    request = ask(SAMPLE, "Answer.", GREEDY, 0, system="Be brief.")
    text = "Be brief.\n\nTom has 3 apples. How many?\n\nAnswer."
    assert engine.prompt_ids(request) == engine.pair.tokenizer(text)["input_ids"]
    assert (engine.prompt_ids(request)[0] == 1) is begins
    assert any(
        "no chat template: a question is sent as plain text" in line
        for line in planned("model.target=./own").notes
    )
    assert not any("template" in line for line in planned("arms=[greedy]").notes)


def test_a_base_model_takes_no_chat():
    engine = HfEngine(ModelSpec(target=str(base_model())), EngineSpec())
    turns = tuple(Message(role=role, content="x") for role in ("user", "assistant", "user"))
    with pytest.raises(LlmxError, match="no chat template: it takes a question, and no chat"):
        engine.prompt_ids(Request(id="1", messages=turns, sampler=GREEDY))


def test_an_engine_that_sends_chats_alone_refuses_a_base_model():
    base_model()
    assert planned("model.target=./own", "engine=vllm").left
    with pytest.raises(LlmxError, match=r"no chat template.*sends chats alone.*engine=hf"):
        planned("model.target=./own", "engine=vllm_server")


def test_a_run_of_a_base_model_passes_its_audit_and_its_manifest_says_what_was_sent():
    base_model(begins=True)
    words = ["scale=smoke", "arms=[greedy]", "model.target=./own"]
    found = api.run("gsm_answers", *words, runs="runs", limit=2, workers=1)
    manifest = json.loads(next(Path("runs").glob("*/manifest.json")).read_text())
    assert manifest["models"] == [
        "./own has no chat template: a question is sent as plain text, with nothing around it"
    ]
    audit = json.loads(next(Path("runs").glob("*/audit/greedy/audit.json")).read_text())
    passed = {one["check"]: one["passed"] for one in audit["checks"]}
    for check in ("question_sent", "prompt_template", "double_bos", "prompt_text", "vocabulary"):
        assert passed[check], check
    assert found is not None


def test_a_template_is_seen_wherever_it_stands():
    folder = base_model()
    assert not has_template(folder) and has_template(ZOO / "gsm_target")
    path = folder / "tokenizer_config.json"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "chat_template": "{{ messages }}"}))
    assert has_template(folder)
    for template in (None, "{{ messages }}"):
        write_gguf(Path("x.gguf"), ZOO / "gsm_draft", template=template)
        assert has_template(Path("x.gguf")) is (template is not None)
