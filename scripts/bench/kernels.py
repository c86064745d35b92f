"""Part 1: the compiled forward beside torch's, in whole loops and alone."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch

from bench.arms import Cell
from bench.book import Book
from bench.clock import CLOCKS, Lap, timed
from bench.decoding import Timings, rates, speed
from bench.models import KERNELS, LOOPS, Models
from bench.settings import Settings
from bench.spans import median, ratio, ratio_of_rates
from bench.steps import Steps
from llmx.decoding import StepModel

_PAST = 64  # tokens that stand in the cache


def show_loops(book: Book, timings: Timings, settings: Settings) -> None:
    """Print tokens/s of every loop by both kernels, and their ratio."""
    for batch in (1, settings.batch):
        for heat in settings.temperatures:
            for loop in LOOPS:
                _loop(book, timings, [Cell(kernel, loop, heat, batch) for kernel in KERNELS])


def _loop(book: Book, timings: Timings, both: list[Cell]) -> None:
    for cell in both:
        book.clocked(
            str(cell), "tokens/s", {clock: speed(timings[cell], clock) for clock in CLOCKS}
        )
    ours, other = (timings[cell] for cell in both)
    name = str(both[0]).replace("(native)", "native over torch")
    spans = {clock: ratio_of_rates(rates(ours, clock), rates(other, clock)) for clock in CLOCKS}
    book.clocked(name, "ratio", spans)


def show_forwards(book: Book, models: Models, steps: Steps) -> None:
    """Print microseconds of a forward, by both kernels in turns."""
    settings = models.settings
    shapes = [(rows, width) for rows in settings.rows for width in (1, settings.gamma + 1)]
    steps.begin("forwards", 2 * len(shapes))
    for name in ("draft", "target"):
        for rows, width in shapes:
            both = {kernel: getattr(models.pair(kernel), name) for kernel in KERNELS}
            found = forwards(both, rows, width, settings.repeats)
            where = f"{name}, {rows} rows of {width}"
            book.samples[f"forward {where}"] = found
            _show(book, where, found)
            steps.step()


def _show(book: Book, where: str, found: dict[str, list[Lap]]) -> None:
    for kernel in KERNELS:
        book.clocked(
            f"forward, {where} ({kernel})",
            "µs",
            {clock: median(_seconds(found[kernel], clock)).times(1e6) for clock in CLOCKS},
        )
    ours, other = (found[kernel] for kernel in KERNELS)
    book.clocked(
        f"forward, {where}, torch over native",
        "ratio",
        {clock: ratio(_seconds(other, clock), _seconds(ours, clock)) for clock in CLOCKS},
    )


def _seconds(laps: list[Lap], clock: str) -> list[float]:
    return [lap.by(clock) for lap in laps]


def forwards(
    models: dict[str, StepModel], rows: int, width: int, repeats: int
) -> dict[str, list[Lap]]:
    """Time forwards of the same tokens behind the same past, by turns."""
    draws = np.random.default_rng(0)
    made = {name: _prepared(model, rows, width, draws) for name, model in models.items()}
    for model, call in made.values():
        model.forward(*call)
    found: dict[str, list[Lap]] = {name: [] for name in models}
    for _ in range(repeats):
        for name, (model, call) in made.items():
            _, lap = timed(partial(model.forward, *call))
            found[name].append(lap)
    return found


def _prepared(
    model: StepModel, rows: int, width: int, draws: np.random.Generator
) -> tuple[StepModel, tuple[Any, ...]]:
    cache = model.new_cache(rows, _PAST + width)
    past, fresh = (
        torch.from_numpy(draws.integers(0, model.vocab_size, (rows, size)))
        for size in (_PAST, width)
    )
    model.prefill(past, torch.arange(rows), cache)
    return model, (fresh, torch.full((rows,), _PAST), cache)
