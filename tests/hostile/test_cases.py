"""Inputs that did harm once, as files: a folder each below ``cases``, with what is right today.

``case.yaml`` lists steps. *command*: words of the command line, in a copy of the folder. It `ends`
with 2 and one line that `says` something, or with 0 and `shows` something; its output and the files
that it wrote hold `never` what is listed. *request*: bytes for a server, and the status of the last
answer. *file*: a file of the run that is cut to so many `lines`, or `has` as many. A folder within
the case is a model: the zoo's smallest, with these files in the place of its own.

What was no file by nature is elsewhere: a run deleted while it goes on, and stages that waited for
ever (``unit/graph/test_noticing.py``), time and memory of many records
(``scripts/bench_scale.py``), trainings killed in a later pass (``training/test_resume.py``).
"""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_server import Echo, serving
from strangers import files_below, refused
from typer.testing import CliRunner, Result

from llmx.engines.size import ZOO
from llmx.serve.limits import Limits

pytest.importorskip("uvicorn")

CASES = {path.parent.name: path for path in sorted(Path(__file__).parent.glob("cases/*/case.yaml"))}
OF_A_MODEL = "gsm_draft"


@pytest.fixture
def folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Copy the files of a case into the test's own folder."""
    monkeypatch.setenv("LLMX_CONFIG", str(here / "config"))
    monkeypatch.setenv("LLMX_RUNS", str(here / "runs"))

    def copied(name: str) -> Path:
        source = CASES[name].parent
        for model in (path for path in source.iterdir() if path.is_dir()):
            shutil.copytree(ZOO / OF_A_MODEL, here / model.name)
        shutil.copytree(
            source, here, dirs_exist_ok=True, ignore=shutil.ignore_patterns(CASES[name].name)
        )
        return here

    return copied


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict[str, Any]], None]:
    """Run the command of a step, with yes to every question, and look at all that it left."""
    from llmx.cli.app import app

    def run(step: dict[str, Any]) -> None:
        for name, value in step.get("variables", {}).items():
            monkeypatch.setenv(name, value)
        before = files_below(tmp_path)
        words = step["command"].split()
        done = CliRunner().invoke(app, words, prog_name="llmx", input="y\n" * 20)
        look(done, step)
        new = files_below(tmp_path) - before
        assert not [name for name in new if Path(name).name in ("BOOM", "PAYLOAD")]
        assert all(name.startswith("a/b/here/runs") for name in new)
        left = [tmp_path / name for name in new if (tmp_path / name).is_file()]
        for never in step.get("never", ()):
            assert never not in done.output
            assert not [path for path in left if never.encode() in path.read_bytes()]

    return run


def look(done: Result, step: dict[str, Any]) -> None:
    """Compare how a command ended, and what it said, with what is right."""
    if step.get("ends", 2):
        refused(done, *step["says"])
    else:
        assert done.exit_code == 0, done.output
        assert all(word in done.output for word in step.get("shows", ()))


def cut(step: dict[str, Any], folder: Path) -> None:
    """Cut a file of the run, or look how many lines it has."""
    (path,) = (one for one in folder.glob(step["file"]) if ".damaged" not in str(one))
    lines = path.read_bytes().splitlines(keepends=True)
    if "has" in step:
        assert len(lines) == step["has"]
        return
    path.unlink()  # the run folder's link to it stays as it is
    if step["lines"]:
        path.write_bytes(b"".join(lines[: step["lines"]]))


def sent(port: int, raw: bytes) -> int:
    """Return the status of the last answer to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as made:
        made.sendall(raw)
        found = b""
        while part := made.recv(1 << 16):
            found += part
    assert found.endswith((b"}}", b"}"))
    return int(found.rpartition(b"HTTP/1.1 ")[2][:3])


@pytest.mark.parametrize("name", CASES)
def test_a_case(name: str, folder: Callable[[str], Path], command: Callable[..., None]) -> None:
    steps = yaml.safe_load(CASES[name].read_text(encoding="utf-8"))
    here, times = folder(name), Limits(header_seconds=0.3, body_seconds=0.3)
    for step in steps:
        if "command" in step:
            command(step)
        elif "file" in step:
            cut(step, here)
        else:
            with serving(Echo(), limits=times) as (_, port):
                assert sent(port, (here / step["request"]).read_bytes()) == step["status"]


def test_every_file_of_a_case_is_used() -> None:
    for path in CASES.values():
        text = path.read_text(encoding="utf-8")
        for one in (one for one in path.parent.iterdir() if one != path):
            assert one.stem in text or os.access(one, os.X_OK), one
