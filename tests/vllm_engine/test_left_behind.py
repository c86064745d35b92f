"""No process of vLLM outlives the one that started it, however that one ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from counts import THOROUGH

PATIENCE = 60  # seconds
ENDINGS = {
    "killed while it loads": ("load", signal.SIGKILL),
    "killed while it answers": ("generate", signal.SIGKILL),
    "Ctrl-C while it answers": ("generate", signal.SIGINT),
}


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


# The other one is the first's signal at the second's time; each loads an engine.
USUAL = ("killed while it loads", "Ctrl-C while it answers")


@pytest.mark.parametrize("case", ENDINGS if THOROUGH else USUAL, ids=str)
def test_nothing_is_left_behind(vllm_python, case):
    when, how = ENDINGS[case]
    started = subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "left_behind.py"), when],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert started.stdout is not None
    below = json.loads(started.stdout.readline())
    assert all(map(alive, below))
    started.send_signal(how)
    started.wait(60)
    patience = time.monotonic() + PATIENCE
    while any(map(alive, below)) and time.monotonic() < patience:
        time.sleep(0.2)
    left = [pid for pid in below if alive(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []
    if how is signal.SIGINT:
        assert started.returncode == 130
