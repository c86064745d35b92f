"""Killed at any moment, the same command goes on, and the samples are byte-equal.

The command line runs for real, in processes of its own, on the models that ship. What is killed has
two workers that share each arm out as parts and refill their rows; what it is compared with has one
worker and rows of another number.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from counts import count

pytestmark = pytest.mark.slow

PROBLEMS = 40
KILLS = count(4, 10)
COMMAND = [
    sys.executable, "-m", "llmx", "run", "recipe=fsd_gsm8k", "scale=smoke", "--quiet",
    f"scale.problems={PROBLEMS}", "arms=[target,sd,fsd_r_mid]", "sampler.max_tokens=48",
]  # fmt: skip
SHARED = ("--workers", "2", "engine.batch_size=3")
ALONE = ("--workers", "1", "engine.batch_size=16")


def start(runs: Path, how: tuple[str, ...] = SHARED) -> subprocess.Popen:
    env = {**os.environ, "LLMX_RUNS": str(runs), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*COMMAND, *how], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


def finish(process: subprocess.Popen) -> None:
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors


def samples(runs: Path) -> dict[str, bytes]:
    """Every arm's samples as they lie there (records hold no times)."""
    (run,) = (path.parent for path in runs.glob("*/manifest.json"))
    paths = (run / "generate").glob("*/samples.jsonl")
    found = {path.parent.name: path.read_bytes() for path in paths}
    assert set(found) == {"target", "sd", "fsd_r_mid"}
    assert all(len(text.splitlines()) == PROBLEMS for text in found.values())
    return found


def halves(runs: Path) -> list[Path]:
    """What a kill has left: partial folders, and parts that were not joined."""
    return [path for end in ("partial", "parts") for path in (runs / "cache").rglob(f"*.{end}")]


def written(runs: Path) -> int:
    """Bytes of records; folders are renamed and deleted meanwhile."""
    size = 0
    for folder, _, names in os.walk(runs):
        for name in names:
            with suppress(FileNotFoundError):
                size += name.endswith(".jsonl") and Path(folder, name).stat().st_size
    return size


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    runs = tmp_path_factory.mktemp("undisturbed")
    finish(start(runs, ALONE))
    return samples(runs), written(runs / "cache"), runs


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
def test_kills_change_nothing(tmp_path, undisturbed, seed):
    expected, size, _ = undisturbed
    points = sorted(random.Random(seed).randrange(1, int(size * 0.9)) for _ in range(KILLS))
    killed, shared = 0, 0
    for point in points:
        killed += kill_after(tmp_path, point)
        shared += any(path.suffix == ".parts" for path in halves(tmp_path))
    # Several points may fall into one write.
    assert killed >= KILLS - 2 and shared >= KILLS // 4
    finish(start(tmp_path))
    assert samples(tmp_path) == expected
    assert not halves(tmp_path)


def test_two_processes_share_the_work_and_corrupt_nothing(tmp_path, undisturbed):
    expected, *_ = undisturbed
    single = ("--workers", "1", *SHARED[2:])
    for process in [start(tmp_path, single), start(tmp_path, single)]:
        finish(process)
    assert samples(tmp_path) == expected
    assert not halves(tmp_path)


def test_a_second_run_reuses_everything(undisturbed):
    cache = undisturbed[-1] / "cache"
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("stage.json")}
    finish(start(cache.parent, ALONE))
    after = {path: path.stat().st_mtime_ns for path in cache.rglob("stage.json")}
    assert before == after and before
