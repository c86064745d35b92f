"""The decoding that parts 1, 2 and 4 read: every arm on every unit, by turns.

A unit is one problem at batch 1, and two batches of problems (rows refilled) at the larger one. The
arm that goes first changes from unit to unit. Prefill counts in every arm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.arms import Arm, Cell, Outcome, arm_of
from bench.clock import CLOCKS, Lap, timed
from bench.models import KERNELS, LOOPS, Models
from bench.settings import Settings
from bench.spans import Span, median
from bench.steps import Steps


@dataclass(frozen=True)
class Timing:
    """One unit of one arm."""

    outcome: Outcome
    lap: Lap
    problems: int

    def rate(self, clock: str, of: str = "tokens") -> tuple[float, float]:
        """Return (amount, seconds); `of` is tokens or problems."""
        amount = self.outcome.tokens if of == "tokens" else self.problems
        return float(amount), self.lap.by(clock)


Timings = dict[Cell, list[Timing]]


def cells(settings: Settings) -> list[Cell]:
    """Return the arms that the chosen parts read."""
    found: dict[Cell, None] = {}
    for heat in settings.temperatures:
        if 1 in settings.only:
            for batch in (1, settings.batch):
                found |= {Cell(k, loop, heat, batch): None for k in KERNELS for loop in LOOPS}
        if 2 in settings.only:
            found |= {Cell("native", loop, heat, 1): None for loop in LOOPS}
            found |= {Cell("transformers", w, heat, 1): None for w in ("generate", "assisted")}
        if 4 in settings.only:
            found[Cell("native", "SD", heat, settings.batch)] = None
    return list(found)


def units(settings: Settings, batch: int) -> list[tuple[int, range]]:
    """Return (seed, problems) of each unit."""
    size, total = (1, settings.problems) if batch == 1 else (2 * batch, settings.batch_problems)
    parts = [range(at, min(at + size, total)) for at in range(0, total, size)]
    return [(seed, part) for seed in range(settings.rounds) for part in parts]


def measure(
    models: Models, wanted: Iterable[Cell], steps: Steps, between: Callable[[int], None]
) -> Timings:
    """Time all arms, the batches one after the other.

    Args:
        between: called with the batch size before each unit, to measure something beside it.
    """
    arms = {cell: arm_of(models, cell) for cell in wanted}
    timings: Timings = {cell: [] for cell in arms}
    batches = sorted({cell.batch for cell in arms})
    steps.begin("decoding", sum(len(units(models.settings, batch)) for batch in batches))
    for batch in batches:
        mine = {cell: arm for cell, arm in arms.items() if cell.batch == batch}
        _measure(models, mine, batch, timings, steps, between)
    return timings


def _measure(
    models: Models,
    arms: dict[Cell, Arm],
    batch: int,
    timings: Timings,
    steps: Steps,
    between: Callable[[int], None],
) -> None:
    parts, order = units(models.settings, batch), list(arms)
    for cell in order:  # warm up
        _once(models, arms[cell], parts[0])
    for place, part in enumerate(parts):
        between(batch)
        turn = place % len(order)
        for cell in order[turn:] + order[:turn]:
            timings[cell].append(_once(models, arms[cell], part))
        steps.step()


def _once(models: Models, arm: Arm, unit: tuple[int, range]) -> Timing:
    seed, part = unit
    prompts, ids = [models.prompts[at] for at in part], [str(at) for at in part]
    outcome, lap = timed(lambda: arm(prompts, ids, seed))
    return Timing(outcome, lap, len(part))


def samples(timings: Timings) -> dict[str, Any]:
    """Return what the JSON file keeps of each unit."""
    return {str(cell): [_sample(one) for one in found] for cell, found in timings.items()}


def _sample(one: Timing) -> dict[str, float]:
    kept = ("tokens", "rounds", "drafted", "accepted")
    counts = {name: getattr(one.outcome, name) for name in kept}
    return {**counts, "problems": one.problems, **{clock: one.lap.by(clock) for clock in CLOCKS}}


def rates(found: Sequence[Timing], clock: str, of: str = "tokens") -> list[tuple[float, float]]:
    """Return (amount, seconds) of each unit."""
    return [one.rate(clock, of) for one in found]


def speed(found: Sequence[Timing], clock: str) -> Span:
    """Return the median tokens/s of the units."""
    return median([amount / seconds for amount, seconds in rates(found, clock)])
