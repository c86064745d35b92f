"""Runs as tasks of a real Ray of one machine: the bytes of a local run, whoever dies."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ray_site import RaySite


def test_two_processes_write_what_one_does(site: RaySite, address: str) -> None:
    site.recipe("two", 4, rows=3, seconds=0.3)
    site.llmx("run", "recipe=two", "launch=ray", f"launch.address={address}")
    assert len({process for _, _, process in site.made()}) == 2
    assert len(site.made()) == 12
    site.same_as_local("two")
    (run,) = site.folder.glob("runs/two-*")
    assert json.loads((run / "tally" / "tally.json").read_text()) == {
        f"nap/a{at}": 3 for at in range(4)
    }
    said = site.llmx("run", "recipe=two", "launch=ray", f"launch.address={address}")
    assert len(site.made()) == 12 and "two" in said


def test_a_task_that_is_killed_is_begun_again_and_goes_on(site: RaySite, address: str) -> None:
    site.recipe("killed", 1, rows=5)
    site.hold.touch()
    process = site.begin("run", "recipe=killed", "launch=ray", f"launch.address={address}")
    site.wait(lambda: len(site.made()) == 1)
    first = int(site.made()[0][2])
    os.kill(first, signal.SIGKILL)
    site.wait(lambda: len(site.made()) == 2)
    site.hold.unlink()
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    processes = [int(row[2]) for row in site.made()]
    assert processes[0] == first and first not in processes[1:] and len(set(processes)) == 2
    assert [row[1] for row in site.made()] == ["0", "1", "2", "3", "4"]
    site.same_as_local("killed")


def test_parts_of_one_arm_are_spread_over_tasks(site: RaySite, address: str) -> None:
    site.recipe("parts", 1, rows=12, parts=4, seconds=0.2)
    site.llmx("run", "recipe=parts", "launch=ray", f"launch.address={address}")
    assert len({process for _, _, process in site.made()}) == 2
    site.same_as_local("parts")


def test_a_stage_that_fails_says_why_and_the_same_command_goes_on(
    site: RaySite, address: str
) -> None:
    site.recipe("broken", 2, rows=2, error="no such thing")
    words = ["run", "recipe=broken", "launch=ray", f"launch.address={address}"]
    said = site.llmx(*words, code=2)
    assert "no such thing" in said and "Traceback" not in said
    (log,) = {path.parent for path in site.folder.glob("runs/broken-*/cluster/work/*.jsonl")}
    events = [json.loads(line) for path in log.iterdir() for line in path.read_text().splitlines()]
    assert {one["outcome"] for one in events} >= {"begun", "failed"}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["launch.memory=100000"], "100000 GiB, and no machine of Ray has them"),
        (["launch.cpus=64"], "asks for 64 cores"),
        (["launch.gpus_per_worker=2", "engine.device=cuda"], "2 GPUs"),
    ],
)
def test_what_no_machine_can_take_is_refused(
    words: list[str], says: str, site: RaySite, address: str
) -> None:
    """Ray itself would wait without end."""
    site.recipe("wrong", 1)
    if "engine.device=cuda" in words:
        path = site.folder / "recipes" / "wrong.yaml"
        path.write_text(path.read_text().replace("device=cpu", "device=cuda"))
    own = [word for word in words if word.startswith("launch")]
    said = site.llmx("run", "recipe=wrong", "launch=ray", f"launch.address={address}", *own, code=2)
    assert says in said and site.made() == []


def test_a_ray_is_begun_here_and_ends_and_the_folder_of_the_user_is_no_library(
    site: RaySite, tmp_path: Path
) -> None:
    """Ray itself would let tasks import from the folder that a command is typed in."""
    for name in ("numpy", "pydantic", "yaml"):
        (site.folder / f"{name}.py").write_text(f"open({str(tmp_path / 'read')!r}, 'w')\n")
    site.recipe("local", 2, rows=2, seconds=0.1)
    done = subprocess.run(
        [sys.executable, "-P", "-m", "llmx", "run", "recipe=local", "launch=ray", "--runs", "runs"],
        cwd=site.folder,
        env=site.environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (tmp_path / "read").exists() and len(site.made()) == 4
    ours = [p for p in Path("/proc").glob("[0-9]*/environ") if belongs(p, site.folder)]
    assert ours == []


def belongs(path: Path, folder: Path) -> bool:
    """Whether a process was begun for a folder."""
    try:
        return f"LLMX_CONFIG={folder}".encode() in path.read_bytes()
    except OSError:
        return False
