"""A paper is one folder: dropped in by its path, it runs, reports and reproduces.

The folder brings a section, a data kind, a stage, a scorer with a metric, a verdict test, two
quantities with units of their own, pictures, a recipe, a group and claims. No line of llmx, of its
recipes or of its tests knows it.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result
from yaml import safe_load

import llmx
from llmx.core.plugins import VARIABLE, digest_of
from llmx.runs.result import RunResult

TOY = Path(__file__).parent / "toy" / "counting"
ROOT = Path(str(llmx.__file__)).parents[1]


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the paper, where nothing else is."""
    folder = tmp_path_factory.mktemp("papers") / TOY.name
    shutil.copytree(TOY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == TOY.name]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMX_RUNS", str(runs))
    monkeypatch.setenv("LLMX_CACHE", str(runs / "user-cache"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def cli() -> Callable[..., Result]:
    from llmx.cli.app import app

    return lambda *words: CliRunner().invoke(app, list(map(str, words)), prog_name="llmx")


def said_of_digits(output: str) -> bool:
    """Whether the verdict stands there as a sentence with its id behind."""
    lines = " ".join(output.split())
    return "Shown here: " in lines and "(more_digits" in lines.partition("Shown here: ")[2]


def ran(paper: Path, *words: str) -> RunResult:
    return llmx.run("counting_stones", "scale=paper", *words, plugins=[paper], workers=1)


def test_llmx_itself_knows_nothing_of_it(cli) -> None:
    assert TOY.name not in cli("list").output
    done = cli("run", "recipe=counting_stones")
    assert done.exit_code == 2 and "there is no recipe 'counting_stones'" in done.output
    words = ("counting_stones", "EffortSpec")
    files = [path for part in ("llmx", "recipes") for path in (ROOT / part).rglob("*.*")]
    texts = [path for path in files if path.suffix in (".py", ".yaml")]
    assert len(texts) > 500
    assert not [path for path in texts if any(word in path.read_text() for word in words)]


def test_it_is_listed_described_and_valid(cli, paper) -> None:
    assert "counting_stones" in cli("list", "--plugin", paper).output
    assert "effort.slips=0.25" in cli("describe", "counting_stones", "--plugin", paper).output
    keys = cli("describe", "counting_stones", "--keys", "--plugin", paper).output
    assert "effort.care" in keys and "1 | 3" in keys
    assert "ok: counting_stones" in cli("validate", "counting_stones", "--plugin", paper).output


def test_it_runs_reports_and_reproduces(cli, paper, runs) -> None:
    done = cli("run", "recipe=counting_stones", "scale=paper", "--plugin", paper, "--quiet")
    assert done.exit_code == 0, done.output
    assert said_of_digits(done.output)
    shown = cli("report", "counting_stones", "--plugin", paper)
    assert shown.exit_code == 0 and "100.0 (88.6" in shown.output
    assert "+1.567 (+1.231 to +1.902)" in shown.output  # its metric, paired by problem

    page = cli("reproduce", "counting", "--plugin", paper, "--json")
    assert page.exit_code == 0, page.output
    claim, graded = json.loads(page.output)["claims"]
    assert claim["word"] == graded["word"] == "reproduced"
    assert (claim["ours"]["quantity"], claim["ours"]["unit"]) == ("digits", "digits")
    assert "1.30 (1.00–2.00) digits more than `hasty`" in claim["reason"]
    assert (graded["ours"]["quantity"], graded["ours"]["unit"]) == ("marks", "marks")
    assert "1.57 (1.23–1.90) marks from `hasty`" in graded["reason"]
    judged = {one["id"]: one["judged"][0]["verdict"] for one in json.loads(page.output)["findings"]}
    assert judged["more_marks"]["word"] == "shown here"
    assert judged["more_marks"]["numbers"][0]["metric"] == "marks"


FILES = ("picture-spread.svg", "picture-heaps.svg", "picture-strip.svg")


def test_its_figures_and_pictures_are_on_the_report(paper, runs) -> None:
    folder = ran(paper).folder.path
    text, page = (folder / "report.md").read_text(), (folder / "report.html").read_text()
    assert "| `careful` | digits written | 3 (3–3) digits |" in text
    assert "| `careful` | digits written | 3 digits | stones = 9 |" in text
    assert "<td>3 (3–3) digits</td>" in page and "marks difference" not in page
    for file in FILES:
        svg = (folder / file).read_text()
        assert svg.startswith("<svg") and "careful" in svg and f"]({file})" in text
    images = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', page)
    assert [b64decode(data).decode() for data, _ in images] == [
        (folder / file).read_text() for file in FILES
    ]
    assert images[0][1] == "Digits of an answer"


def test_the_page_says_how_arms_differ_in_its_section(paper, runs) -> None:
    page = (ran(paper).folder.path / "report.html").read_text()
    settings = safe_load(unescape(page.partition('<pre class="yaml">')[2].partition("</pre>")[0]))
    assert settings["arms"]["hasty"]["effort"] == {"care": 1, "slips": 0.25, "notes": {}}
    assert settings["arms"]["careful"]["effort"] == {"care": 3, "slips": 0.0, "notes": {}}


def test_what_no_stage_reads_is_said(cli, paper, runs) -> None:
    words = ("counting_stones", "scale=paper")
    note = "no stage reads `effort` of"
    assert not any(note in one for one in llmx.plan(*words, plugins=[paper]).notes)
    without = ("stages.count.kind=decode", "model=zoo_gsm", "sampler=greedy")
    done = cli("run", f"recipe={words[0]}", words[1], *without, "--plugin", paper, "--dry-run")
    assert f"{note} any arm: what is set there changes nothing" in " ".join(done.output.split())


def test_a_short_name_is_the_paper(cli, paper, runs) -> None:
    ran(paper)
    pages = [cli("reproduce", name, "--plugin", paper, "--json") for name in ("count", "counting")]
    assert pages[0].output == pages[1].output and '"paper": "counting"' in pages[0].output
    from llmx.cli.complete import papers

    assert {"count", "counting", "fsd"} <= {*papers("")}
    wrong = cli("reproduce", "cuont", "--plugin", paper)
    assert wrong.exit_code == 2 and "did you mean count" in wrong.output


def test_pictures_change_nothing_for_recipes_of_others(paper, runs, monkeypatch) -> None:
    def report_of(*recipe: str) -> str:
        plan = llmx.plan(*recipe)
        return next(one.fingerprint for one in plan.stages if one.kind == "report")

    alone = report_of("fsd_gsm8k", "scale=smoke")
    monkeypatch.setenv(VARIABLE, str(paper))
    assert report_of("fsd_gsm8k", "scale=smoke") == alone
    before = report_of("counting_stones")
    from llmx.report import brought

    monkeypatch.setattr(brought, "picture", lambda name: brought.Picture("", str, version=2))
    assert report_of("counting_stones") != before


def test_what_is_kept_reproduces_without_the_run(cli, paper, runs, tmp_path) -> None:
    ran(paper)
    kept = tmp_path / "kept"
    made = cli("reproduce", "counting", "--plugin", paper, "--out", kept, "--keep")
    assert made.exit_code == 0, made.output
    for name in FILES:
        drawn = (kept / "counting_stones" / name).read_bytes()
        assert b64encode(drawn).decode() in (kept / "reproduce-counting.html").read_text()
        assert f"](counting_stones/{name})" in (kept / "reproduce-counting.md").read_text()
    again = cli("reproduce", "counting", "--plugin", paper, "--from", kept, "--json")
    assert [one["word"] for one in json.loads(again.output)["claims"]] == ["reproduced"] * 2


def test_a_sweep_of_its_section_shares_what_does_not_read_it(paper, runs) -> None:
    ran(paper)
    plan = llmx.plan("counting_stones", "scale=paper", "arms.careful.effort.slips=0.5,1.0",
                     plugins=[paper])  # fmt: skip
    states = {stage.title: stage.cached for stage in plan.stages}
    assert states["count hasty"] and not states["count careful@slips=1.0"]


def test_the_run_says_which_plugin_it_was_made_with(paper, runs) -> None:
    folder = ran(paper).folder.path
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["plugins"] == {
        "counting": {"folder": str(paper), "hash": digest_of(paper)},
    }
    assert "plugins" in manifest["stages"][0]["made"]


def test_worker_processes_know_it_and_the_same_command_goes_on(paper, runs, tmp_path) -> None:
    command = [
        *(sys.executable, "-P", "-m", "llmx", "run", "recipe=counting_stones", "scale=paper"),
        *("seed=7", "--plugin", "papers/counting", "--workers", "2", "--quiet"),
    ]
    (tmp_path / "papers").symlink_to(paper.parent)
    (tmp_path / "torch.py").write_text("raise SystemExit('a stranger ran')")
    given = {**os.environ, "PYTHONPATH": str(ROOT), VARIABLE: ""}
    done = subprocess.run(command, env=given, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    again = subprocess.run(command, env=given, capture_output=True, text=True, cwd=tmp_path)
    assert again.stdout == done.stdout and said_of_digits(again.stdout)


WRONG = {
    "scorer": ("stages.score.scorer=count", "unknown scorer 'count'"),
    "test": ("stages.verdicts.findings=[{id: a, test: long}]", "unknown test 'long'"),
    "field": (
        "stages.verdicts.findings=[{id: a, test: longer, arms: [careful], control: hasty, dig: 1}]",
        "unknown field 'dig'",
    ),
    "section": ("effort.care=0", "effort.care=0 must be greater than or equal to 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_its_names_and_values_are_checked_as_ours_are(cli, paper, name) -> None:
    word, wanted = WRONG[name]
    done = cli("run", "recipe=counting_stones", word, "--plugin", paper, "--dry-run")
    assert done.exit_code == 2 and wanted in done.output, done.output


CLAIMS = {
    "quantity": ("quantity: digits", "quantity: digit", "unknown quantity 'digit': did you mean"),
    "unit": ("unit: digits", "unit: digitz", "unknown unit 'digitz': did you mean digits"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_name_quantities_and_units_that_there_are(cli, paper, tmp_path, name) -> None:
    old, new, wanted = CLAIMS[name]
    text = (paper / "recipes" / "_claims" / "counting.yaml").read_text()
    (tmp_path / "mine" / "_claims").mkdir(parents=True)
    (tmp_path / "mine" / "_claims" / "counted.yaml").write_text(text.replace(old, new))
    done = cli("reproduce", "counted", "--plugin", paper, "--recipes", tmp_path / "mine")
    assert done.exit_code == 2 and wanted in done.output, done.output
