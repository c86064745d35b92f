"""Part 6: from the command to the first record on the disk, and a run that is there already."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.book import Book
from bench.clock import CLOCKS, Lap
from bench.settings import Settings
from bench.spans import median
from bench.steps import Steps

_POLL = 0.002
_PATIENCE = 120.0


def run(book: Book, settings: Settings, steps: Steps) -> None:
    """Measure and print."""
    steps.begin("starts", 2 * settings.starts + 1)
    firsts = []
    for _ in range(settings.starts):
        firsts.append(first_record(settings.gamma))
        steps.step()
    name = "fresh process to the first record"
    book.clocked(name, "s", {"wall": median(firsts)})
    again = cached(settings, steps)
    book.clocked(
        "a run that is there already (scale=smoke)",
        "s",
        {clock: median([lap.by(clock) for lap in again]) for clock in CLOCKS},
    )
    book.samples["first record"], book.samples["cached"] = firsts, [vars(lap) for lap in again]


def command(runs: str, *words: str) -> list[str]:
    """Return the command line of a run."""
    return [sys.executable, "-m", "llmx", "run", "recipe=fsd_gsm8k", *words,
            "--runs", runs, "--quiet"]  # fmt: skip


def first_record(gamma: int) -> float:
    """Start a run of one problem in an empty folder; return the seconds to its first record."""
    words = ("arms=[sd]", f"sampler.gamma={gamma}", "engine.kernel=native", "--limit", "1")
    with tempfile.TemporaryDirectory() as runs:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command(runs, *words),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            _wait(Path(runs), process, begun)
            return time.perf_counter() - begun
        finally:
            _end(process)


def _wait(runs: Path, process: subprocess.Popen[bytes], begun: float) -> None:
    while not _there(runs):
        if process.poll() or time.perf_counter() - begun > _PATIENCE:
            raise SystemExit("the run of one problem gave no record")
        time.sleep(_POLL)


def _there(runs: Path) -> bool:
    found = (path for path in runs.rglob("samples.jsonl") if "decode" in path.parts)
    try:
        return any(b"\n" in path.read_bytes() for path in found)
    except OSError:  # renamed between the two
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the run and the workers that it started: they are a session of their own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait()


def cached(settings: Settings, steps: Steps) -> list[Lap]:
    """Do a smoke run, then time it again and again."""
    with tempfile.TemporaryDirectory() as runs:
        words = command(runs, "scale=smoke", *settings.smoke_words)
        _done(words)
        steps.step()
        found = []
        for _ in range(settings.starts):
            found.append(_done(words))
            steps.step()
    return found


def _done(words: list[str]) -> Lap:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    wall = time.perf_counter() - begun
    if done.returncode:
        raise SystemExit(f"the smoke run failed: {done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Lap(spent, wall)
