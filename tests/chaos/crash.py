"""``python crash.py JOBS``: runs a recipe again and again, each time on a disk that ends it.

A process of its own without threads: each try is a fork of it, with every module loaded. What was
found of each goes to ``found.jsonl``, a line each.
"""

import hashlib
import json
import os
import random
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from disk import Disk

# A script: nobody else gives it the folder.
sys.path.append(str(Path(__file__).parents[1]))
from dated import DATED, undated

RECIPE = """\
# A test.
#
#   llmx run recipe=everything
defaults:
  - override /model: zoo_gsm
  - override /data: arena_hard_handful
  - override /sampler: greedy
  - override /judge: exact
name: everything
description: every kind of stage that costs nothing
engine: {kind: scripted, batch_size: 2}
stages:
  generate: {kind: decode, over: arm}
  score: {kind: score, over: arm, needs: [generate], scorer: exact}
  audit: {kind: audit, over: arm, needs: [generate, score]}
  judge: {kind: judge, over: arm, needs: [generate], protocol: arena_hard}
  win_rates: {kind: win_rates, over: recipe, needs: [judge]}
  report: {kind: report, over: recipe, needs: [generate, score]}
  verdicts:
    kind: verdicts
    over: recipe
    needs: [generate, score, audit]
    findings: [{id: same, statement: They are alike., test: lossless, arm: b, target: a}]
arms:
  a: [engine.script=a.json]
  b: [engine.script=b.json]
reference: a
"""
WORDS = ["run", "recipe=everything", "scale.problems=5", "--workers", "1", "--quiet"]


def forked(
    disk: Disk | None, runs: Path, words: Sequence[str] = WORDS, user: int | None = None
) -> tuple[int, str, int]:
    """Run a command in a fork; return its status, what it printed and its calls to the disk."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        _run(disk, [*words, "--runs", str(runs)], write, user)
    os.close(write)
    with os.fdopen(read) as told:
        calls = told.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status, Path("printed").read_text(), int(calls or 0)


def _run(disk: Disk | None, words: Sequence[str], told: int, user: int | None) -> None:
    """Be the command, perhaps of another user, and end."""
    from llmx.cli.app import app

    code = 1
    printed = os.open("printed", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(printed, stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    try:
        if user is not None:
            os.setgid(user)
            os.setuid(user)
        if disk is not None:
            disk.install()
        app(list(words))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(told, str(disk.calls if disk else 0).encode())
        os._exit(code)


def outputs(runs: Path) -> dict[str, str]:
    """Return name → hash of every file of the run folder that holds no times, and of its pages."""
    (run,) = (path.parent for path in runs.glob("*/manifest.json"))
    files = (path for path in sorted(run.rglob("*")) if path.is_file())
    found = {str(path.relative_to(run)): undated(path) for path in files if path.name not in DATED}
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


def left(runs: Path) -> list[str]:
    """Return what should not be there when all is over."""
    ends = (".tmp", ".partial", ".parts", ".damaged")
    return [str(path) for path in runs.rglob("*") if path.name.endswith(ends)]


def tried(kind: str, at: int, whole: dict[str, str]) -> dict[str, object]:
    """End the command at one call, run it again, and compare with one that was not disturbed."""
    shutil.rmtree("runs", ignore_errors=True)
    runs = Path("runs")
    ended, said, _ = forked(Disk(kind, at), runs)
    again, printed, _ = forked(None, runs)
    differ = sorted(set(whole.items()) ^ set(outputs(runs).items())) if not again else []
    names = [name for name, _ in differ]
    more = {"again": again, "printed": printed, "differ": names, "left": left(runs)}
    return {"kind": kind, "at": at, "ended": ended, "said": said, **more}


def main(jobs: str) -> None:
    """Count the calls, and do the jobs: kind → (how many, seed)."""
    prepare()
    assert not forked(None, Path("undisturbed"))[0], Path("printed").read_text()
    whole = outputs(Path("undisturbed"))
    for kind, (number, seed) in json.loads(jobs).items():
        shutil.rmtree("count", ignore_errors=True)
        calls = forked(Disk(kind, None), Path("count"))[2]
        points = random.Random(seed).sample(range(1, calls + 1), min(number, calls))
        for at in sorted(points):
            with Path("found.jsonl").open("a") as lines:
                lines.write(json.dumps({**tried(kind, at, whole), "calls": calls}) + "\n")


def prepare() -> None:
    """Write the recipe here and run it once, which loads every module, so that forks need not."""
    Path("recipes/decode").mkdir(parents=True)
    Path("recipes/decode/everything.yaml").write_text(RECIPE)
    for arm, answer in (("a", "It is 4. #### 4"), ("b", "It is 5. #### 5")):
        Path(f"{arm}.json").write_text(json.dumps({"*": answer}))
    from llmx.cli.app import app

    try:
        app([*WORDS, "--runs", "warm"])
    except SystemExit as end:
        assert not end.code, end.code


if __name__ == "__main__":
    main(sys.argv[1])
