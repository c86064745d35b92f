"""A second user, with another umask: what he may read he can use; the rest is one line."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

HERE = Path(__file__).parent
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user"),
]


@pytest.fixture(scope="module")
def shown() -> dict[str, tuple[int, str]]:
    folder = tempfile.mkdtemp(prefix="llmx-users-")  # pytest's own folders are private
    Path(folder).chmod(0o755)
    env = {**os.environ, "OMP_NUM_THREADS": "1", "LLMX_CACHE": f"{folder}/own", "MPLBACKEND": "agg"}
    words = [sys.executable, str(HERE / "other_user.py")]
    try:
        done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(Path(folder, "shown.json").read_text())
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("what", ["list", "check", "report", "shared run"])
def test_what_may_be_read_is_read(shown, what):
    assert shown[what][0] == 0, shown[what]


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("run", "cannot write"),
        ("rm", "cannot write"),
        ("private run", "is not readable"),
        ("unreadable", "stage.json: Permission denied"),
        ("unreadable check", "stage.json: Permission denied"),
    ],
)
def test_what_may_not_be_is_one_line(shown, what, says):
    status, said = shown[what]
    assert status == 2 and says in said and said.count("\n") == 1, said
    assert said.startswith("error: ")


def test_nothing_is_taken_for_damaged_because_it_may_not_be_read(shown):
    assert shown["moved"][0] == 0
