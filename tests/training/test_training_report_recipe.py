"""A warm-up and reinforcement learning of a few steps, reported and judged: everything is there."""

import json

import pytest
from markupsafe import escape

from llmx.config.compose import compose
from llmx.core.errors import ConfigError
from llmx.data.tasks.dataset import ReasoningTask
from llmx.data.tasks.tags import opens_thinking
from llmx.graph.plan import plan
from llmx.papers.backtracking.traces.observe import observe
from llmx.papers.backtracking.traces.tasks import from_entry
from llmx.runs.run import run
from llmx.store.files import read_json, read_lines

RECIPE = """
defaults:
  - override /model: zoo_gsm
  - override /data: countdown3
  - override /sampler: target
name: tiny_backtracking
description: two arms and no warm-up, two seeds
model: {target: "stage:grpo"}
stages:
  traces: {kind: traces, over: arm}
  prompts: {kind: corpus, over: recipe}
  sft:
    kind: sft
    needs: [traces]
    base: zoo:gsm_draft
    settings: {max_steps: 2, per_device_train_batch_size: 4, gradient_checkpointing: false}
    trackers: []
    arms: [k0, k1]
  grpo:
    kind: grpo
    needs: [prompts, sft]
    base: [stage:sft, zoo:gsm_draft]
    rewards: [countdown]
    settings:
      max_steps: 2
      per_device_train_batch_size: 4
      num_generations: 4
      max_completion_length: 12
      gradient_checkpointing: false
    trackers: []
  before: {kind: decode, needs: [sft], model: ["stage:sft", "zoo:gsm_draft"]}
  score_before: {kind: score, needs: [before], scorer: countdown}
  generate: {kind: decode, needs: [grpo]}
  score: {kind: score, needs: [generate], scorer: countdown}
  trainings:
    kind: training_report
    over: recipe
    needs: [sft, before, score_before, grpo, generate, score]
    title: Tiny
    rollouts: 6
  verdicts:
    kind: verdicts
    over: recipe
    needs: [generate, score, trainings]
    findings:
      - {id: optimum_countdown, test: optimum, arms: {k0: 0, k1: 1}, expected: 1}
      - {id: steadier, test: steadier, arms: [k1], control: k0}
      - {id: warm_up_foretells_little, test: poor_predictor}
      - {id: warm_up, statement: It helps., test: more_accurate, arms: [k0, k1], control: rl_only}
  report: {kind: report, over: recipe, needs: [generate, score], title: Tiny}
arms:
  k0: [data.options.k=0]
  k1: [data.options.k=1]
  rl_only: [data.options.content=none]
reference: k0
sampler: {max_tokens: 12}
data: {train: 16, test: 8, calibration: 1, options: {sft: 24, validation: 0}}
engine: {batch_size: 8}
scales:
  smoke: [scale.problems=8]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "my-recipes/train/tiny_backtracking.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(RECIPE)
    return tmp_path / "my-recipes"


@pytest.mark.slow
def test_a_report_of_real_trainings(folder, tmp_path):
    spec = compose("tiny_backtracking", ["seed=1,2"], scale="smoke", extra_paths=[folder])
    done = run(spec, runs=tmp_path / "runs", workers=1).folder.path
    out = done / "trainings"
    report = read_json(out / "training_report.json")
    assert [(arm["arm"], arm["seeds"]) for arm in report["arms"]] == [
        ("k0", 2), ("k1", 2), ("rl_only", 2)
    ]  # fmt: skip
    assert {
        "reward",
        "correct",
        "backtracks",
        "length",
        "truncated",
        "entropy",
        "warm_loss",
    } <= set(report["curves"])
    assert {one["arm"] for one in report["curves"]["warm_loss"]} == {"k0", "k1"}
    assert report["curves"]["reward"][0]["steps"] == [1.0, 2.0]
    assert report["arms"][0]["after"]["problems"] == 8
    assert {v["word"] for v in read_json(done / "verdicts/verdicts.json")["verdicts"]} <= {
        "not shown here", "not comparable", "not testable here"
    }  # fmt: skip
    _counts_agree(spec, done, report)
    rollouts = read_lines(out / "rollouts.jsonl")
    assert {row["arm"] for row in rollouts} == {"k0", "k1", "rl_only"}
    page = (out / "training_report.html").read_text()
    assert "<svg" in page and str(escape(rollouts[0]["row"])) in page
    assert json.dumps(report).count("NaN") == 0


def _counts_agree(spec, done, report):
    """What the report counts is what the observer says of each output."""
    for name, when in (("k1", "before"), ("k1", "after"), ("rl_only", "after")):
        seeds = []
        for seed in (1, 2):
            full = f"{name}@seed={seed}"
            stage = "before" if when == "before" else "generate"
            data = spec.arms[full].data
            puzzles = {
                s.id: from_entry(data.kind, e) for s, e in ReasoningTask(data).entries("test")
            }
            rows = read_lines(done / stage / full / "samples.jsonl")
            seeds += [
                observe(puzzles[row["id"]], "terse", row["text"], opens_thinking(row["prompt"]))
                for row in rows
            ]
        (arm,) = [arm for arm in report["arms"] if arm["arm"] == name]
        mean = sum(one.returns for one in seeds) / len(seeds)
        assert arm[when]["backtracks"]["estimate"] == pytest.approx(mean)
        assert arm[when]["whole"]["estimate"] == sum(one.holds for one in seeds) / len(seeds)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("stages.trainings.title=x +stages.trainings.colour=red", "colour"),
        ("stages.trainings.rollouts=-1", "rollouts"),
    ],
)
def test_a_wrong_option_is_one_line(folder, change, said):
    with pytest.raises(ConfigError, match=said):
        spec = compose("tiny_backtracking", change.split(), scale="smoke", extra_paths=[folder])
        plan(spec, runs=folder.parent / "runs")
