"""A run folder says who ran it and how that ended; a finished run keeps its first manifest."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmx.core.errors import LlmxError, RunError, StoreError
from llmx.core.spec import RunSpec
from llmx.graph import accesses
from llmx.graph.accesses import ACCESSES, resume_command, state_of
from llmx.graph.folder import RunFolder, folder_for, going_on, open_folder
from llmx.graph.graph import CACHE, build_graph, entry_of
from llmx.runs.reproduce import unended
from llmx.runs.run import load_run, run
from llmx.stages.report import ReportStage
from llmx.stages.score import ScoreStage

Recipe = Callable[..., RunSpec]


@pytest.fixture(autouse=True)
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/bin/llmx", "run", "recipe=tiny", "--runs", "my runs"])


def lines(folder: RunFolder) -> list[dict]:
    text = (folder.path / ACCESSES).read_text()
    return [json.loads(line) for line in text.splitlines()]


def failing(error: BaseException) -> Callable:
    def fail(*_: object) -> None:
        raise error

    return fail


def try_to_run(
    spec: RunSpec, runs: Path, error: BaseException, monkeypatch, stage: type = ScoreStage
) -> RunFolder:
    with monkeypatch.context() as broken, pytest.raises(type(error)):
        broken.setattr(stage, "run", failing(error))
        run(spec, runs=runs, workers=1)
    return folder_for(runs, spec)


def listed(runs: Path) -> str:
    from llmx.cli.app import app

    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["runs", "--runs", str(runs)]).output


# --- what is written


def test_each_command_adds_a_line_at_its_beginning_and_its_end(recipe, runs, monkeypatch) -> None:
    folder = try_to_run(recipe(), runs, KeyboardInterrupt(), monkeypatch)
    first = (folder.path / ACCESSES).read_bytes()
    run(recipe(), runs=runs, workers=1)
    run(recipe(), runs=runs, workers=1)
    found = lines(folder)
    assert [row["outcome"] for row in found] == ["begun", "interrupted", *["begun", "finished"] * 2]
    assert found[0]["command"] == ["llmx", "run", "recipe=tiny", "--runs", "my runs"]
    assert (folder.path / ACCESSES).read_bytes().startswith(first)


ERRORS = {
    "ours": (RunError("no such thing\nat all", "buy one"), "no such thing\\u000aat all"),
    "a defect": (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
    "a key in it": (ValueError("https://me:sk-aaaaaaaaaaaaaaaaaaaaaaaa@host/ says no"), "says no"),
}


@pytest.mark.parametrize(("error", "reason"), ERRORS.values(), ids=ERRORS)
def test_a_failed_run_is_listed_as_failed_with_the_reason(
    recipe, runs, monkeypatch, error: Exception, reason: str
) -> None:
    folder = try_to_run(recipe(), runs, error, monkeypatch)
    assert lines(folder)[-1]["outcome"] == "failed" and reason in lines(folder)[-1]["reason"]
    assert "sk-aaaa" not in (folder.path / ACCESSES).read_text()
    state = state_of(folder)
    assert (state.word, state.done, state.total) == ("failed", 1, 5)
    shown = listed(runs)
    assert "failed, 1 of 5 stages" in shown
    assert f"{folder.name} failed: {lines(folder)[-1]['reason']}" in shown.splitlines()


def test_an_interrupted_run_is_listed_with_how_far_it_got(recipe, runs, monkeypatch) -> None:
    folder = try_to_run(recipe(), runs, KeyboardInterrupt(), monkeypatch)
    assert str(state_of(folder)) == "unfinished, 1 of 5 stages"
    assert "unfinished, 1 of 5 stages" in listed(runs)


def test_a_killed_run_leaves_no_last_word_and_is_unfinished(recipe, runs, monkeypatch) -> None:
    folder = try_to_run(recipe(), runs, RunError("no"), monkeypatch)
    with (folder.path / ACCESSES).open("a") as handle:  # the next try, killed
        handle.write('{"outcome": "begun", "command": ["llmx"]}\n{"torn')
    assert str(state_of(folder)) == "unfinished, 1 of 5 stages"


def test_a_run_that_goes_on_is_in_progress(recipe, runs, monkeypatch) -> None:
    folder = try_to_run(recipe(), runs, RunError("no"), monkeypatch)
    with going_on(folder.path):
        assert str(state_of(folder)) == "in progress, 1 of 5 stages"
    assert state_of(folder).word == "failed"


def test_a_run_that_failed_and_then_ended_is_finished(recipe, runs, monkeypatch) -> None:
    folder = try_to_run(recipe(), runs, RunError("no"), monkeypatch)
    run(recipe(), runs=runs, workers=1)
    assert str(state_of(folder)) == "finished" and "failed" not in listed(runs)


@pytest.mark.parametrize("text", ["", "nonsense\n", "{}\n", "[1]\n"])
def test_a_damaged_file_of_accesses_says_nothing(recipe, runs, text) -> None:
    spec = recipe()
    folder = folder_for(runs, spec)
    open_folder(folder, spec, build_graph(spec))
    (folder.path / ACCESSES).write_text(text)
    assert state_of(folder).word == "unfinished"
    assert resume_command(folder) == f"llmx run recipe={spec.name}"


# --- the manifest


def test_a_finished_run_keeps_its_first_manifest(recipe, runs, monkeypatch) -> None:
    folder = run(recipe(), runs=runs, workers=1).folder
    before = {p.name: p.read_bytes() for p in folder.path.iterdir() if p.is_file()}
    monkeypatch.setattr(sys, "argv", ["/bin/llmx", "run", "recipe=tiny", "another=command"])
    run(recipe(), runs=runs, workers=1)
    after = {p.name: p.read_bytes() for p in folder.path.iterdir() if p.is_file()}
    assert {name for name in before if before[name] != after[name]} == {ACCESSES}
    assert lines(folder)[-2]["command"][-1] == "another=command"
    assert folder.manifest()["seconds"] > 0


@pytest.mark.parametrize("harm", ["a stage made again", "gone", "damaged"])
def test_another_manifest_is_written_where_the_first_is_none_of_these_outputs(
    recipe, runs, monkeypatch, harm
) -> None:
    folder = run(recipe(), runs=runs, workers=1).folder
    path = folder.path / "manifest.json"
    if harm == "gone":
        path.unlink()
    elif harm == "damaged":
        path.write_text('{"stages": 3, "seconds": 1}')
    else:
        monkeypatch.setattr(ScoreStage, "version", ScoreStage.version + 1)
    monkeypatch.setattr(sys, "argv", ["/bin/llmx", "the", "second"])
    again = run(recipe(), runs=runs, workers=1).folder
    assert again == folder and folder.manifest()["command"] == ["llmx", "the", "second"]


def test_the_same_output_made_again_is_no_other_run(recipe, runs, monkeypatch) -> None:
    folder = run(recipe(), runs=runs, workers=1).folder
    before = (folder.path / "manifest.json").read_bytes()
    shutil.rmtree(entry_of(runs / CACHE, build_graph(recipe()).find("score", "a")).folder)
    run(recipe(), runs=runs, workers=1)
    assert (folder.path / "manifest.json").read_bytes() == before


# --- asking for a run while the newest has not ended


@pytest.fixture
def two(recipe, runs, monkeypatch) -> tuple[RunFolder, RunFolder]:
    """A finished run, and a newer one of the same recipe that is not."""
    old = run(recipe(), runs=runs, workers=1).folder
    new = try_to_run(recipe(reference="b"), runs, RunError("no luck"), monkeypatch, ReportStage)
    assert old.name != new.name
    return old, new


@pytest.mark.parametrize("name", ["", "tiny", "tiny-", "t"])
def test_the_newest_finished_run_is_shown_and_a_line_says_so(two, runs, name: str) -> None:
    old, new = two
    found = load_run(name, runs=runs)
    assert found.folder == old
    (note,) = found.notes
    assert new.name in note and old.name in note and "failed, 4 of 5 stages" in note


def test_the_line_is_printed_beside_the_table(two, runs) -> None:
    from llmx.cli.app import app

    old, new = two
    done = CliRunner().invoke(app, ["report", "tiny", "--runs", str(runs)])
    assert done.exit_code == 0 and old.name in done.stdout
    assert done.stderr.count(new.name) == 1
    compared = CliRunner().invoke(app, ["compare", ":a", ":b", "--runs", str(runs)])
    assert compared.exit_code == 0 and compared.stderr.count(new.name) == 1


def test_who_names_the_unfinished_run_is_told_how_to_go_on(two, runs) -> None:
    _, new = two
    for name in (new.name, str(new.path)):
        with pytest.raises(StoreError) as caught:
            load_run(name, runs=runs)
        assert caught.value.message.endswith("is failed, 4 of 5 stages: no luck")
        assert caught.value.hint == "to resume: llmx run recipe=tiny --runs 'my runs'"


def test_a_finished_run_has_no_such_line(recipe, runs) -> None:
    finished = run(recipe(), runs=runs, workers=1)
    assert finished.notes == load_run("", runs=runs).notes == ()


def test_a_recipe_is_no_other_whose_name_begins_so(recipe, runs) -> None:
    mine = run(recipe(), runs=runs, workers=1)
    other = run(recipe(name="tiny2"), runs=runs, workers=1)
    assert load_run("tiny", runs=runs).folder == mine.folder
    assert load_run("tin", runs=runs).folder == other.folder


def test_a_paper_s_page_names_the_newer_run(two, runs) -> None:
    _, new = two
    (line,) = unended(runs, ["tiny", "other"])
    assert new.name in line and "failed, 4 of 5 stages" in line
    run_again = unended(runs, ["other"])
    assert run_again == ()


def test_an_error_is_shown_and_not_that_of_the_last_line(recipe, runs, monkeypatch) -> None:
    def full(self, rows) -> None:
        if next(iter(rows))["outcome"] != "begun":
            raise StoreError("cannot write the last line")

    error = StoreError("no space left")
    with monkeypatch.context() as broken, pytest.raises(LlmxError) as caught:
        broken.setattr(accesses.Appender, "append", full)
        with accesses.accessing(folder_for(runs, recipe())):
            raise error
    assert caught.value is error
