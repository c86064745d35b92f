"""A recipe names no program and loads no code; what it may set of vLLM, TRL and peft is a list."""

from pathlib import Path

import pytest
from recipes_of_strangers import ARMS, STAGES, line_of, stranger
from typer.testing import CliRunner, Result

from llmx.config.compose import compose
from llmx.config.edge import Assignment, Origins
from llmx.config.outside import LORA, TRAINING_TEXTS, VLLM_OPTIONS
from llmx.core.errors import ConfigError

SCRIPT = "#!/bin/sh\necho ran >> PAYLOAD\n"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    payload = folder / "payload.sh"
    payload.write_text(SCRIPT)
    payload.chmod(0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LLMX_CONFIG", str(folder / "config"))
    monkeypatch.setenv("COLUMNS", "300")
    return folder


def refused(path: Path, *words: str) -> str:
    with pytest.raises(ConfigError) as found:
        compose(str(path), words)
    return str(found.value)


# Everything of vLLM that imports what it names, opens a file or a connection, or runs a plugin.
OPTIONS = {
    "trust_remote_code": "true",
    "worker_cls": "evil.Worker",
    "worker_extension_cls": "evil.Extension",
    "scheduler_cls": "evil.Scheduler",
    "logits_processors": "[evil.Processor]",
    "distributed_executor_backend": "evil.Executor",
    "io_processor_plugin": "evil",
    "reasoning_parser_plugin": "/tmp/evil.py",
    "load_format": "pt",
    "allowed_local_media_path": "/",
    "model_class_overrides": "{LlamaForCausalLM: 'evil:Model'}",
    "hf_overrides": "{auto_map: {AutoConfig: evil.C}}",
    "kv_transfer_config": "{kv_connector_module_path: evil}",
    "compilation_config": "{backend: evil.compile}",
    "log_config_file": "evil.json",
    "otlp_traces_endpoint": "http://evil.example",
    "master_addr": "evil.example",
    "hf_config_path": "/tmp/evil",
    "tokenizer": "evil/tokenizer",
    "download_dir": "/tmp/evil",
    "model_loader_extra_config": "{a: 1}",
    "generation_config": "/tmp/evil",
    "additional_config": "{a: 1}",
    "a_setting_of_a_later_version": "1",
    "quantization": "../evil",
    "kv_cache_dtype": "--trust-remote-code",
    "speculative_config": "{model: evil/draft}",
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("engine", ["vllm", "vllm_server"])
def test_a_file_sets_nothing_of_vllm_that_is_not_listed(tmp_path, name, engine):
    path = stranger(tmp_path, f"engine:\n  options:\n    {name}: {OPTIONS[name]}", engine)
    text = refused(path)
    assert f"{line_of(path, name + ':')}: engine.options.{name}: not among" in text


def test_what_is_listed_may_be_set(tmp_path):
    own = "engine: {options: {tensor_parallel_size: 2, max_model_len: 512, kv_cache_dtype: fp8}}"
    (arm,) = compose(str(stranger(tmp_path, own))).arms.values()
    assert arm.engine.options == {
        "tensor_parallel_size": 2,
        "max_model_len": 512,
        "kv_cache_dtype": "fp8",
    }


def test_what_the_user_types_is_his(tmp_path):
    path = stranger(tmp_path)
    words = ["engine.python=/usr/bin/python3", "engine.options.scheduler_cls=mine.Scheduler"]
    (arm,) = compose(str(path), words).arms.values()
    assert arm.engine.python == "/usr/bin/python3"
    assert arm.engine.options == {"scheduler_cls": "mine.Scheduler"}
    (arm,) = compose(str(path), [f"arms.greedy.{words[0]}"]).arms.values()
    assert arm.engine.python == "/usr/bin/python3"


GROUP = "kind: vllm\npython: ./payload.sh\nbatch_size: 1\noptions: {}\n"
PLACES = {
    "a section": {"own": "engine: {python: ./payload.sh}"},
    "an arm": {"arms": "arms:\n  greedy: [sampler=greedy, engine.python=./payload.sh]\n"},
    "a scale": {"own": "scales:\n  smoke: [engine.python=./payload.sh]\n"},
    "another's value": {
        "own": "engine: {python: '${engine.served_model}', served_model: ./payload.sh}"
    },
    "a dotted key": {"own": "engine: {'options.worker_cls': evil.Worker}"},
    "an option as a whole": {
        "arms": "arms:\n  greedy: [sampler=greedy, 'engine.options={worker_cls: evil}']\n"
    },
}


@pytest.mark.parametrize("place", PLACES)
def test_it_makes_no_difference_where_a_file_says_it(tmp_path, place):
    text = refused(stranger(tmp_path, **PLACES[place]), "scale=smoke")
    assert "a file names no program" in text or "not among" in text
    assert "stranger.yaml:" in text


def test_a_group_of_the_strangers_is_a_file_too(tmp_path):
    path = stranger(tmp_path, engine="theirs")
    group = path.parent / "_groups" / "engine" / "theirs.yaml"
    group.parent.mkdir(parents=True)
    group.write_text(GROUP)
    assert "theirs.yaml:2: engine.python: a file names no program" in refused(path)
    plain = stranger(tmp_path)
    assert "theirs.yaml:2: engine.python" in refused(plain, "engine=theirs")


def test_a_group_that_only_inherits_names_the_part(tmp_path):
    path = stranger(tmp_path, engine="theirs")
    folder = path.parent / "_groups" / "engine"
    folder.mkdir(parents=True)
    (folder / "_part.yaml").write_text("\n" + GROUP)
    (folder / "theirs.yaml").write_text("defaults: [_part, _self_]\nbatch_size: 2\n")
    assert "_part.yaml:3: engine.python" in refused(path)


def test_a_voice_is_an_engine(tmp_path):
    own = """\
ensemble:
  proposers: [a]
  aggregator: a
  voices:
    a:
      model: {target: "zoo:gsm_target"}
      engine: {kind: vllm, python: ./payload.sh}
"""
    path = stranger(tmp_path, own, engine="hf")
    assert f"{line_of(path, 'payload')}: ensemble.voices.a.engine.python" in refused(path)


def test_a_typed_key_covers_no_value_that_a_file_puts_over_it(tmp_path):
    # The arm stands above the command line: what it sets as a whole is not what the user typed.
    arms = "arms:\n  greedy: [sampler=greedy, 'engine.options={worker_cls: evil.Worker}']\n"
    text = refused(stranger(tmp_path, arms=arms), "engine.options.worker_cls=mine.Worker")
    assert "engine.options.worker_cls: not among" in text


def test_a_key_that_a_file_sets_again_is_the_files():
    def given(key: str, typed: bool) -> Assignment:
        return Assignment(key, (1,), f"{key}=1", "somewhere", typed)

    key = "engine.options.worker_cls"
    origins = Origins.of([given(key, True)])
    assert origins.is_typed(key) and not origins.is_typed("engine.options.other")
    assert not Origins.of([given(key, True), given(key, False)]).is_typed(key)
    assert not Origins.of([given(key, True), given("engine.options", False)]).is_typed(key)
    assert Origins.of([given(key, False), given("engine.options", True)]).is_typed(key)


def test_a_file_cannot_say_that_the_user_named_it(tmp_path):
    path = stranger(tmp_path, "engine: {address_by: user}")
    assert "unknown key 'engine.address_by'" in refused(path)
    for word in ("engine.trust_remote_code=true", "engine.key_by=user"):
        assert "unknown key" in refused(stranger(tmp_path), word)
    group = path.parent / "_groups" / "engine" / "theirs.yaml"
    group.parent.mkdir(parents=True)
    group.write_text(
        "kind: openai\nbase_url: https://evil.example/v1\naddress_by: user\n"
        "trust_remote_code: true\n"
    )
    (arm,) = compose(str(stranger(tmp_path, engine="theirs"))).arms.values()
    assert (arm.engine.address_by, arm.engine.trust_remote_code) == ("file", False)


def test_a_file_name_is_no_command_line(tmp_path):
    folder = tmp_path / "command line, arm greedy"
    folder.mkdir()
    assert "a file names no program" in refused(stranger(folder, "engine: {python: ./payload.sh}"))


TRAINED = """\
stages:
  sft:
    kind: sft
    over: arm
"""
STAGE_OPTIONS = {
    "accelerate": "./evil.yaml",
    "settings": "{vllm_server_host: evil.example}",
    "settings ": "{vllm_server_base_url: 'http://evil.example'}",
    "settings  ": "{model_init_kwargs: {attn_implementation: evil/kernel}}",
    "settings   ": "{model_init_kwargs: {use_safetensors: false}}",
    "settings    ": "{optim: evil_optimizer}",
    "settings     ": "{chat_template_path: /etc/passwd}",
    "settings      ": "{lr_scheduler_type: ../x}",
    "settings       ": "{torch_compile_backend: evil}",
    "lora": "{megatron_core: evil}",
    "lora ": "{r: 4, auto_mapping: {parent_library: evil}}",
}


@pytest.mark.parametrize("option", STAGE_OPTIONS)
def test_a_file_sets_nothing_of_a_training_that_is_not_listed(tmp_path, option):
    stages = f"{TRAINED}    {option.strip()}: {STAGE_OPTIONS[option]}\n"
    path = stranger(tmp_path, stages=stages, engine="hf")
    text = refused(path)
    assert f"stages.sft.{option.strip()}" in text
    assert f"{line_of(path, option.strip() + ':')}:" in text


def test_the_user_may_type_what_a_training_takes(tmp_path):
    stages = f"{TRAINED}    accelerate: null\n    settings: {{max_steps: 1, optim: adamw_torch}}\n"
    path = str(stranger(tmp_path, stages=stages, engine="hf"))
    words = ["stages.sft.accelerate=mine.yaml", "stages.sft.settings.optim=mine.optim"]
    (stage,) = compose(path, words).stages
    assert stage.options["accelerate"] == "mine.yaml"
    assert stage.options["settings"]["optim"] == "mine.optim"


def test_the_lists_hold_nothing_that_is_known_to_load_code():
    doubtful = {"cls", "plugin", "backend", "processors", "config", "path", "dir", "host"}
    for name in VLLM_OPTIONS | TRAINING_TEXTS | LORA:
        assert not doubtful & set(name.split("_")), name


def run(*words: str) -> Result:
    from llmx.cli.app import app

    return CliRunner().invoke(app, list(words), prog_name="llmx")


def test_every_verb_says_so_with_file_and_line_and_runs_nothing(tmp_path, alone):
    path = stranger(tmp_path, "engine: {python: ./payload.sh}")
    place = line_of(path, "payload")
    named = f"recipe={path}"
    for words in (
        ("run", named, "scale=smoke"),
        ("run", named, "scale=smoke", "--dry-run"),
        ("validate", str(path)),
        ("serve", named, "--port", "0"),
        ("describe", str(path)),
        ("list", "--recipes", str(path.parent)),
    ):
        done = run(*words)
        told = done.stdout + done.stderr
        assert f"{place}: engine.python" in told or (place in told and "engine.python" in told)
        assert done.exit_code == (0 if words[0] in ("describe", "list") else 2), words
        assert "Traceback" not in told
    assert not (alone / "PAYLOAD").exists()


def test_arms_and_voices_are_told_of_too(tmp_path):
    arms = "arms:\n  greedy: [sampler=greedy, engine.options.worker_cls=evil.Worker]\n"
    path = stranger(tmp_path, arms=arms)
    told = " ".join(run("describe", str(path)).stdout.split())
    assert "engine.options.worker_cls: refused" in told and line_of(path, "worker_cls") in told
    harmless = stranger(tmp_path)
    assert "outside of llmx" not in run("describe", str(harmless)).stdout
    assert STAGES in harmless.read_text() and ARMS in harmless.read_text()
