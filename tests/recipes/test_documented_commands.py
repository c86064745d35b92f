"""Every command that README, the docs and the headers of recipes show is one that works.

A run is planned, a server is opened up to its models, and everything else is done, on two runs of
the models that ship. Where a page shows what this machine cannot do, the refusal is the documented.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner
from written_commands import ROOT, all_commands, of_header, of_page, words

from llmx.claims import known
from llmx.cli.app import app
from llmx.cluster.shared import Shared
from llmx.core.errors import SandboxError
from llmx.core.figure import Span
from llmx.core.plugins import VARIABLE
from llmx.core.record import as_json
from llmx.core.spec import RunSpec
from llmx.engines.size import ZOO
from llmx.report.priced import FILE, PricedPoint, PricedPoints
from llmx.sandbox.bubblewrap import Bubblewrap
from llmx.store.files import write_json

# Those of recipe=sums want a package installed: tests/recipes/test_documented_recipe.py.
COMMANDS = [command for command in all_commands() if "recipe=sums" not in command]


def _without_sandbox() -> tuple[str, ...]:
    """Commands that need a sandbox, if there is none here."""
    try:
        Bubblewrap().layers()
    except SandboxError:
        return ("recipe=programs", "recipe=fsd_humaneval", "doctor sandbox")
    return ()


# What a command may lack here, and what it then says.
LACKS = {
    "recipe=staircase_alpaca_eval scale=paper": "the judge has no address",
    "recipe=staircase_arena_hard scale=paper": "arena-hard-auto",
    **dict.fromkeys(_without_sandbox(), "there is no sandbox here"),
    "recipe=backtracking": "needs a GPU here",
    "recipe=b3_nli_sts scale=paper": "is not on this machine",
    "engine=vllm": "make vllm",
    "data=debian_descriptions": "no package lists are in",
    "llmx logs": "no job has begun",
}
NEED_A_WORD = (
    "run",
    "batches",
    "budget",
    "compare",
    "reproduce",
    "parity",
    "serve",
    "describe",
    "report",
    "eval",
    "submit",
    "fetch",
    "logs",
    "cancel",
)


PLUGINS = ("errands", "counting")
SEEN = Shared(("a", "b"), flock=True, exclusive=True, renamed_seen=0.0, clocks=0.0, trip=0.0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the commands name: two models, questions, recipes, a paper, two runs."""
    here = tmp_path_factory.mktemp("documented")
    for name in ("my-model", "a", "b"):
        _model(here / name, len(name))
    row = {"question": "What is 2 + 3?", "answer": "5"}
    (here / "mine.jsonl").write_text(json.dumps(row) + "\n" + json.dumps({**row, "question": "?"}))
    (here / "mine.csv").write_text("question,answer\nWhat is 2 + 3?,5\nWhat is 1 + 1?,2\n")
    pairs = [{"query": f"What is {n} + 3?", "target": f"It is {n + 3}"} for n in range(400)]
    (here / "mine-pairs.jsonl").write_text("".join(f"{json.dumps(pair)}\n" for pair in pairs))
    _recipes(here / "my-recipes")
    shutil.copytree(ROOT / "tests/contracts/toy/counting", here / "counting")
    _acted(here)  # first: other commands mean the newest run
    told = "run recipe=fsd_gsm8k scale=smoke arms=[sd,fsd_h_mid] --limit 2 sampler.max_tokens=16"
    done = CliRunner().invoke(
        app, [*told.split(), "--workers", "1", "-q", "--runs", f"{here}/runs"]
    )
    assert done.exit_code == 0, done.output
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("llmx.cluster.slurm._ask", told_by_slurm)
        queued = ["submit", *told.split()[1:], "launch=slurm", "--runs", f"{here}/runs"]
        done = CliRunner().invoke(app, queued)
    assert done.exit_code == 0, done.output
    (run,) = (here / "runs").glob("fsd_gsm8k-*")
    for name in ("first", "second", "scaling_gsm-00000000"):
        shutil.copytree(run, here / "runs" / name)
    _compared(here / "runs" / "scaling_gsm-00000000" / "scaling")
    return here


def _acted(here: Path) -> None:
    """Run what acts without a model, of the plugin that docs/agents.md names.

    In a process of its own: a plugin is a package, and two of one name are not loaded by one.
    """
    shutil.copytree(ROOT / "tests/contracts/toy/errands", here / "errands")
    told = f"run recipe=errands arms=[control] --workers 1 -q --runs {here}/runs"
    words = [sys.executable, "-c", "from llmx.cli.app import app; app()", *told.split()]
    around = {**os.environ, VARIABLE: "", "PYTHONPATH": str(ROOT)}
    words += ["--plugin", f"{here}/errands"]
    done = subprocess.run(words, env=around, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def told_by_slurm(asked: Sequence[str]) -> CompletedProcess[str]:
    """In place of a cluster: one partition, an empty queue."""
    said = {
        "sinfo": "cpu*|10:00:00|64000|8|(null)|(null)|up|1\n",
        "scontrol": "ClusterName = here\n",
        "sbatch": "7\n",
    }
    return CompletedProcess(asked, 0, said.get(asked[0], ""), "")


def _compared(folder: Path) -> None:
    """Write what a stage `scaling` leaves, of one point."""
    costs = {"completion": 50.0, "longest": 50.0}
    point = PricedPoint(
        arm="a", method="single", label="single answer", size=1, sizes="draws", problems=2,
        accuracy=Span(estimate=0.5), behind=Span(estimate=0.0), costs=costs, unparsed=0, cut=0,
    )  # fmt: skip
    folder.mkdir()
    write_json(folder / FILE, as_json(PricedPoints(cost="completion", points=(point,))))


def _model(folder: Path, hidden: int) -> None:
    shutil.copytree(ZOO / "gsm_draft", folder)
    config = json.loads((folder / "config.json").read_text())
    config = {**config, "max_position_embeddings": 2048 + hidden}
    (folder / "config.json").write_text(json.dumps(config))


def _recipes(folder: Path) -> None:
    """Write the recipes that docs/add-a-recipe.md and docs/training.md show."""
    for page in ("add-a-recipe", "training"):
        text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.M | re.S):
            if name := re.search(r"^name: (warmth|tune)$", block, re.M):
                path = folder / "decode" / f"{name[1]}.yaml"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block)


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder, with what would take long, or open a port, replaced."""
    monkeypatch.chdir(made)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("LLMX_RECIPES", "my-recipes")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("LLMX_API_KEY", "asdf-" * 8)
    monkeypatch.setattr("llmx.api.compare_engines", lambda *given, **more: [])
    monkeypatch.setattr("llmx.cli.doctor._bench", lambda: None)
    monkeypatch.setattr("llmx.api.reproduce", told_of)
    monkeypatch.setattr("llmx.api.batches", planned)
    monkeypatch.setattr("llmx.cluster.slurm._ask", told_by_slurm)
    monkeypatch.setattr("llmx.cluster.shared.look", lambda folder: SEEN)
    monkeypatch.setattr("llmx.serve.server.bind", lambda *_: SimpleNamespace())
    monkeypatch.setattr("llmx.cli.serve._check_exposed", lambda *_: None)
    monkeypatch.setattr("llmx.serve.open.open_answerer", opened)
    monkeypatch.setenv(VARIABLE, "")
    yield made
    for name in [one for one in sys.modules if one.partition(".")[0] in PLUGINS]:
        del sys.modules[name]  # the copies that are here: other tests have their own


def opened(spec: RunSpec, arm: str | None) -> None:
    """In place of loading the models: is there such an arm?"""
    assert arm is None or arm in spec.arms
    raise typer.Exit(0)


def planned(run: str, **more: object) -> None:
    """In place of a run with batches (tests/papers/b3): is an arm of a recipe of it named?"""
    assert run.rpartition(":")[2] in ("random", "b3", "b3_swaps", "b3_32")
    raise typer.Exit(0)


def told_of(paper: str, recipes: Sequence[Path] = (), **more: object) -> None:
    """In place of reading all that is stored: are there claims of the paper?"""
    assert known.find(paper, recipes).claims
    raise typer.Exit(0)


def ready(given: list[str]) -> list[str]:
    """Return words with what keeps a command short, and inside the test's folder."""
    verb, flags = given[0], [word for word in given[1:] if word.startswith("--")]
    if verb in NEED_A_WORD and flags == given[1:]:
        return [verb, "--help"]
    planned = ["--dry-run"] if verb in ("run", "eval") and "--dry-run" not in given else []
    stored = [] if verb in ("list", "describe", "validate", "parity", "serve", "trust") else "runs"
    return [*given, *planned, *(["--runs", stored] if stored and verb[0] != "-" else [])]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_works(here: Path, command: str) -> None:
    given = words(command)
    told = ready(given)
    if "--shared" in given:
        told = given
    if given[:1] == ["submit"] and "recipe=" in command:
        told.append("--dry-run")
    if given[:2] in (["runs", "rm"], ["runs", "gc"], ["runs", "check"]):
        shutil.copytree("runs", "elsewhere", dirs_exist_ok=True)
        told[-1] = "elsewhere"
    done = CliRunner().invoke(app, told, prog_name="llmx")
    lacks = [said for part, said in LACKS.items() if part in command]
    if done.exit_code and lacks:
        assert done.exit_code == 2 and lacks[0] in done.output, done.output
        return
    assert done.exit_code == 0, done.output
    if told[-1] == "--help":
        assert all(word in done.output for word in given[1:])


def test_commands_are_found_wherever_they_stand() -> None:
    """Of README, headers and pages, in blocks and in lines; with what is said of them left out."""
    for one in (
        "llmx eval ./my-model mine.jsonl",
        "llmx eval ./a ./b mine.csv --scorer includes",
        "llmx eval MODEL FILE",
        "llmx run recipe=evaluate model.target=./a,./b",
        "llmx run recipe=fsd_gsm8k sampler.gamma=3,5,7 'arms=[target,sd]'",
        "llmx reproduce fsd",
        "llmx run recipe=fsd_csqa",
        "llmx runs gc",
    ):
        assert one in COMMANDS
    assert len(COMMANDS) > 120


def test_what_stands_for_something_is_replaced_and_the_rest_is_as_a_shell_reads_it() -> None:
    text = "Say `llmx compare A B`.\n\n```\nllmx run recipe=x \\\n   a=1 'b=[c]'   why\n```\n"
    assert [words(one) for one in of_page(text)] == [
        ["run", "recipe=x", "a=1", "b=[c]"],
        ["compare", "first", "second"],
    ]
    assert list(of_header("# One\n#\n#   llmx list    all\nname: x\n# llmx no\n")) == ["llmx list"]


@pytest.mark.parametrize("page", ["README.md", "docs/testing.md", "docs/engines.md"])
def test_what_is_made_has_a_rule(page: str) -> None:
    rules = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.M)
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"(?:`|^)make ([a-z][\w-]*)", text, re.M)
    assert named and set(named) <= set(rules)


def test_the_set_up_of_the_readme_brings_what_its_commands_ask_for() -> None:
    """`make setup` installs the extra `dev`, in which those of serving and training are."""
    text = (ROOT / "Makefile").read_text()
    assert re.search(r"^setup: .*/\.installed-dev$", text, re.M) and "-e '.[dev]'" in text
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for extra in ("serve", "train", "hub", "gguf", "scorers", "judge"):
        assert set(extras[extra]) <= set(extras["dev"]), extra
