"""Recipes whose problems come from the hub: planned without it, refused without it, run with it."""

import json
import shutil
from pathlib import Path

import datasets
import pytest
from typer.testing import CliRunner, Result

from llmx.cli.app import app
from llmx.config.compose import compose
from llmx.config.places import builtin
from llmx.core.errors import SandboxError
from llmx.core.record import Record
from llmx.core.spec import RunSpec
from llmx.engines.size import ZOO
from llmx.runs.run import plan, run

SIZES = {"fsd_csqa": 1221, "fsd_mmlu": 14042, "fsd_humaneval": 164}
CHOICE = ("fsd_csqa", "fsd_mmlu")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMX_RECIPES", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["run", *words, "--runs", "runs"])


@pytest.mark.parametrize("name", CHOICE)
def test_the_published_protocol_is_planned_without_a_network(name: str) -> None:
    found = call(f"recipe={name}", "scale=paper", "--dry-run")
    assert found.exit_code == 0
    assert f"{SIZES[name]:,}" in found.stdout
    assert "unknown until the models are here" in found.stdout


@pytest.mark.parametrize("name", SIZES)
def test_the_paper_scale_has_the_research_code_s_settings(name: str) -> None:
    for arm in compose(name, scale="paper").arms.values():
        assert arm.sampler is not None and arm.data is not None and arm.model is not None
        assert (arm.sampler.temperature, arm.sampler.top_p, arm.sampler.top_k) == (0.6, 0.9, 50)
        assert (arm.sampler.max_tokens, arm.sampler.gamma) == (512, 5)
        assert arm.data.revision is not None and len(arm.data.revision) == 40
        assert (arm.engine.dtype, arm.model.target[-13:]) == ("bfloat16", "-70B-Instruct")


def test_csqa_is_asked_as_the_research_code_asks() -> None:
    data = compose("fsd_csqa", scale="paper").arms["sd"].data
    assert data is not None and data.system and "\n" not in data.system
    assert data.preamble.count("Question:") == 5
    answers = [line[-2] for line in data.preamble.splitlines() if line.startswith("Answer:")]
    assert sorted(answers) == list("ABCDE")
    assert data.preamble.count("Therefore, the answer is") == 5
    assert "Therefore, the answer is X." in data.instruction


@pytest.mark.parametrize("name", CHOICE)
def test_without_the_hub_one_line_says_what_to_type(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*given: object, **named: object) -> None:
        raise ConnectionError("Couldn't reach it on the Hub (OfflineModeIsEnabled)")

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    found = call(f"recipe={name}", "--workers", "1", "--quiet")
    assert found.exit_code == 2
    (error,) = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert "cannot fetch" in error and "recipe=fsd_gsm8k" in error
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("scale", ["smoke", "laptop", "desk", "paper"])
def test_humaneval_is_refused_where_there_is_no_sandbox(
    scale: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("llmx.sandbox.found._bundled", lambda: [])
    for words in ([], ["--dry-run"]):
        found = call("recipe=fsd_humaneval", f"scale={scale}", *words)
        assert found.exit_code == 2
        (error,) = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
        assert "there is no sandbox here: bubblewrap is missing" in error
        assert "apt-get install bubblewrap" in error
        assert not Path("runs").exists()
    with pytest.raises(SandboxError, match="bubblewrap is missing"):
        run(compose("fsd_humaneval", scale=scale), runs=Path("runs"))
    assert "generate sd" in call("recipe=fsd_humaneval", "--dry-run").stdout


def csqa(split: str) -> list[dict[str, object]]:
    choices = {"label": list("ABCDE"), "text": ["nest", "sky", "car", "sea", "box"]}
    rest = {"question_concept": "bird", "choices": choices, "answerKey": "B", "id": "0"}
    return [{"question": f"Where do {n} birds fly in {split}?", **rest} for n in range(12)]


def mmlu(split: str) -> list[dict[str, object]]:
    rest = {"choices": ["2", "3", "4", "5"], "answer": 1, "subject": "anatomy"}
    return [{"question": f"Which is {n} in {split}?", **rest} for n in range(12)]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hub with a few rows, and a pair that ships with room for long prompts."""
    hub = {"tau/commonsense_qa": csqa, "cais/mmlu": mmlu}
    monkeypatch.setattr(
        datasets,
        "load_dataset",
        lambda name, part, split, revision, trust_remote_code: hub[name](split),
    )
    for role in ("target", "draft"):
        folder = Path(shutil.copytree(ZOO / f"gsm_{role}", tmp_path / role))
        config = json.loads((folder / "config.json").read_text())
        config["max_position_embeddings"] = 4096
        (folder / "config.json").write_text(json.dumps(config))
    return [f"model.{role}={tmp_path / role}" for role in ("target", "draft")]


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOICE)
def test_with_the_hub_it_runs_to_a_report(name: str, small: list[str], tmp_path: Path) -> None:
    spec = compose(name, [*small, "sampler.max_tokens=8"], scale="smoke")
    done = run(spec, runs=tmp_path / "runs", workers=1, limit=2)
    folder = done.folder.path
    assert all((folder / file).exists() for file in ("report.html", "results.json", "plot.svg"))
    records = [
        Record.model_validate_json(line)
        for line in (folder / "generate/sd/samples.jsonl").read_text().splitlines()
    ]
    problems = (folder / "score/sd/problems.jsonl").read_text().splitlines()
    assert len(records) == len(problems) == 2
    for record, problem in zip(records, map(json.loads, problems), strict=True):
        asked = asked_in_order(spec, record.prompt, problem["question"])
        assert asked == sorted(asked) and -1 not in asked
        assert problem["choices"] in (4, 5) and problem["answer"] == "B"
    for arm in spec.arms:
        audit = json.loads((folder / f"audit/{arm}/audit.json").read_text())
        sent = {check["check"]: check["passed"] for check in audit["checks"]}
        assert sent["question_sent"] and sent["prompt_template"] and sent["duplicate_prompt"]
    summary = json.loads((folder / "score/sd/summary.json").read_text())
    assert (summary["scorer"], summary["problems"]) == ("choice", 2)


def asked_in_order(spec: RunSpec, prompt: str, question: str) -> list[int]:
    """Where in a prompt its parts begin: system line, examples, question, instruction."""
    data = spec.arms["sd"].data
    assert data is not None
    parts = (data.system, data.preamble.strip(), question, data.instruction)
    return [prompt.find(part) for part in parts if part]


def test_a_plan_of_any_recipe_that_ships_needs_no_hub(tmp_path: Path) -> None:
    for name in sorted(path.stem for path in builtin().glob("[!_]*/*.yaml")):
        assert plan(compose(name, scale="paper"), runs=tmp_path / "runs").stages
