"""A recipe from calibration to its report on vLLM; the verb that compares engines."""

import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.config.compose import compose
from llmx.runs import run
from llmx.store.files import read_json, read_lines


@pytest.fixture
def llmx(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *words: CliRunner().invoke(app, list(words), prog_name="llmx")


def test_parity_of_our_loop_and_vllm(vllm_python, llmx, monkeypatch):
    monkeypatch.setenv("LLMX_VLLM_PYTHON", str(vllm_python))
    done = llmx("parity", "zoo:gsm_target", "--engines", "hf,vllm", "-n", "32", "-q")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("hf and vllm: ")
    agreeing = int(done.stdout.split()[3])
    assert agreeing >= 28
    if agreeing < 32:
        assert " 0 of " in f" {done.stdout.splitlines()[-1]}"


def test_doctor_finds_vllm(vllm_python, llmx, monkeypatch):
    monkeypatch.setenv("LLMX_VLLM_PYTHON", str(vllm_python))
    told = llmx("doctor").stdout
    # How long the path is depends on where the checkout lies: the cell may take several lines.
    row = told[told.index("\n vllm ") : told.index("\n endpoint key ")]
    assert str(vllm_python) in "".join(row.split()) and "make vllm" not in row


def test_fsd_gsm8k_runs_on_vllm(vllm_python, tmp_path, monkeypatch):
    monkeypatch.setenv("LLMX_VLLM_PYTHON", str(vllm_python))
    words = ["engine=vllm", "engine.batch_size=16", "sampler.gamma=5", "arms=[sd,fsd_r_mid]"]
    spec = compose("fsd_gsm8k", words, scale="smoke")
    result = run.run(spec, runs=tmp_path)
    generated = result.folder.path / "generate"
    for arm in ("sd", "fsd_r_mid"):
        rows = read_lines(generated / arm / "samples.jsonl")
        assert len(rows) == 4 and all(row["completion_ids"] and row["rounds"] for row in rows)
        told = read_json(generated / arm / "engine.json")
        assert told["workers"][0]["rules"] is True and told["answers"] == 4
        audit = read_json(result.folder.path / "audit" / arm / "audit.json")
        assert audit["passed"] is True
    assert result.results is not None
    timed = read_lines(result.folder.path / "speed" / "blocks.jsonl")
    assert {row["arm"] for row in timed} == {"sd", "fsd_r_mid"}
    assert all(row["tokens"] > 0 and row["seconds"] > 0 for row in timed)


def test_a_calibration_for_vllm_is_that_of_the_pair_with_the_target_first():
    def fingerprint(*words):
        spec = compose("fsd_gsm8k", [*words, "arms=[fsd_r_mid]"], scale="smoke")
        from llmx.graph.graph import build_graph

        graph = build_graph(spec)
        node = graph.find("calibrate", "fsd_r_mid")
        assert node is not None
        return node.fingerprint

    same = fingerprint("engine=hf", "sampler.first_block=target")
    assert fingerprint("engine=vllm") == same != fingerprint("engine=hf")
