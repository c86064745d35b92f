"""Recipes that ship, killed beside one call to the disk after the other: the same bytes at the end.

`make test` does it to an ensemble; a training with reinforcement learning, whose stage is killed in
tests/training, and fuzzy decoding, which :mod:`test_kill` kills, are left to `make test-thorough`.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from counts import count

HERE = Path(__file__).parent
RECIPES = {
    "ensemble": (
        count(2, 30),
        "recipe=staircase_moa scale=smoke arms=[moa,staircase] scale.problems=4 engine.batch_size=2"
        " sampler.max_tokens=16 stages.lengths=null stages.latency=null",
    ),
    "training": (count(0, 15), "recipe=backtracking_countdown scale=smoke arms=[k1,rl_only]"),
    "fuzzy": (
        count(0, 30),
        "recipe=fsd_gsm8k scale=smoke arms=[target,sd,fsd_h_mid] scale.problems=8"
        " sampler.max_tokens=16 stages.speed=null engine.batch_size=3",
    ),
}
TRIED = [name for name, (number, _) in RECIPES.items() if number]
SAME = ("samples.jsonl", "scores.jsonl", "audit.json", "model.safetensors", "rollouts.jsonl")


def run(folder: Path, name: str, runs: str, kind: str = "before", at: int = 0) -> tuple[int, int]:
    """Return the status of a run that ends at a call to the disk, and how many calls it made."""
    told = folder / "calls"
    told.unlink(missing_ok=True)
    words = ["run", *RECIPES[name][1].split(), "--workers", "1", "--quiet", "--runs", runs]
    command = [sys.executable, str(HERE / "ended.py"), kind, str(at), str(told), *words]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode, int(told.read_text()) if told.exists() else 0


def outputs(runs: Path) -> dict[str, bytes]:
    (folder,) = (path.parent for path in runs.glob("*/manifest.json"))
    files = (path for path in sorted(folder.rglob("*")) if path.name in SAME)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.slow
@pytest.mark.parametrize("name", TRIED)
def test_kills_beside_calls_to_the_disk_change_nothing(tmp_path, name):
    number, chance = RECIPES[name][0], random.Random(5)
    code, calls = run(tmp_path, name, "undisturbed")
    assert code == 0 and calls > 40
    killed = 0
    for _ in range(number):
        at = chance.randrange(1, max(calls // number, 8))
        killed += run(tmp_path, name, "killed", chance.choice(["before", "after"]), at)[0] == -9
    assert killed > number // 2
    assert run(tmp_path, name, "killed")[0] == 0
    whole = outputs(tmp_path / "undisturbed")
    assert len(whole) > 3 and outputs(tmp_path / "killed") == whole
    ends = (".tmp", ".partial", ".parts", ".damaged")
    assert not [path for path in (tmp_path / "killed").rglob("*") if path.name.endswith(ends)]
