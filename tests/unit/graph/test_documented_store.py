"""docs/store.md is true: its commands run, in its order, and end as it says."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.runs.run import run

PAGE = (Path(__file__).parents[3] / "docs" / "store.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(llmx runs.*?)(?: {2,}.*)?$", PAGE, re.M)


def test_all_verbs_are_shown():
    assert len(COMMANDS) == 6
    assert {words.split()[2] for words in COMMANDS if len(words.split()) > 2} == {
        "check",
        "rm",
        "gc",
    }


@pytest.mark.parametrize("damaged", [False, True], ids=["sound", "damaged"])
def test_the_commands_run_as_they_stand_there(recipe, runs, monkeypatch, damaged):
    folder = run(recipe(), runs=runs, workers=1).folder
    monkeypatch.setenv("LLMX_RUNS", str(runs))
    if damaged:
        path = folder.path / "generate/a/samples.jsonl"
        path.write_bytes(path.read_bytes().replace(b"12", b"13", 1))
    codes = []
    for command in COMMANDS:
        words = [("RUN" in word and folder.name) or word for word in command.split()[1:]]
        codes.append(CliRunner().invoke(app, words).exit_code)
    assert codes == [0, 2, 2, 0, 0, 0] if damaged else [0] * 6
    assert not folder.path.exists() and not list(runs.rglob("*.damaged"))
