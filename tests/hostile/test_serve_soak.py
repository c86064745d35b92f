"""The server is left running: 64 clients of all kinds, and neither memory nor descriptors grow."""

import os
import subprocess
import sys
import time
import urllib.request

import pytest
from counts import count
from soak import KINDS, Soak

pytest.importorskip("uvicorn")

SECONDS = count(40, 1800)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(SECONDS + 900)]
GROWTH = 0.05


@pytest.fixture
def served():
    words = ["serve", "recipe=staircase_moa", "scale=smoke", "--port", "0", "--header-seconds", "5"]
    made = subprocess.Popen(
        [sys.executable, "-m", "llmx", *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert made.stdout is not None
    line = made.stdout.readline()
    port = int(line.rsplit(":", 1)[1].split("/")[0])
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health"):
        pass  # from now on it has all that it needs itself
    yield made.pid, port
    made.terminate()
    made.wait(60)
    made.stdout.close()


def test_the_server_weighs_at_the_end_what_it_weighed(served):
    soak = Soak(*served, model="staircase_moa", pause=count(8, 3))
    before = soak.weigh()[1]
    soak.run(SECONDS)
    print(soak.told())  # shown by `pytest -rP`, or where it fails
    assert soak.wrong == []
    assert all(soak.outcomes[kind] for kind in KINDS)
    assert soak.growth() < GROWTH
    end = time.time() + 60
    while soak.weigh()[1] > before and time.time() < end:
        time.sleep(0.2)
    assert soak.weigh()[1] <= before
