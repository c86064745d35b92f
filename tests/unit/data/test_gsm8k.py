"""The real loading code, on a folder laid out as the hub's repository is."""

import json
import subprocess
import sys

import pytest

from llmx.core.errors import DataError
from llmx.core.spec import DataSpec
from llmx.data import gsm8k, load

SPEC = DataSpec(kind="gsm8k", revision="abc", test=2, calibration=1)
ROWS = [
    {"question": " How many? ", "answer": "2 + 3 = <<2+3=5>>5\n#### 5"},
    {"question": "And then?", "answer": "A thousand.\n#### 1,000"},
    {"question": "Too many", "answer": "#### 3"},
]
CARD = """---
configs:
- config_name: main
  data_files:
  - {split: train, path: train.jsonl}
  - {split: test, path: test.jsonl}
---
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    (tmp_path / "README.md").write_text(CARD)
    for split in ("train", "test"):
        (tmp_path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    monkeypatch.setattr(gsm8k, "REPOSITORY", str(tmp_path))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))


@pytest.mark.slow
def test_questions_and_answers_are_read_in_order(repository):
    samples = load(SPEC, "test")
    assert [(s.id, s.question, s.answer) for s in samples] == [
        ("test-0", "How many?", "5"),
        ("test-1", "And then?", "1000"),
    ]
    assert samples[0].solution.startswith("2 + 3")
    assert len(load(SPEC, "test", 1)) == 1
    assert [s.id for s in load(SPEC, "calibration")] == ["calibration-0"]


def test_a_revision_is_asked_for():
    with pytest.raises(DataError, match="pin the commit"):
        gsm8k.Gsm8k.identity(SPEC.model_copy(update={"revision": None}))


def test_unknown_splits_are_refused():
    with pytest.raises(DataError, match="splits: test, calibration"):
        load(SPEC, "train")


@pytest.mark.slow
def test_without_a_network_the_error_names_the_offline_alternative(tmp_path):
    code = (
        "from llmx.core.spec import DataSpec\nfrom llmx.data import load\n"
        "load(DataSpec(kind='gsm8k', revision='abc'), 'test', 1)"
    )
    env = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    last = done.stderr.strip().splitlines()[-1]
    assert "data=gsm_symbolic" in last and "openai/gsm8k" in last
