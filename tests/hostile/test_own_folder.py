"""A file of the folder that somebody works in has the name of a module, and is not imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmx.engines.vllm.interpreter import environment
from llmx.graph.workers import _command
from llmx.train.course import launch

STOLEN = "open('stolen', 'w').close()\n"


@pytest.fixture
def trap(here: Path) -> Path:
    for name in ("torch", "numpy", "yaml", "llmx", "json", "accelerate"):
        (here / f"{name}.py").write_text(STOLEN)
    return here


def test_a_worker_takes_nothing_from_there(trap: Path) -> None:
    command = _command(trap / "spec.json", trap / "cache")
    told = subprocess.run(command, capture_output=True, text=True, cwd=trap)
    assert "spec.json" in told.stderr  # it came as far as its own work
    assert not (trap / "stolen").exists()


def test_a_worker_of_vllm_takes_nothing_from_there(trap: Path) -> None:
    ask = [sys.executable, "-c", "import json, torch; print(torch.__name__)"]
    told = subprocess.run(ask, env=environment(1), capture_output=True, text=True, cwd=trap)
    assert told.stdout == "torch\n" and not (trap / "stolen").exists()


def test_processes_of_a_training_take_nothing_from_there(
    trap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}

    class Ended(Exception):
        pass

    def started(*_: object, env: dict[str, str], **__: object) -> None:
        given.update(env)
        raise Ended

    monkeypatch.setattr(launch, "_wait_for_the_last", lambda out: None)
    monkeypatch.setattr(launch, "_packed", lambda context: {})
    monkeypatch.setattr(launch.subprocess, "Popen", started)
    context = type("Context", (), {"out": trap, "progress": None})()
    with pytest.raises(Ended):
        launch.launch(context, str(trap / "json.py"))
    assert given["PYTHONSAFEPATH"] == "1" and given["PATH"] == os.environ["PATH"]
