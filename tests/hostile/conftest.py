"""A stranger's input lies below the test's own folder, and so does all that comes of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from strangers import SCRIPT
from typer.testing import CliRunner, Result


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, deep enough that what climbs out of it is still the test's own."""
    folder = tmp_path / "a" / "b" / "here"
    folder.mkdir(parents=True)
    (folder / SCRIPT).write_text('{"*": "2+2 is 4. #### 4"}')
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return folder


@pytest.fixture
def llmx() -> Callable[..., Result]:
    """Run one command line."""
    from llmx.cli.app import app

    return lambda *words: CliRunner().invoke(app, list(words), prog_name="llmx")


@pytest.fixture
def run(llmx: Callable[..., Result]) -> Callable[..., Result]:
    """Run a recipe of this folder, its answers from a script."""
    return lambda recipe, *words: llmx(
        *("run", f"recipe={recipe}", "--recipes", ".", "--runs", "runs", "--workers", "1"),
        *("engine.kind=scripted", f"engine.script={SCRIPT}", "scale=smoke", *words),
    )
