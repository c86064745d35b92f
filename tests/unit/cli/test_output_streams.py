"""Streams that are not UTF-8: a good run stays a good run."""

import os
import subprocess
import sys

import pytest

from llmx.cli import _write_what_can_be_written

WRITES = """
from llmx.cli import main
import llmx.cli.app as app
from llmx.cli.console import say, show, table
def write(**_):
    say("naïve ± → 🙂 \\ud83d")
    show("é", table(["Größe"], [["5 µs"]]))
    say("ü", err=True)


app.app = write
main()
"""


def run(code, tmp_path, **set_):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "PYTHONIO"))}
    command = [sys.executable, *code]
    return subprocess.run(command, capture_output=True, env={**kept, **set_}, cwd=tmp_path)


STREAMS = [
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"PYTHONIOENCODING": "cp1252"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"LC_ALL": "C"},
    {"PYTHONIOENCODING": "utf-8"},
]


@pytest.mark.parametrize("streams", STREAMS, ids=str)
def test_whatever_a_stream_cannot_hold_it_takes_all_the_same(streams, tmp_path):
    (tmp_path / "writes.py").write_text(WRITES, encoding="utf-8")
    done = run(["writes.py"], tmp_path, **streams)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr.decode()
    assert b"ve " in done.stdout and b"5 " in done.stdout and done.stderr.strip()
    if streams == {"PYTHONIOENCODING": "utf-8"}:  # and what can be written is
        assert "naïve ± → 🙂 \\ud83d" in done.stdout.decode()


@pytest.mark.parametrize(
    "words", [["list"], ["describe", "fsd_gsm8k"], ["run", "recipe=é"]], ids=" ".join
)
def test_verbs_end_as_they_do_elsewhere(words, tmp_path):
    given = {"LLMX_RUNS": str(tmp_path / "runs")}
    ends = [run(["-m", "llmx", *words], tmp_path, **given, **one) for one in (STREAMS[0], {})]
    assert ends[0].returncode == ends[1].returncode
    assert b"Traceback" not in ends[0].stderr


def test_streams_that_are_no_files_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    _write_what_can_be_written()
