"""Every recipe that llmx brings runs through the command line and leaves what it promises.

A new file under recipes/ is tested without a line being added here. What a figure is, is nobody's
business at this scale; that it is there, is. A recipe whose problems come from the hub refuses
without one; that it runs with one is tested in test_hub_recipes.py.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.config.compose import compose
from llmx.config.places import builtin
from llmx.core.spec import RunSpec, StageSpec

pytestmark = pytest.mark.slow

NAMES = sorted(path.stem for path in builtin().glob("[!_]*/*.yaml"))


def from_hub(name: str) -> bool:
    """Whether a recipe's problems are pinned to a revision of the hub, even at scale=smoke."""
    arms = compose(name, scale="smoke").arms.values()
    return any(arm.data is not None and arm.data.revision is not None for arm in arms)


FROM_HUB = [name for name in NAMES if from_hub(name)]
REPORT = ("report.html", "report.md", "plot.svg", "results.json")
# What a stage of a kind leaves in the run folder, for each arm or once.
LEAVES = {
    "corpus": ("corpus.json", "train.jsonl", "test.jsonl"),
    "tokenizer": ("tokenizer.json",),
    "train": ("training.json", "model/model.safetensors"),
    "divergence_quantiles": ("calibration.json",),
    "decode": ("samples.jsonl", "summary.json"),
    "pool": ("samples.jsonl", "summary.json"),
    "classes": ("classes.jsonl", "summary.json"),
    "revise": ("calls.jsonl", "outcomes.jsonl", "summary.json"),
    "self_score": ("calls.jsonl", "outcomes.jsonl", "summary.json"),
    "mixture": ("calls.jsonl", "outcomes.jsonl", "summary.json"),
    "truncate": ("calls.jsonl", "outcomes.jsonl", "summary.json"),
    "stopped": ("calls.jsonl", "outcomes.jsonl", "summary.json"),
    "scaling": ("scaling.json", "figures.json", "markers.json", "scaling.md", "scaling.html"),
    "decode_speed": ("blocks.jsonl",),
    "score": ("scores.jsonl", "problems.jsonl", "summary.json"),
    "judge": ("judgements.jsonl", "outputs.jsonl", "summary.json"),
    "win_rates": ("win_rates.json", "win_rates.md", "outputs", "annotations"),
    "audit": ("audit.json", "audit.md"),
    "verdicts": ("verdicts.json", "verdicts.md", "outcomes.json"),
    "divergence_log": ("log.npz", "rule.json"),
    "explore": ("explore.json", "explore.md", "explore.svg"),
    "embed": ("rows.json", "query/vectors.npy", "target/vectors.npy"),
    "rank": ("ranks.npy", "rank.json"),
    "batches": ("plan.npz", "plan.json", "diagnostics.json"),
}


# What an arm may not need: calibration, a log, traces to be warmed up on, thinking to cut.
SKIPPED = ("divergence_quantiles", "divergence_log", "traces", "sampled", "sft", "truncate")


def may_skip(spec: RunSpec, stage: StageSpec) -> bool:
    """Whether some arms may have nothing of a stage: its kind says so, or nobody needs it there."""
    needed_by = [other for other in spec.stages if stage.name in other.needs]
    feeds_those = bool(needed_by) and all(may_skip(spec, other) for other in needed_by)
    return stage.kind in SKIPPED or feeds_those


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of runs, as a user has one: what several recipes ask for is worked out once."""
    return tmp_path_factory.mktemp("recipes")


def here(shared: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Result, Path]:
    """Run a recipe in this process; return what it printed, and its run folder."""
    monkeypatch.chdir(shared)
    words = ["run", f"recipe={name}", "scale=smoke", "--limit", "2", "--workers", "1", "--quiet"]
    before = {*shared.glob("runs/*/manifest.json")}
    done = CliRunner().invoke(app, [*words, "--runs", "runs"])
    assert done.exit_code == 0, done.output
    (made,) = {*shared.glob("runs/*/manifest.json")} - before
    return done, made.parent


EACH = """
import json, sys
from typer.testing import CliRunner
from llmx.cli.app import app
for name in sys.argv[1:]:
    words = ["run", f"recipe={name}", "scale=smoke", "--workers", "1", "--quiet", "--runs", "runs"]
    done = CliRunner().invoke(app, words)
    print(json.dumps([name, done.exit_code, done.stderr]))
"""


def test_recipes_from_the_hub_refuse_in_one_line_without_it(tmp_path: Path) -> None:
    """One process for all: importing the hub's libraries takes most of the time."""
    hub = str(tmp_path / "hub")  # as on a machine that has fetched nothing
    done = subprocess.run(
        [sys.executable, "-c", EACH, *FROM_HUB],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": hub},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, _, _ in told] == FROM_HUB, done.stderr
    for name, code, text in told:
        (error,) = [line for line in text.splitlines() if line.startswith("error: ")]
        assert "recipe=fsd_" in error or "where the hub can be reached" in error, name
        assert code == 2 and "Traceback" not in text, name
    assert not list(tmp_path.rglob("samples.jsonl"))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in FROM_HUB])
def test_recipe_runs_and_leaves_what_it_promises(
    name: str, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, run = here(shared, name, monkeypatch)
    shown = f"{'run':<10}{run.relative_to(shared)}"
    assert shown in done.stdout.splitlines()
    spec = RunSpec.model_validate_json((run / "spec.json").read_text())
    manifest = json.loads((run / "manifest.json").read_text())
    stood_for = {name for stage in manifest["stages"] for name in stage["stands_for"]}
    for stage in spec.stages:
        arms = list(spec.arms) if stage.over == "arm" else [""]
        names = [f"{stage.name}/{arm}".rstrip("/") for arm in arms]
        left = [place for place in names if place in stood_for]
        assert left == names or may_skip(spec, stage)
        for place in left:
            missing = [f for f in LEAVES.get(stage.kind, ()) if not (run / place / f).exists()]
            assert not missing, f"{place} lacks {missing}"
    if any(stage.kind == "report" for stage in spec.stages):
        check_report(run, spec, done.stdout)
    check_pages(run, spec, done.stdout)
    if any(stage.kind == "zoo_card" for stage in spec.stages):
        check_cards(run)
    assert not list(shared.rglob("*.partial"))


def check_report(run: Path, spec: RunSpec, shown: str) -> None:
    assert all((run / file).stat().st_size > 200 for file in REPORT)
    results = json.loads((run / "results.json").read_text())
    assert [row["arm"] for row in results["rows"]] == list(spec.arms)
    for arm in spec.arms:
        assert f"{arm} " in shown
    for label, file in (("report", "report.html"), ("plot", "plot.svg")):
        assert f"{label:<10}runs/{run.name}/{file}" in shown


def check_pages(run: Path, spec: RunSpec, shown: str) -> None:
    """What a stage reports in its own form is named, and an ensemble's arms are in a table."""
    for page in run.glob("*/*.html"):
        assert f"{page.parent.name:<10}runs/{run.name}/{page.parent.name}/{page.name}" in shown
    if any(stage.kind == "ensemble_report" for stage in spec.stages):
        assert "first token, s" in shown
        assert all(f" {arm} " in shown for arm in spec.arms)
    if any(stage.kind == "ensemble_simulation" for stage in spec.stages):
        assert "with a prefix cache" in shown


def check_cards(run: Path) -> None:
    """The models of a zoo load as anyone would load them."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    cards = [path.parent for path in run.glob("card/*/README.md")]
    assert cards
    for card in cards:
        tokenizer = AutoTokenizer.from_pretrained(card)
        model = AutoModelForCausalLM.from_pretrained(card)
        assert tokenizer.chat_template and model.config.vocab_size == len(tokenizer)
