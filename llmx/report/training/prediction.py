"""Does accuracy after the warm-up foretell accuracy after reinforcement learning?"""

from __future__ import annotations

import numpy as np

from llmx.report.results import Span
from llmx.report.training.evidence import Arms, Half, SeedRun

FEWEST = 4
"""Arms below which a correlation says nothing."""

_RESAMPLES = 2000


def prediction(arms: Arms) -> tuple[Span | None, tuple[str, ...]]:
    """Return the correlation over arms of the accuracies before and after, and the arms.

    Problems are drawn with replacement, the same for all arms and both times, and so are seeds
    where all arms have several; the interval holds the middle 95 % of the correlations. The arms
    are taken as they are: it says nothing of arms that there could be.
    """
    usable = {name: runs for name, runs in arms.items() if all(_both(run) for run in runs)}
    paired = _of_common_seeds(usable)
    ids = sorted(set.intersection(*(_ids(runs) for runs in paired.values()))) if paired else []
    if len(paired) < FEWEST or len(ids) < 2:
        return None, ()
    seeds = len(next(iter(paired.values())))
    before, after = (_table(paired, ids, half) for half in ("before", "after"))
    estimate = _correlation(before.mean((1, 2)), after.mean((1, 2)))
    if estimate is None:
        return None, ()
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_RESAMPLES):
        rows, columns = rng.integers(0, len(ids), len(ids)), rng.integers(0, seeds, seeds)
        one, other = before[:, rows][:, :, columns], after[:, rows][:, :, columns]
        found.append(_correlation(one.mean((1, 2)), other.mean((1, 2))))
    known = [value for value in found if value is not None]
    low, high = np.quantile(known, [0.025, 0.975])
    return Span(estimate=estimate, low=float(low), high=float(high)), tuple(paired)


def _of_common_seeds(arms: Arms) -> Arms:
    """Return the runs of the seeds that every arm has, in one order; {} without any."""
    found = [{run.seed: run for run in runs} for runs in arms.values()]
    common = [seed for seed in found[0] if all(seed in one for one in found)] if found else []
    paired = (tuple(one[seed] for seed in common) for one in found)
    return dict(zip(arms, paired, strict=True)) if common else {}


def _both(run: SeedRun) -> bool:
    return bool(run.before.files.scores and run.after.files.scores)


def _ids(runs: tuple[SeedRun, ...]) -> set[str]:
    halves = [half for run in runs for half in (run.before, run.after)]
    return set.intersection(*(set(half.files.scores) for half in halves))


def _table(arms: Arms, ids: list[str], which: str) -> np.ndarray:
    """Return right or wrong, float64 (arms, problems, seeds)."""
    halves: list[list[Half]] = [[getattr(run, which) for run in runs] for runs in arms.values()]
    return np.array(
        [[[float(h.files.scores[i].correct) for h in of] for i in ids] for of in halves]
    )


def _correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return Pearson's correlation; None where one side does not vary."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(np.corrcoef(first, second)[0, 1])
