"""Killed beside any call to the disk, or on a disk that is full or read-only, nothing is lost.

The command runs for real on a recipe of every kind of stage that costs nothing (:mod:`crash`).
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from counts import count

HERE = Path(__file__).parent
NUMBER = {
    "before": count(3, 60),
    "after": count(3, 60),
    "ENOSPC": count(3, 50),
    "EROFS": count(2, 30),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> list[dict]:
    """What became of each try."""
    folder = tmp_path_factory.mktemp("crash")
    jobs = {kind: (number, 11 + place) for place, (kind, number) in enumerate(NUMBER.items())}
    words = [sys.executable, str(HERE / "crash.py"), json.dumps(jobs)]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    done = subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads(line) for line in (folder / "found.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_every_kind_was_tried_and_there_are_many_points(found):
    for kind, number in NUMBER.items():
        tries = [one for one in found if one["kind"] == kind]
        assert len(tries) == number and tries[0]["calls"] > 200


@pytest.mark.slow
def test_after_any_end_the_same_command_ends_at_the_same_bytes(found):
    for one in found:
        assert (one["again"], one["differ"], one["left"]) == (0, [], []), one


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_kill_is_a_kill(found, kind):
    assert {one["ended"] for one in found if one["kind"] == kind} == {-9}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "says"), [("ENOSPC", "No space left on device"), ("EROFS", "Read-only file system")]
)
def test_a_disk_that_takes_nothing_is_one_line_that_names_a_file(found, kind, says):
    for one in found:
        if one["kind"] == kind:
            assert one["ended"] == 2 and one["said"].count("\n") == 1, one
            assert one["said"].startswith("error: cannot write ") and says in one["said"]
            assert "cannot write .:" not in one["said"], one
