"""``llmx reproduce``: without a run, from stored runs, from committed results."""

import json
import re
from pathlib import Path

import pytest
from result_rows import results, row
from typer.testing import CliRunner, Result

from llmx.cli.app import app
from llmx.config.compose import compose
from llmx.core.figure import Span
from llmx.store.files import write_json


def call(*words: object) -> Result:
    return CliRunner().invoke(app, ["reproduce", *map(str, words)])


def store(runs: Path, problems: int, suffix: str, recipe: str = "fsd_gsm8k") -> Path:
    """Write a finished run by hand: two rows, one verdict."""
    folder = runs / f"{recipe}-{suffix}"
    rows = tuple(
        row(arm, algorithm=kind, problems=problems, accuracy=Span(estimate=0.5))
        for arm, kind in (("sd", "speculative"), ("fsd_r_mid", "fuzzy"))
    )
    found = results(*rows, title="T")
    verdict = {"id": "beats_random", "word": "shown here", "reason": f"Seen {suffix}."}
    write_json(folder / "results.json", found.model_dump(mode="json"))
    write_json(folder / "verdicts" / "verdicts.json", {"verdicts": [verdict]})
    write_json(folder / "spec.json", compose(recipe, scale="smoke").model_dump(mode="json"))
    manifest = {"stages": [], "seconds": 1.0, "written": "2026-01-02T00:00:00Z", "machine": {}}
    write_json(folder / "manifest.json", manifest)
    return folder


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    """What is said where no run is: every recipe of the paper is planned at every scale."""
    runs = tmp_path_factory.mktemp("without") / "runs"
    return call("fsd", "--runs", runs), runs


def test_without_a_run_it_says_what_to_type_and_what_that_takes(
    without: tuple[Result, Path],
) -> None:
    found, runs = without
    assert found.exit_code == 0
    for name in ("fsd_gsm8k", "fsd_divergences", "fsd_guards"):
        for scale in ("laptop", "desk"):
            assert f"llmx run recipe={name} scale={scale}" in found.stdout
    assert "on this machine" in found.stdout
    assert not runs.exists()


def test_recipes_on_the_paper_s_own_problems_are_offered_at_its_scale(
    without: tuple[Result, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("llmx.sandbox.found._bundled", lambda: [])
    found = call("fsd", "--runs", tmp_path / "runs", "--json")
    offered = {(one["recipe"], one["scale"]): one for one in json.loads(found.stdout)["missing"]}
    for name in ("fsd_csqa", "fsd_mmlu"):
        made = offered[name, "paper"]
        assert made["command"] == f"llmx run recipe={name} scale=paper"
        assert not made["refusal"]
    assert "bubblewrap is missing" in offered["fsd_humaneval", "paper"]["refusal"]
    assert ("fsd_gsm8k", "paper") not in offered and ("fsd_curve", "paper") not in offered
    shown = " ".join(without[0].stdout.split())
    # Whether the time is known depends on whether this machine's memory holds the models.
    assert re.search(
        r"recipe=fsd_csqa scale=paper \d+ stages, (time unknown until|about [\d.]+ h )", shown
    )
    assert "recipe=fsd_humaneval scale=paper" in shown


def test_the_largest_run_is_taken_and_the_page_is_written(tmp_path: Path) -> None:
    store(tmp_path, 50, "aaaa")
    store(tmp_path, 4, "bbbb")
    found = call("fsd", "--runs", tmp_path)
    assert "Seen aaaa." in found.stdout and "Seen bbbb." not in found.stdout
    written = {path.name for path in (tmp_path / "pages").iterdir()}
    assert written == {f"reproduce-fsd.{kind}" for kind in ("html", "md", "json")}


def test_kept_results_give_the_same_page_without_the_run(tmp_path: Path) -> None:
    folder = store(tmp_path / "runs", 50, "aaaa")
    kept = tmp_path / "kept"
    first = call("fsd", "--runs", tmp_path / "runs", "--out", kept, "--keep", "--json")
    again = call("fsd", "--runs", tmp_path / "none", "--from", kept, "--json")
    direct = call("fsd", "--runs", tmp_path / "none", "--from", folder, "--json")
    pages = [json.loads(found.stdout) for found in (first, again, direct)]
    assert pages[0] == pages[1] == pages[2]
    assert pages[0]["sources"][0]["card"]["run"] == "fsd_gsm8k-aaaa"


def test_python_says_the_same(tmp_path: Path) -> None:
    import llmx

    store(tmp_path, 50, "aaaa")
    page = llmx.reproduce("fsd", runs=tmp_path).page
    assert json.loads(call("fsd", "--runs", tmp_path, "--json").stdout) == page.model_dump(
        mode="json"
    )


def test_a_run_of_another_version_is_passed_over(tmp_path: Path) -> None:
    folder = store(tmp_path, 50, "aaaa")
    write_json(folder / "results.json", {"schema_version": 99})
    found = call("fsd", "--runs", tmp_path)
    assert found.exit_code == 0 and "llmx run recipe=fsd_gsm8k" in found.stdout


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["fds"], "fsd"),
        (["fsd", "--from", "nowhere"], "holds no result"),
    ],
)
def test_mistakes_are_one_line(words: list[str], text: str, tmp_path: Path) -> None:
    found = call(*words, "--runs", tmp_path)
    assert found.exit_code == 2
    assert text in found.stderr and len(found.stderr.strip().splitlines()) == 1


def test_two_runs_of_one_recipe_or_one_of_another_paper_are_refused(tmp_path: Path) -> None:
    first, second = store(tmp_path, 5, "aaaa"), store(tmp_path, 5, "bbbb")
    found = call("fsd", "--from", first, "--from", second)
    assert found.exit_code == 2 and "two runs of fsd_gsm8k" in found.stderr
    other = store(tmp_path, 5, "cccc", recipe="zoo_gsm")
    found = call("fsd", "--from", other)
    assert found.exit_code == 2 and "zoo_gsm" in found.stderr
