"""The recipes at `scale=paper`, with models and judges on loopback in the place of real ones."""

import json
import os
import subprocess
import sys

import pytest
from judge_server import alpaca, arena, rows, write_alpaca, write_arena
from loopback import Endpoint
from stream_server import Streams

pytestmark = pytest.mark.slow

PROBLEMS = 4
SIX = {
    "microsoft/WizardLM-2-8x22B",
    "Qwen/Qwen1.5-110B-Chat",
    "Qwen/Qwen1.5-72B-Chat",
    "meta-llama/Meta-Llama-3-70B-Instruct",
    "mistralai/Mixtral-8x22B-Instruct-v0.1",
    "databricks/dbrx-instruct",
}


def right(first, second):
    return ("right" in first) - ("right" in second)


CASES = {
    "staircase_alpaca_eval": (alpaca(right, 0.9), 1, 0.9),
    "staircase_arena_hard": (arena(right), 2, 1.0),
}


@pytest.mark.parametrize("name", CASES)
def test_the_recipe_runs_as_it_would_with_real_models(name, tmp_path):
    judge, games, rate = CASES[name]
    if name == "staircase_alpaca_eval":
        words = [f"data.options.path={write_alpaca(tmp_path / 'a.json', rows(PROBLEMS))}"]
        words.append("stages.win_rates.length_controlled=false")
    else:
        words = [f"data.options.path={write_arena(tmp_path / 'arena', PROBLEMS)}"]
    with Streams() as models, Endpoint(answer=judge) as judges:
        line = [sys.executable, "-m", "llmx", "run", f"recipe={name}", "scale=paper", *words]
        line += [f"engine.base_url={models.url}", f"judge.url={judges.url}", "--quiet"]
        line += ["--workers", "1", "ensemble.answer_later_chunk=16"]
        env = {**os.environ, "LLMX_RUNS": str(tmp_path / "runs"), "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(line, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.glob("runs/*/win_rates/win_rates.json")
    found = json.loads(path.read_text())
    assert [row["rate"]["estimate"] for row in found] == pytest.approx([rate] * len(found))
    assert all(row["games"] == games * PROBLEMS for row in found)
    assert {body["model"] for body in models.seen} == SIX
    assert {body["temperature"] for body in models.seen} == {0.7}
    going_on = [body for body in models.seen if body.get("continue_final_message")]
    assert {body["model"] for body in going_on} == {"Qwen/Qwen1.5-72B-Chat"}
    (answers,) = tmp_path.glob("runs/*/generate/staircase/samples.jsonl")
    for row in map(json.loads, answers.read_text().splitlines()):
        assert row["text"].startswith("Qwen1.5-72B-Chat says that") and "right." in row["text"]
