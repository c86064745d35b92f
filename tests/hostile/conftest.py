"""A recipe of a stranger: written below the test's own folder, run by a script, watched."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

RECIPE: dict[str, Any] = {
    "description": "of a stranger",
    "defaults": [{"override /model": "zoo_gsm"}, {"override /data": "gsm_symbolic"}],
    "stages": {"generate": {"kind": "decode", "over": "arm", "split": "test"}},
    "arms": {"greedy": ["sampler=greedy"]},
}


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for recipes and runs, deep enough that what climbs out of it is still ours."""
    here = tmp_path / "a" / "b" / "here"
    here.mkdir(parents=True)
    (here / "answers.json").write_text('{"*": "2+2 is 4. #### 4"}')
    monkeypatch.chdir(here)
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return here


@pytest.fixture
def llmx() -> Callable[..., Result]:
    """Run one command line."""
    from llmx.cli.app import app

    return lambda *words: CliRunner().invoke(app, list(words), prog_name="llmx")


@pytest.fixture
def scripted(llmx: Callable[..., Result]) -> Callable[..., Result]:
    """Run a recipe by name with answers from a file, without a model."""
    return lambda recipe, *words: llmx(
        *("run", f"recipe={recipe}", "--recipes", ".", "--runs", "runs", "--workers", "1"),
        *("engine.kind=scripted", "engine.script=answers.json", "scale=smoke", *words),
    )


def write(name: str, **changes: Any) -> Path:
    """Write a recipe; its own values take the place of the usual ones."""
    path = Path(f"{name}.yaml")
    path.write_text(yaml.safe_dump({"name": name, **RECIPE, **changes}, sort_keys=False))
    return path


def refused(done: Result, *named: str) -> None:
    """Check that a command ended with lines for a person, none of which is a traceback."""
    assert isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code == 2, done.output
    lines = done.stderr.splitlines()
    assert lines and all(line.startswith(("error: ", "broken: ")) for line in lines), done.stderr
    assert "Traceback" not in done.output
    for word in named:
        assert word in done.stderr, done.stderr


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def as_text(value: Mapping[str, Any]) -> str:
    return json.dumps(value)
