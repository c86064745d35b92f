"""What a run ends with on the terminal."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Llmx = Callable[..., Result]
WORDS = ("run", "recipe=gsm_answers", "scale=smoke", "engine.kind=scripted", "--workers", "1")


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = tmp_path / "answers.json"
    path.write_text(json.dumps({"*": "#### 18"}))
    return f"engine.script={path}"


def test_a_recipe_without_a_report_ends_with_its_accuracy(llmx: Llmx, script: str) -> None:
    done = llmx(*WORDS, script, "stages.report=null", "--quiet")
    assert done.exit_code == 0, done.output
    rows = re.findall(r"^ *(\w+) +score +(\S+) \((\S+)\) +(\d+) *$", done.stdout, re.M)
    assert [row[0] for row in rows] == ["greedy", "sampled"]
    for _, estimate, ends, problems in rows:
        low, high = ends.split("–")
        assert float(low) <= float(estimate) <= float(high) < 100
        assert problems == "4"


def test_one_with_a_report_does_not_say_it_twice(llmx: Llmx, script: str) -> None:
    done = llmx(*WORDS, script, "--quiet")
    assert done.exit_code == 0, done.output
    assert "scored by" not in done.stdout
