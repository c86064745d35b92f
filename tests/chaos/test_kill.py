"""Killed at any moment, the same command goes on, and the samples are byte-equal.

The command line runs for real, in processes of its own, on the models that ship.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from hashlib import blake2b
from pathlib import Path

import pytest
from counts import count

pytestmark = pytest.mark.slow

COMMAND = [
    sys.executable, "-m", "llmx", "run", "recipe=fsd_gsm8k", "scale=smoke", "scale.problems=24",
    "arms=[target,sd,fsd_r_mid]", "engine.batch_size=2", "sampler.max_tokens=48", "--quiet",
]  # fmt: skip


def start(runs: Path) -> subprocess.Popen:
    env = {**os.environ, "LLMX_RUNS": str(runs), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        COMMAND, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def samples(runs: Path) -> dict[str, str]:
    """Canonical hash of every arm's samples, sorted by id (records hold no times)."""
    (run,) = (path.parent for path in runs.glob("*/manifest.json"))
    found = {}
    for path in sorted((run / "generate").glob("*/samples.jsonl")):
        rows = sorted((json.loads(line) for line in path.open()), key=lambda row: row["id"])
        assert len(rows) == 24
        found[path.parent.name] = blake2b(json.dumps(rows).encode()).hexdigest()
    assert set(found) == {"target", "sd", "fsd_r_mid"}
    return found


def written(runs: Path) -> int:
    return sum(path.stat().st_size for path in runs.rglob("*.jsonl") if path.exists())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    runs = tmp_path_factory.mktemp("undisturbed")
    finish(start(runs))
    return samples(runs), written(runs / "cache")


def kill_after(runs: Path, size: int) -> bool:
    """Start the command and kill it once `size` bytes of records lie there; False if it ended."""
    process = start(runs)
    while process.poll() is None:
        if written(runs / "cache") >= size:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return True
        time.sleep(0.005)
    finish(process)
    return False


@pytest.mark.parametrize("seed", range(7, 7 + count(1, 20)))
def test_ten_kills_change_nothing(tmp_path, undisturbed, seed):
    expected, size = undisturbed
    points = sorted(random.Random(seed).randrange(1, int(size * 0.9)) for _ in range(10))
    killed = sum(kill_after(tmp_path, point) for point in points)
    assert killed >= 8  # several points may fall into one write
    finish(start(tmp_path))
    assert samples(tmp_path) == expected
    assert not list((tmp_path / "cache").rglob("*.partial"))


def test_two_processes_share_the_work_and_corrupt_nothing(tmp_path, undisturbed):
    expected, _ = undisturbed
    for process in [start(tmp_path), start(tmp_path)]:
        finish(process)
    assert samples(tmp_path) == expected


def test_a_second_run_reuses_everything(tmp_path, undisturbed):
    finish(start(tmp_path))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("stage.json")}
    finish(start(tmp_path))
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("stage.json")}
    assert before == after
