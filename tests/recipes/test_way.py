"""The way of the simplest recipe, from the command line to its first sample on the disk.

Whoever reads the code for the first time follows it. So it stays short, and what the recipe does
not use (papers, trainings, puzzles, judges) is not on it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MOST = 75
USES_NONE_OF = ("papers/", "train/", "data/tasks/", "judging/", "dialogue/", "report/", "claims/")

# Functions of ours alone: no bodies of classes, no lambdas, no comprehensions. The process ends
# when a file of samples is no longer empty, which only a function that writes can bring about.
WALK = r"""
import os, sys, threading
from pathlib import Path
import llmx
root, runs, *words = os.path.dirname(llmx.__file__) + os.sep, *sys.argv[1:]
entered = set()
def seen(frame, event, argument):
    code = frame.f_code
    if not code.co_filename.startswith(root) or code.co_name.startswith("<"):
        return
    if event == "call" and code.co_flags & 2:
        entered.add(code.co_filename.removeprefix(root))
    written = event == "return" and code.co_name == "append"
    if written and any(path.stat().st_size for path in Path(runs).rglob("samples.jsonl")):
        os.write(1, ("\n".join(["FIRST SAMPLE", *sorted(entered)]) + "\n").encode())
        os._exit(0)
sys.argv = ["llmx", "run", *words, "--runs", runs, "--workers", "1"]
sys.setprofile(seen)
threading.setprofile(seen)
from llmx.cli import main
main()
"""


def way(folder: Path, *words: str) -> list[str]:
    """Return the files entered, in a process whose cache knows the compiled forward alone."""
    cache = folder / "cache"
    built = Path(os.environ["LLMX_CACHE"]) / "native"
    cache.mkdir()
    if built.is_dir():
        shutil.copytree(built, cache / "native")
    command = [sys.executable, "-c", WALK, str(folder / "runs"), *words]
    surroundings = {**os.environ, "LLMX_CACHE": str(cache)}
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings)
    printed, found, files = done.stdout.partition("FIRST SAMPLE\n")
    assert found, printed + done.stderr
    return files.split()


@pytest.fixture(scope="module")
def simplest(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return way(tmp_path_factory.mktemp("way"), "recipe=gsm_answers", "scale=smoke")


def test_the_way_to_the_first_sample_is_short(simplest):
    assert len(simplest) <= MOST, simplest


def test_nothing_that_the_recipe_does_not_use_is_on_the_way(simplest):
    assert [name for name in simplest if name.startswith(USES_NONE_OF)] == []


def test_the_whole_way_is_seen(simplest):
    ends = {"cli/run.py", "config/compose.py", "graph/execute.py", "stages/decode.py"}
    assert {*ends, "engines/hf.py", "decoding/rounds.py", "store/files.py"} <= set(simplest)
