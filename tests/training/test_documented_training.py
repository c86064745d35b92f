"""docs/training.md is true: its recipe composes and runs, its tables know every option."""

import re
from pathlib import Path

import pytest

from llmx.config.check import validate
from llmx.config.compose import compose
from llmx.runs.run import run
from llmx.store.files import read_json, read_lines
from llmx.train.course.settings import DEFAULTS
from llmx.train.course.trackers import TRACKERS
from llmx.train.post_training.options import TrainingOptions

PAGE = (Path(__file__).parents[2] / "docs/training.md").read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (recipe,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
    path = tmp_path / "my-recipes/train/tune.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(recipe)
    return tmp_path / "my-recipes"


def test_the_page_knows_every_option_tracker_and_default():
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M)) == set(TrainingOptions.model_fields)
    for name in TRACKERS:
        assert f"`{name}`" in PAGE
    for name, value in DEFAULTS.items():
        assert f"`{name}: {str(value).lower()}`" in PAGE


def test_the_recipe_is_valid_at_every_scale(folder):
    assert set(validate("tune", [folder])) == {"smoke", "laptop", "desk", "paper"}


@pytest.mark.slow
def test_the_recipe_runs_and_its_stages_follow_one_another(folder, tmp_path):
    spec = compose("tune", scale="smoke", extra_paths=[folder])
    done = run(spec, runs=tmp_path / "runs", workers=1).folder.path
    sft, grpo = (read_json(done / kind / "tuned/training.json") for kind in ("sft", "grpo"))
    assert (sft["steps"], grpo["steps"]) == (3, 2)
    assert grpo["provenance"]["parent"] == {"name": "stage:sft", **sft["provenance"]["result"]}
    assert len(read_lines(done / "grpo/tuned/rollouts.jsonl")) == 32
    assert read_lines(done / "generate/tuned/samples.jsonl")


@pytest.mark.slow
def test_arms_that_share_a_training_run_it_once(folder, tmp_path):
    path = folder / "train/tune.yaml"
    text = path.read_text().replace("  tuned: [sampler=target]", "  a: [sampler=target]\n  b: ["
                                    "sampler=greedy]")  # fmt: skip
    path.write_text(text)
    spec = compose("tune", scale="smoke", extra_paths=[folder])
    run(spec, runs=tmp_path / "runs", workers=1)
    for kind, count in (("sft", 1), ("grpo", 1), ("decode", 2)):
        assert len(list((tmp_path / f"runs/cache/{kind}").glob("*/stage.json"))) == count
