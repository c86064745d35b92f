from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own, and a wide terminal, so that lines stay whole."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("LLMX_RECIPES", raising=False)
    monkeypatch.delenv("LLMX_RUNS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def llmx() -> Callable[..., Result]:
    """Run one command line."""
    from llmx.cli.app import app

    return lambda *words: CliRunner().invoke(app, list(words), prog_name="llmx")
