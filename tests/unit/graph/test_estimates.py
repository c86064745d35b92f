"""How long a plan says that answers take, what that rests on, and what it never changes."""

import json
import struct
from dataclasses import replace
from itertools import pairwise, product

import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.config.compose import compose
from llmx.core import user_cache
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec
from llmx.engines.published import _LIST, published
from llmx.engines.size import ModelSize
from llmx.graph.folder import folder_for
from llmx.runs.run import plan
from llmx.stages.budget import estimate, seconds_per_problem, size_problems, step_seconds
from llmx.store import machine as machines
from llmx.store.machine import ASSUMED, ASSUMED_GPU, keep_rates, machine_rates

RATES = replace(ASSUMED, measured=True)
SLOW = replace(RATES, bandwidth=1.0, operations=1.0, call=9.0)
KERNELS = ("torch", "native-1")
# Layers, hidden, feed-forward, heads, key-value heads, dimension, vocabulary.
SMALL, MIDDLE, LARGE = (
    (4, 128, 256, 4, 4, 32, 1536),
    (30, 576, 1536, 9, 3, 64, 49152),
    (32, 4096, 14336, 32, 8, 128, 128256),
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("llmx.stages.budget.device_memory", lambda device: 2**40)


@pytest.fixture
def folder(tmp_path):
    """Write the configuration of a Llama and the header of its weights: as large as it says."""

    def write(shape, name="model"):
        layers, hidden, wide, heads, shared, dim, words = shape
        place = tmp_path / f"{name}-{layers}-{hidden}"
        place.mkdir()
        config = {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
            "num_hidden_layers": layers, "hidden_size": hidden, "intermediate_size": wide,
            "num_attention_heads": heads, "num_key_value_heads": shared, "head_dim": dim,
            "vocab_size": words, "tie_word_embeddings": True, "max_position_embeddings": 8192,
            "rms_norm_eps": 1e-5, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4},
        }  # fmt: skip
        (place / "config.json").write_text(json.dumps(config))
        layer = hidden * dim * 2 * (heads + shared) + 3 * hidden * wide
        shapes = {"all": [words * hidden + layers * layer]}
        header = {
            k: {"dtype": "F32", "shape": v, "data_offsets": [0, 0]} for k, v in shapes.items()
        }
        text = json.dumps(header).encode()
        (place / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)
        return str(place)

    return write


def arm(target, draft=None, algorithm="target", engine=None, data=None, **sampler):
    return ArmSpec(
        model=ModelSpec(target=target, draft=draft),
        sampler=SamplerSpec(algorithm=algorithm, **sampler),
        engine=EngineSpec(**{"kernel": "torch", "device": "cpu", **(engine or {})}),
        data=data,
    )


def seconds(*given, problems=64, **named):
    return estimate(arm(*given, **named), problems).seconds


# Laws of a step


@pytest.mark.parametrize("rates", [ASSUMED, ASSUMED_GPU, SLOW])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_larger_model_a_wider_step_and_wider_weights_are_never_faster(rates, kernel):
    forward = rates.forwards.get(kernel) or rates.forwards["torch"]
    grid = product((2, 30, 80), (10**5, 10**8, 10**11))
    sizes = [ModelSize(layers=layers, parameters=weights) for layers, weights in grid]
    for tokens in (1, 8, 512):
        for size in sizes:
            taken = step_seconds(size, tokens, 2, rates, forward)
            more = replace(size, parameters=3 * size.parameters)
            deeper = replace(size, layers=size.layers + 1)
            assert step_seconds(more, tokens, 2, rates, forward) > taken > 0
            assert step_seconds(deeper, tokens, 2, rates, forward) > taken
            assert step_seconds(size, 2 * tokens, 2, rates, forward) >= taken
            assert step_seconds(size, tokens, 4, rates, forward) >= taken


@pytest.mark.parametrize("kernel", KERNELS)
def test_one_token_costs_at_least_the_reading_of_all_weights(kernel):
    size = ModelSize(layers=1, parameters=10**9)
    taken = step_seconds(size, 1, 4, ASSUMED, ASSUMED.forwards[kernel])
    assert taken >= 4 * 10**9 / ASSUMED.bandwidth


# Laws of answers


@pytest.mark.parametrize("kernel", ["torch", "auto"])
@pytest.mark.parametrize("algorithm", ["target", "speculative", "block"])
def test_a_larger_model_is_never_planned_faster(folder, kernel, algorithm):
    draft = None if algorithm == "target" else folder(SMALL, "draft")
    models = [folder(shape) for shape in (SMALL, MIDDLE, LARGE)]
    for rows in (1, 8, 64):
        engine = {"kernel": kernel, "batch_size": rows}
        found = [seconds(one, draft, algorithm, engine) for one in models]
        assert all(one < other for one, other in pairwise(found))
        fixed = [seconds_per_problem(arm(one, draft, algorithm, engine)) for one in models]
        assert all(one < other for one, other in pairwise(fixed))


@pytest.mark.parametrize("model", ["zoo:gsm_target", MIDDLE, "meta-llama/Llama-3.1-8B-Instruct"])
def test_more_tokens_more_problems_and_longer_prompts_are_never_cheaper(folder, model):
    name = model if isinstance(model, str) else folder(model)
    tokens = [seconds(name, max_tokens=count) for count in (1, 16, 64, 128, 512, 4096)]
    assert tokens == sorted(tokens) and tokens[0] < tokens[2]
    problems = [seconds(name, problems=count) for count in (1, 8, 64, 1000)]
    assert all(one < other for one, other in pairwise(problems))
    told = [DataSpec(kind="gsm_symbolic", preamble="x" * size) for size in (0, 400, 4000)]
    prompts = [seconds(name, data=data) for data in told]
    assert all(one < other for one, other in pairwise(prompts))


def test_a_batch_is_cheaper_than_its_rows_alone(folder):
    name = folder(MIDDLE)
    assert seconds(name, engine={"batch_size": 8}) < seconds(name, engine={"batch_size": 1})


def test_a_target_and_its_draft_cost_more_than_the_draft_alone(folder):
    target, draft = folder(MIDDLE), folder(SMALL, "draft")
    assert seconds(target, draft, "speculative") > seconds(target, draft, "draft")


# Sizes where they are known


def test_what_135_million_parameters_take_is_of_the_measured_order(folder):
    """On two cores of a Xeon: 8 problems of 160 tokens took 14 s compiled, 30 s through torch."""
    name = folder(MIDDLE)
    engine = {"kernel": "auto"}
    assert 14 / 2 < seconds(name, engine=engine, problems=8, max_tokens=160) < 14 * 2
    assert 30 / 2 < seconds(name, problems=8, max_tokens=160) < 30 * 2


def laptop(target, *words):
    words = (f"model.target={target}", "model.draft=null", "engine.kernel=torch", *words)
    spec = size_problems(compose("gsm_answers", list(words)), None)
    return spec, {one.scale.problems for one in spec.arms.values()}


def test_a_model_gets_as_many_problems_as_its_size_affords(folder):
    counts = [laptop(name)[1].pop() for name in (folder(SMALL), folder(MIDDLE), folder(LARGE))]
    assert counts == sorted(counts, reverse=True) and counts[1:] == [32, 32] and counts[0] > 100
    assert laptop("zoo:gsm_target")[1].pop() > 100


def test_a_hub_model_of_published_size_gets_as_many_as_its_folder(folder):
    listed = laptop("HuggingFaceTB/SmolLM2-135M-Instruct", "scale.budget_seconds=2000")[1]
    assert listed == laptop(folder(MIDDLE), "scale.budget_seconds=2000")[1] != {32}


def test_a_hub_model_of_no_known_size_gets_the_fewest():
    assert laptop("Org/model-70B")[1] == {32}
    assert laptop("Org/model-70B", "scale.budget_seconds=null")[1] == {1200}
    elsewhere = ("engine=openai", "engine.base_url=https://127.0.0.1:1/v1")
    words = ["model.target=NAME", "model.draft=null", *elsewhere]
    spec = size_problems(compose("gsm_answers", words), None)
    assert {one.scale.problems for one in spec.arms.values()} == {576}


def test_no_measurement_changes_what_is_asked_or_a_name(folder, tmp_path):
    name = folder(MIDDLE)
    before = laptop(name, "scale.budget_seconds=2000")
    assumed = estimate(before[0].arms["greedy"], 8).seconds
    keep_rates(SLOW)
    after = laptop(name, "scale.budget_seconds=2000")
    assert before == after and folder_for(tmp_path, before[0]) == folder_for(tmp_path, after[0])
    assert estimate(after[0].arms["greedy"], 8).seconds > 100 * assumed


@pytest.mark.parametrize("name", json.loads(_LIST.read_text()))
def test_a_published_size_is_the_sum_of_its_shapes(name):
    """Embedding, head, norms, and of each layer its seven products, norms and biases."""
    row = json.loads(_LIST.read_text())[name]
    hidden, heads, shared = row["hidden"], row["heads"], row["kv_heads"]
    width, keys = heads * row["head_dim"], shared * row["head_dim"]
    bias = width + 2 * keys if row["qkv_bias"] else 0
    products = 2 * hidden * (width + keys) + 3 * hidden * row["intermediate"]
    layers = row["layers"] * (products + bias + row["norms"] * hidden)
    tables = (1 if row["tied"] else 2) * row["vocabulary"] * hidden
    assert row["parameters"] == tables + layers + hidden
    found = published(name)
    assert found is not None and found.size.parameters == row["parameters"]
    assert found.size.kv_width == keys and found.gated is (name.split("/")[0] in GATED)
    assert name in found.source


GATED = {"meta-llama", "google"}


# Rates that were kept


def test_rates_are_kept_and_found_again():
    assert machine_rates() == ASSUMED and not ASSUMED.measured
    keep_rates(SLOW)
    assert machine_rates() == SLOW


def kept(**changes):
    keep_rates(RATES)
    return {**json.loads(user_cache.load("rates.json")), **changes}


def of_rates(**changes):
    found = kept()
    return {**found, "rates": {**found["rates"], **changes}}


STEP = dict.fromkeys(("step", "layer", "operations", "prompt", "start", "load"), 1.0)
DAMAGED = {
    "empty": lambda: b"",
    "cut": lambda: json.dumps(kept()).encode()[:-9],
    "zeros": lambda: bytes(400),
    "no UTF-8": lambda: b"\xff\xfe",
    "a list": lambda: b"[1]",
    "null": lambda: b"null",
    "nested without end": lambda: b"[" * 10**5,
    "another machine": lambda: kept(machine={"cores": 96}),
    "no machine": lambda: {"rates": kept()["rates"]},
    "no rates": lambda: kept(rates=None),
    "a rate that lacks": lambda: kept(rates={"bandwidth": 1.0}),
    "a text": lambda: of_rates(bandwidth="fast"),
    "below zero": lambda: of_rates(bandwidth=-1.0),
    "nothing a second": lambda: of_rates(bandwidth=0.0),
    "true": lambda: of_rates(call=True),
    "not finite": lambda: json.dumps(of_rates(call=float("nan"))).encode(),
    "infinite": lambda: json.dumps(of_rates(operations=float("inf"))).encode(),
    "no forward": lambda: of_rates(forwards={}),
    "no forward of torch": lambda: of_rates(forwards={"native-1": STEP}),
    "a forward that lacks": lambda: of_rates(forwards={"torch": {"step": 1.0}}),
    "a forward with more": lambda: of_rates(forwards={"torch": {**STEP, "more": 1.0}}),
    "a forward that calculates nothing": lambda: of_rates(
        forwards={"torch": {**STEP, "operations": 0.0}}
    ),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_file_that_is_damaged_or_of_another_machine_counts_for_nothing(kind):
    made = DAMAGED[kind]()
    user_cache.save("rates.json", made if isinstance(made, bytes) else json.dumps(made).encode())
    assert machine_rates() == ASSUMED


def test_a_cache_folder_that_cannot_be_is_no_error(monkeypatch):
    monkeypatch.setenv("LLMX_CACHE", "/dev/null/cache")
    keep_rates(RATES)
    assert machine_rates() == ASSUMED


# What it rests on, and where nobody knows


def test_what_an_estimate_rests_on_is_said():
    name = "zoo:gsm_target"
    assert "doctor --bench" in estimate(arm(name), 4).basis
    keep_rates(RATES)
    assert estimate(arm(name), 4).basis == "by rates measured on this machine"
    on_gpu = estimate(arm(name, engine={"device": "cuda"}), 4)
    assert "A100" in on_gpu.basis and on_gpu.seconds > 0
    there = {"kind": "openai", "base_url": "https://127.0.0.1:1/v1"}
    assert estimate(arm("any", engine=there), 4).basis.startswith("assumed: 2 s")


def test_a_machine_with_a_gpu_is_not_estimated_by_its_processor(monkeypatch):
    monkeypatch.setattr("llmx.stages.budget.machine", lambda: {"accelerators": ["A"], "cores": 2})
    found = estimate(arm("zoo:gsm_target", engine={"device": "auto"}), 4)
    assert "A100" in found.basis
    assert "A100" not in estimate(arm("zoo:gsm_target", engine={"device": "cpu"}), 4).basis


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (arm("Org/model"), "Org/model is not here"),
        (arm("zoo:gsm_target", "Org/draft", "speculative"), "Org/draft is not here"),
        (arm("stage:sft"), "still to be trained"),
        (arm("zoo:gsm_target", engine={"kind": "scripted", "script": "x"}), "engine 'scripted'"),
    ],
)
def test_what_nobody_knows_is_not_known_and_why(given, why):
    found = estimate(given, 4)
    assert found.seconds is None and why in found.unknown


def test_no_rate_is_of_a_model_that_the_machine_cannot_hold(folder, monkeypatch):
    name, size = folder(MIDDLE), 4 * 134_479_872
    for device, has, known in (("cpu", size, True), ("cpu", size - 1, False), ("cuda", 1, True)):
        monkeypatch.setattr("llmx.stages.budget.device_memory", lambda _, has=has: has)
        found = estimate(arm(name, engine={"device": device}), 4)
        assert (found.seconds is not None) is known
        assert known or "do not fit into this machine (0.5 GB)" in found.unknown


def test_a_draft_that_no_arm_uses_leaves_the_time_known():
    assert seconds("zoo:gsm_target", "Org/draft", "target") > 0


def test_a_plan_says_where_its_time_is_from(tmp_path):
    words = ("arms=[greedy]", "model.draft=null", "scale.problems=8")
    drawn = plan(compose("gsm_answers", list(words)), runs=tmp_path)
    assert not drawn.unknown and drawn.basis and drawn.seconds > 0 and drawn.needs == ()
    hub = plan(compose("gsm_answers", [*words, "model.target=Org/model"]), runs=tmp_path)
    (why,) = hub.unknown
    assert "Org/model" in why and hub.unknown[why] == ["generate greedy"]
    assert hub.needs == ("needs Org/model: its size and licence are not known to llmx",)


def test_a_plan_of_a_hub_model_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr("llmx.graph.needs.device_memory", lambda device: 32 * 10**9)
    monkeypatch.setattr("llmx.graph.needs.find_spec", lambda name: None)
    words = ["arms=[target,sd]", "scale=paper"]
    lines = plan(compose("fsd_gsm8k", words), runs=tmp_path).needs
    told = "\n".join(lines)
    assert "Llama-3.1-70B-Instruct: 70.6 B parameters, 141.1 GB of 16-bit weights; gated" in told
    assert "Llama-3.1-8B-Instruct: 8.0 B parameters, 16.1 GB" in told
    assert "arm sd takes" in told and "weights 157.2 GB" in told and "3 GPUs of 80 GB" in told
    assert "GPU-hours (assumed: an A100" in told
    assert "datasets is missing: " in told
    assert "[hub]" in told


def test_what_this_machine_holds_needs_no_gpu(tmp_path, monkeypatch):
    words = ["arms=[greedy]", "model.target=HuggingFaceTB/SmolLM2-135M-Instruct"]
    spec = compose("gsm_answers", [*words, "model.draft=null", "scale.problems=4"])
    monkeypatch.setattr("llmx.graph.needs.device_memory", lambda device: 2**34)
    (line,) = plan(spec, runs=tmp_path).needs
    assert line.endswith("135 M parameters, 538.1 MB of float32 weights")
    monkeypatch.setattr("llmx.graph.needs.device_memory", lambda device: 2**28)
    assert "one GPU of 80 GB" in "\n".join(plan(spec, runs=tmp_path).needs)


def test_models_of_others_need_nothing_here(tmp_path):
    words = ["scale=paper", "judge.url=https://127.0.0.1:1/v1"]
    assert plan(compose("staircase_alpaca_eval", words), runs=tmp_path).needs == ()


def test_a_training_names_what_it_starts_from(tmp_path):
    lines = plan(compose("backtracking_countdown", ["scale=paper"]), runs=tmp_path).needs
    assert [line for line in lines if line.startswith("needs Qwen/Qwen2.5-3B-Instruct: 3.1 B")]


# What is printed


def printed(*words):
    done = CliRunner().invoke(app, [*words])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_a_dry_run_never_says_at_least_of_what_nobody_knows(tmp_path):
    words = ["run", "recipe=gsm_answers", "arms=[greedy]", "--dry-run", "--runs", str(tmp_path)]
    own = ["model.draft=null", "scale.problems=8"]
    told = printed(*words, *own)
    assert "estimated time" in told and "doctor --bench" in told and "not known" not in told
    keep_rates(RATES)
    assert "measured on this machine" in printed(*words, *own)
    told = printed(*words, *own, "model.target=Org/model")
    assert "estimated time not known: generate greedy: Org/model is not here" in told
    assert "the other stages take" in told and "at least" not in told


def test_the_doctor_measures_and_shows_what_it_found(monkeypatch, tmp_path):
    monkeypatch.setattr("llmx.engines.bench.measure", lambda: replace(RATES, bandwidth=7.5e9))
    assert "rates of a core assumed" in printed("doctor", "--runs", str(tmp_path))
    told = printed("doctor", "--bench", "--runs", str(tmp_path))
    assert "rates of a core measured" in told and "7.5 GB/s" in told
    monkeypatch.setenv("LLMX_CACHE", "/dev/null/cache")
    assert "were not kept" in printed("doctor", "--bench", "--runs", str(tmp_path))


# The measurement itself


def test_a_measurement_finds_rates_of_every_forward(monkeypatch):
    from llmx.engines import bench
    from llmx.engines.native.build import trouble

    short = {"_REPEATS": 1, "_STEPS": 2, "_FEW": 2, "_PROMPT": 8, "_READ": 2**20, "_SQUARE": 64}
    for name, value in {**short, "_CALLS": 100}.items():
        monkeypatch.setattr(bench, name, value)
    found = bench.measure()
    assert found.measured and min(found.bandwidth, found.operations, found.call) > 0
    assert set(found.forwards) == {"torch"} if trouble() else set(KERNELS)
    for forward in found.forwards.values():
        assert min(forward.operations, forward.prompt, forward.load) > 0
        assert min(forward.step, forward.layer, forward.start) >= 0
    keep_rates(found)
    assert machine_rates() == found


def test_the_machine_stands_beside_the_rates():
    keep_rates(RATES)
    assert json.loads(user_cache.load("rates.json"))["machine"] == machines.machine()
