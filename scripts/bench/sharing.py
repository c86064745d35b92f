"""Part 5: one arm's answers by two worker processes beside one, as a run starts them."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

from bench.book import Book
from bench.clock import CLOCKS, Lap
from bench.settings import Settings
from bench.spans import median, ratio
from bench.steps import Steps
from llmx.config.compose import compose
from llmx.core.progress import Progress, Silent
from llmx.core.spec import RunSpec, StageSpec
from llmx.engines.kernel import with_kernels
from llmx.graph.graph import build_graph
from llmx.graph.observer import SilentObserver
from llmx.graph.workers import run_with_workers

CREWS = (1, 2)


class Started(SilentObserver):
    """Remembers when the first part was seen to begin."""

    def __init__(self) -> None:
        self.at: float | None = None

    def started(self, title: str) -> Progress:
        """Look at the clock."""
        self.at = self.at or time.perf_counter()
        return Silent()


def spec(settings: Settings) -> RunSpec:
    """Return a run that only answers the problems of the arm `sd`."""
    words = [f"sampler.gamma={settings.gamma}", "engine.kernel=native"]
    whole = compose("fsd_gsm8k", words, arms=["sd"])
    options = {"problems": settings.share_problems}
    stages = (StageSpec(name="generate", kind="decode", options=options),)
    return with_kernels(whole.model_copy(update={"stages": stages}))


def crew(wanted: RunSpec, workers: int) -> tuple[Lap, float]:
    """Let workers do it; return the whole time, and the wall's seconds from the first part on."""
    before, begun, seen = _children(), time.perf_counter(), Started()
    with tempfile.TemporaryDirectory() as cache:
        run_with_workers(wanted, build_graph(wanted), Path(cache), seen, workers)
    end = time.perf_counter()
    return Lap(_children() - before, end - begun), end - (seen.at or begun)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(book: Book, settings: Settings, steps: Steps) -> None:
    """Measure by turns, and print."""
    wanted = spec(settings)
    steps.begin("workers", settings.stage_rounds * len(CREWS))
    found: dict[int, list[tuple[Lap, float]]] = {workers: [] for workers in CREWS}
    for _ in range(settings.stage_rounds):
        for workers in CREWS:
            found[workers].append(crew(wanted, workers))
            steps.step()
    _show(book, found, settings.share_problems)


def _show(book: Book, found: dict[int, list[tuple[Lap, float]]], problems: int) -> None:
    for workers in CREWS:
        book.clocked(
            f"SD, {problems} problems, workers {workers}, with their start",
            "s",
            {clock: median([lap.by(clock) for lap, _ in found[workers]]) for clock in CLOCKS},
        )
    one, two = ([lap.wall for lap, _ in found[workers]] for workers in CREWS)
    name = "two workers over one, problems/s"
    book.clocked(f"{name}, with their start", "ratio", {"wall": ratio(one, two)})
    one, two = ([working for _, working in found[workers]] for workers in CREWS)
    book.clocked(f"{name}, from the first part on", "ratio", {"wall": ratio(one, two)})
