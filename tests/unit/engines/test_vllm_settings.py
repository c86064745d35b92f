"""What vLLM's engine is told, and which interpreter runs it; without vLLM."""

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from llmx.core.errors import ConfigError, EngineError
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.engines.size import ZOO
from llmx.engines.vllm import interpreter
from llmx.engines.vllm.engine import VllmEngine
from llmx.engines.vllm.settings import engine_arguments

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
HUB = ModelSpec(target="a/big", draft="a/small", target_revision="1", draft_revision="2")


def told(model=PAIR, options=None, **sampler):
    spec = EngineSpec(kind="vllm", options=options or {}, batch_size=7)
    return engine_arguments(model, spec, SamplerSpec(**{"algorithm": "speculative", **sampler}), {})


def test_a_pair_is_told_to_vllm():
    found = told(gamma=3)
    assert found["model"] == str(ZOO / "gsm_target") and found["max_num_seqs"] == 7
    assert found["async_scheduling"] is False and found["enable_prefix_caching"] is True
    speculative = found["speculative_config"]
    assert speculative["model"] == str(ZOO / "gsm_draft")
    assert speculative["num_speculative_tokens"] == 3
    assert speculative["draft_sample_method"] == "probabilistic"


def test_one_model_alone_is_told_without_speculation():
    assert told(algorithm="target")["model"] == str(ZOO / "gsm_target")
    draft = told(algorithm="draft")
    assert draft["model"] == str(ZOO / "gsm_draft") and "speculative_config" not in draft


def test_thresholds_and_divergences_share_one_engine():
    settings = [{"threshold": 0.1}, {"threshold": 0.3, "divergence": "tv", "semantics": "union"}]
    first, second = (told(algorithm="fuzzy", **one) for one in settings)
    assert first == second == told() == told(algorithm="random", threshold=0.1)


def test_revisions_and_parallel_settings_go_through():
    found = told(HUB, {"tensor_parallel_size": 4, "pipeline_parallel_size": 2})
    assert found["revision"] == "1" and found["speculative_config"]["revision"] == "2"
    assert found["tensor_parallel_size"] == 4 and found["pipeline_parallel_size"] == 2
    assert found["speculative_config"]["draft_tensor_parallel_size"] == 4
    assert told(options={"data_parallel_size": 2})["data_parallel_size"] == 2
    assert told(options={"enable_prefix_caching": False})["enable_prefix_caching"] is False


def test_what_a_recipe_decides_is_no_option():
    with pytest.raises(ConfigError, match=r"engine\.options\.dtype.*engine\.dtype"):
        told(options={"dtype": "float16"})


def test_a_stop_is_refused_in_one_line_by_what_drafts():
    spec = EngineSpec(kind="vllm")
    for algorithm in ("speculative", "ensemble"):
        with pytest.raises(ConfigError, match=r"sampler\.stop_below") as caught:
            VllmEngine.check(SamplerSpec(algorithm=algorithm, stop_below=0.3), spec)
        assert "\n" not in str(caught.value) and "engine=hf" in str(caught.value)
        VllmEngine.check(SamplerSpec(algorithm=algorithm), spec)
    for algorithm in ("target", "draft"):  # they never read it
        VllmEngine.check(SamplerSpec(algorithm=algorithm, stop_below=0.3), spec)
    with pytest.raises(ConfigError, match=r"sampler\.stop_below"):
        sampler = SamplerSpec(algorithm="speculative", stop_below=0.3)
        VllmEngine(PAIR, spec).start(sampler)


@pytest.mark.parametrize("algorithm", ["block", "typical", "fly", "cascade"])
def test_a_rule_that_the_plugin_lacks_is_refused_in_one_line(algorithm):
    sampler = SamplerSpec(
        algorithm=algorithm, threshold=None if algorithm == "block" else 0.1, gamma=5
    )
    with pytest.raises(ConfigError, match=f"no rule for .*{algorithm}") as caught:
        VllmEngine.check(sampler, EngineSpec(kind="vllm"))
    assert "\n" not in str(caught.value) and "engine=hf" in str(caught.value)


def test_options_are_meaning_unless_they_are_the_machines():
    def identity(**options):
        return VllmEngine.identity(PAIR, EngineSpec(kind="vllm", options=options))

    assert identity() != identity(block_size=32)
    assert identity() == identity(gpu_memory_utilization=0.5)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(interpreter.VARIABLE, raising=False)
    monkeypatch.setattr(interpreter, "CHECKOUT", tmp_path / "checkout")
    monkeypatch.setattr(interpreter.sys, "prefix", str(tmp_path / "made" / ".venv"))
    monkeypatch.setattr(interpreter, "find_spec", lambda name: None)
    return tmp_path


def make(folder: Path) -> Path:
    path = folder / ".venv-vllm" / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.touch()
    return path


def test_the_interpreter_is_found_in_its_order(nowhere, monkeypatch):
    with pytest.raises(EngineError, match="make vllm-cpu"):
        interpreter.find_interpreter()
    monkeypatch.setattr(interpreter, "find_spec", lambda name: ModuleSpec(name, None))
    with pytest.raises(EngineError, match="make vllm-cpu"):  # a folder that is called vllm
        interpreter.find_interpreter()
    monkeypatch.setattr(interpreter, "find_spec", lambda name: ModuleSpec(name, None, origin=name))
    assert interpreter.find_interpreter() == Path(sys.executable)
    own = make(nowhere / "made")
    assert interpreter.find_interpreter() == own
    beside = make(nowhere / "checkout")
    assert interpreter.find_interpreter() == beside
    monkeypatch.setenv(interpreter.VARIABLE, str(own))
    assert interpreter.find_interpreter() == own
    assert interpreter.find_interpreter(str(beside)) == beside


@pytest.mark.parametrize("folder", [".", "..", "a", ".venv"])
def test_no_program_of_the_folder_that_somebody_works_in_is_one(nowhere, monkeypatch, folder):
    (nowhere / "of a stranger" / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(nowhere / "of a stranger")
    make(Path(folder))
    with pytest.raises(EngineError, match="no Python with vLLM"):
        interpreter.find_interpreter()
    monkeypatch.setattr(interpreter, "find_spec", lambda name: ModuleSpec(name, None, origin=name))
    assert interpreter.find_interpreter() == Path(sys.executable)


def test_without_a_virtual_environment_nothing_lies_beside_it(nowhere, monkeypatch):
    make(nowhere / "made")
    monkeypatch.setattr(interpreter.sys, "base_prefix", interpreter.sys.prefix)
    with pytest.raises(EngineError, match="no Python with vLLM"):
        interpreter.find_interpreter()


def test_a_recipe_of_the_folder_it_lies_in_runs_no_program_there(nowhere):
    """The whole command: a stranger's folder with a recipe for vLLM and a program in its place."""
    from typer.testing import CliRunner

    from llmx.cli.app import app

    program = make(nowhere)
    program.write_text("#!/bin/sh\ntouch ran\n")
    program.chmod(0o755)
    words = ["run", "recipe=gsm_answers", "engine=vllm", "scale=smoke", "--runs", "runs"]
    done = CliRunner().invoke(app, [*words, "arms=[greedy]", "--workers", "1", "--quiet"])
    assert done.exit_code == 2 and "no Python with vLLM is found" in done.stderr
    assert not (nowhere / "ran").exists()


@pytest.mark.parametrize("by", ["engine.python", "variable"])
def test_an_interpreter_that_is_not_there_is_refused_by_name(nowhere, monkeypatch, by):
    monkeypatch.setenv(interpreter.VARIABLE, "" if by == "engine.python" else "gone/python")
    with pytest.raises(EngineError, match=r"gone/python is no interpreter"):
        interpreter.find_interpreter("gone/python" if by == "engine.python" else None)


def test_the_worker_runs_the_same_code_with_the_asked_threads():
    found = interpreter.environment(threads=3)
    assert found["OMP_NUM_THREADS"] == "3"
    assert found["PYTHONPATH"].startswith(str(interpreter.CHECKOUT))
