"""Part 5: a decode stage as a run does it, by each kernel and by another checkout in turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from bench.about import HERE, commit
from bench.book import Book
from bench.clock import CLOCKS, Lap
from bench.models import KERNELS
from bench.settings import Settings
from bench.spans import median, ratio_of_rates
from bench.steps import Steps

ARMS = {"target": "target, greedy", "sd": "SD"}
_CHILD = Path(__file__).with_name("stage_child.py")
Found = dict[tuple[str, str], list[tuple[int, Lap]]]  # (arm, side) → (problems, lap)


class Child:
    """A process with one checkout's llmx, which does stages by the kernel that it is told."""

    def __init__(self, checkout: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(checkout), "OMP_NUM_THREADS": "1"}
        # -P: the folder of this file holds modules with names of their own.
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(_CHILD)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
            cwd=checkout,
        )  # fmt: skip

    def do(self, kernel: str | None, arm: str, problems: int, gamma: int) -> tuple[int, Lap]:
        """Have a stage done; return its problems and its time."""
        assert self.process.stdin is not None and self.process.stdout is not None
        wanted = {"arm": arm, "kernel": kernel, "problems": problems, "gamma": gamma}
        self.process.stdin.write(json.dumps(wanted) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a stage of kernel {kernel} failed; its error is above")
        found: dict[str, Any] = json.loads(line)
        return int(found["problems"]), Lap(found["processor"], found["wall"])


@contextmanager
def child(checkout: Path) -> Iterator[Child]:
    """Hold such a process."""
    made = Child(checkout)
    try:
        yield made
    finally:
        assert made.process.stdin is not None
        made.process.stdin.close()
        made.process.wait()


Sides = dict[str, tuple[Child, str | None]]  # name → (process, kernel)


def run(book: Book, settings: Settings, steps: Steps) -> None:
    """Measure and print."""
    with ExitStack() as stack:
        here = stack.enter_context(child(HERE))
        sides: Sides = {kernel: (here, kernel) for kernel in KERNELS}
        if settings.before is not None:
            other = stack.enter_context(child(settings.before.resolve()))
            sides[f"before, {commit(settings.before)}"] = other, None
        found = _measured(sides, settings, steps)
    book.samples["stages"] = {
        f"{arm}, {name}": [(n, lap.processor, lap.wall) for n, lap in laps]
        for (arm, name), laps in found.items()
    }
    for arm in ARMS:
        _show(book, arm, {name: found[arm, name] for name in sides})


def _measured(sides: Sides, settings: Settings, steps: Steps) -> Found:
    found: Found = {(arm, name): [] for arm in ARMS for name in sides}
    steps.begin("stages", (settings.stage_rounds + 1) * len(found))
    for turn in range(-1, settings.stage_rounds):  # the first turn loads models
        problems = settings.stage_problems if turn >= 0 else min(8, settings.stage_problems)
        for arm in ARMS:
            for name in _turned(list(sides), turn):
                process, kernel = sides[name]
                done = process.do(kernel, arm, problems, settings.gamma)
                if turn >= 0:
                    found[arm, name].append(done)
                steps.step()
    return found


def _turned(names: list[str], turn: int) -> list[str]:
    at = turn % len(names)
    return names[at:] + names[:at]


def _show(book: Book, arm: str, found: Mapping[str, list[tuple[int, Lap]]]) -> None:
    def rates(name: str, clock: str) -> list[tuple[float, float]]:
        return [(float(n), lap.by(clock)) for n, lap in found[name]]

    for name in found:
        book.clocked(
            f"decode stage, {ARMS[arm]} ({name})",
            "problems/s",
            {clock: median([n / s for n, s in rates(name, clock)]) for clock in CLOCKS},
        )
    for name in [name for name in found if name != "native"]:
        book.clocked(
            f"decode stage, {ARMS[arm]}, native over {name}",
            "ratio",
            {clock: ratio_of_rates(rates("native", clock), rates(name, clock)) for clock in CLOCKS},
        )
