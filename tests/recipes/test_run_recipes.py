"""Every recipe that llmx brings runs through the command line and leaves what it promises.

A new file under recipes/ is tested without a line being added here. What a figure is, is nobody's
business at this scale; that it is there, is.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.config.places import builtin
from llmx.core.spec import RunSpec

pytestmark = pytest.mark.slow

NAMES = sorted(path.stem for path in builtin().glob("[!_]*/*.yaml"))
REPORT = ("report.html", "report.md", "plot.svg", "results.json")
# What a stage of a kind leaves in the run folder, for each arm or once.
LEAVES = {
    "corpus": ("corpus.json", "train.jsonl", "test.jsonl"),
    "tokenizer": ("tokenizer.json",),
    "train": ("training.json", "model/model.safetensors"),
    "divergence_quantiles": ("calibration.json",),
    "decode": ("samples.jsonl", "summary.json"),
    "decode_speed": ("blocks.jsonl",),
    "score": ("scores.jsonl", "problems.jsonl", "summary.json"),
    "audit": ("audit.json", "audit.md"),
    "verdicts": ("verdicts.json", "verdicts.md"),
    "divergence_log": ("log.npz", "rule.json"),
    "explore": ("explore.json", "explore.md", "explore.svg"),
}


def llmx(runs: Path, *words: str, name: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "llmx", "run", f"recipe={name}", "scale=smoke", *words]
    env = {**os.environ, "LLMX_RUNS": str(runs), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(command, env=env, cwd=runs.parent, capture_output=True, text=True)


@pytest.mark.parametrize("name", NAMES)
def test_recipe_runs_and_leaves_what_it_promises(name: str, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    done = llmx(runs, "--limit", "2", "--workers", "1", "--quiet", name=name)
    assert done.returncode == 0, done.stderr
    (run,) = (path.parent for path in runs.glob("*/manifest.json"))
    shown = f"{'run':<10}{run.relative_to(tmp_path)}"
    assert shown in done.stdout.splitlines()
    spec = RunSpec.model_validate_json((run / "spec.json").read_text())
    manifest = json.loads((run / "manifest.json").read_text())
    stood_for = {name for stage in manifest["stages"] for name in stage["stands_for"]}
    for stage in spec.stages:
        arms = list(spec.arms) if stage.over == "arm" else [""]
        names = [f"{stage.name}/{arm}".rstrip("/") for arm in arms]
        left = [place for place in names if place in stood_for]
        # an arm may need no calibration and no log; every other stage stands for every arm
        assert left == names or stage.kind in ("divergence_quantiles", "divergence_log")
        for place in left:
            missing = [f for f in LEAVES.get(stage.kind, ()) if not (run / place / f).exists()]
            assert not missing, f"{place} lacks {missing}"
    if any(stage.kind == "report" for stage in spec.stages):
        check_report(run, spec, done.stdout)
    if any(stage.kind == "zoo_card" for stage in spec.stages):
        check_cards(run)
    assert not list(runs.rglob("*.partial"))


def check_report(run: Path, spec: RunSpec, shown: str) -> None:
    assert all((run / file).stat().st_size > 200 for file in REPORT)
    results = json.loads((run / "results.json").read_text())
    assert [row["arm"] for row in results["rows"]] == list(spec.arms)
    for arm in spec.arms:
        assert f"{arm} " in shown
    for label, file in (("report", "report.html"), ("plot", "plot.svg")):
        assert f"{label:<10}runs/{run.name}/{file}" in shown


def check_cards(run: Path) -> None:
    """The models of a zoo load as anyone would load them."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    cards = [path.parent for path in run.glob("card/*/README.md")]
    assert cards
    for card in cards:
        tokenizer = AutoTokenizer.from_pretrained(card)
        model = AutoModelForCausalLM.from_pretrained(card)
        assert tokenizer.chat_template and model.config.vocab_size == len(tokenizer)
