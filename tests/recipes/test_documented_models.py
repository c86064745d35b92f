"""Every command of docs/your-model.md composes and plans, with the models that it names."""

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from gguf_files import write_gguf
from safetensors.numpy import save_file
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.engines.size import ZOO

PAGE = (Path(__file__).parents[2] / "docs" / "your-model.md").read_text(encoding="utf-8")
BLOCK = PAGE.split("```")[1]
LINES = [line for line in BLOCK.splitlines() if line.startswith("llmx ")]
SHOWN = [
    cell for cell in PAGE.split("`") if cell.startswith(("model.target=", "engine=openai eng"))
]


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ZOO / "gsm_draft", "my-model")
    config = json.loads(Path("my-model/config.json").read_text())
    Path("my-model/config.json").write_text(json.dumps({**config, "max_position_embeddings": 2048}))
    write_gguf(tmp_path / "my-model.gguf", tmp_path / "my-model")
    Path("my-adapter").mkdir()
    at = "base_model.model.model.layers.0.self_attn.q_proj.lora"
    sides = {f"{at}_A.weight": (1, 96), f"{at}_B.weight": (96, 1)}
    weights = {name: np.zeros(size, np.float32) for name, size in sides.items()}
    save_file(weights, "my-adapter/adapter_model.safetensors")
    Path("my-adapter/adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))


def said(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, (words, done.output)
    return done.output


def test_the_page_shows_what_is_tested():
    assert len(LINES) == 9 and len(SHOWN) > 5


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("llmx run")])
def test_a_documented_command_is_planned(line):
    assert "run folder" in said(*shlex.split(line)[1:], "--dry-run", "--runs", "runs")


@pytest.mark.parametrize("words", [words for words in SHOWN if "…" not in words])
def test_a_documented_setting_is_planned(words):
    told = ["run", "recipe=gsm_answers", *shlex.split(words), "--dry-run", "--runs", "runs"]
    assert "run folder" in said(*told)


def test_a_documented_comparison_of_engines_is_a_command(monkeypatch):
    (line,) = [line for line in LINES if "parity" in line]
    asked = []
    monkeypatch.setattr(
        "llmx.api.compare_engines", lambda *given, **more: asked.append(given) or []
    )
    CliRunner().invoke(app, shlex.split(line)[1:])
    assert asked[0][0] == "./my-model" and "hf,vllm" in asked[0]
