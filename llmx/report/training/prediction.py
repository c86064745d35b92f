"""Does accuracy after the warm-up foretell accuracy after reinforcement learning?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llmx.core.figure import Span
from llmx.report.training.disattenuation import disattenuated
from llmx.report.training.evidence import Arms, SeedRun
from llmx.report.training.outputs import pooled
from llmx.report.verdict.floor import at_the_floor

FEWEST = 4
"""Arms below which a correlation says nothing."""

RELIABLE = 0.5
"""Reliability of both accuracies below which nothing is decided: half of what differs is noise."""


@dataclass(frozen=True)
class Prediction:
    """The correlation over arms of the accuracies before and after.

    Attributes:
        span: freed of the noise of problems and seeds; None where an accuracy varies no more over
            arms than its noise would alone.
        reliability: share of the variance over arms that is no noise, before and after; None
            where there are too few arms.
        arms: those that it is taken over.
        seeds: how many seeds all of them have; of one seed the noise of seeds is unknown.
    """

    span: Span | None = None
    reliability: tuple[float, float] | None = None
    arms: tuple[str, ...] = ()
    seeds: int = 0


def prediction(arms: Arms) -> Prediction:
    """Correlate the accuracies before and after over the arms that have both.

    Only problems and seeds that all arms have count. An arm that answers no better than a constant
    at both times is left out: a point far from all others makes any correlation.
    """
    scored = {name: runs for name, runs in arms.items() if all(_both(run) for run in runs)}
    usable = {name: runs for name, runs in scored.items() if not _at_the_floor(runs)}
    paired = _of_common_seeds(usable)
    ids = sorted(set.intersection(*(_ids(runs) for runs in paired.values()))) if paired else []
    if len(paired) < FEWEST or len(ids) < 2:
        return Prediction()
    table = _table(paired, ids)
    found = disattenuated(table)
    return Prediction(found.span, found.reliability, tuple(paired), table.shape[2])


def _of_common_seeds(arms: Arms) -> Arms:
    """Return the runs of the seeds that every arm has, in one order; {} without any."""
    found = [{run.seed: run for run in runs} for runs in arms.values()]
    common = [seed for seed in found[0] if all(seed in one for one in found)] if found else []
    paired = (tuple(one[seed] for seed in common) for one in found)
    return dict(zip(arms, paired, strict=True)) if common else {}


def _both(run: SeedRun) -> bool:
    return bool(run.before.files.scores and run.after.files.scores)


def _at_the_floor(runs: Sequence[SeedRun]) -> bool:
    halves = ([run.before for run in runs], [run.after for run in runs])
    return all((files := pooled(half)) is not None and at_the_floor(files) for half in halves)


def _ids(runs: tuple[SeedRun, ...]) -> set[str]:
    halves = [half for run in runs for half in (run.before, run.after)]
    return set.intersection(*(set(half.files.scores) for half in halves))


def _table(arms: Arms, ids: list[str]) -> NDArray[np.float64]:
    """Return right or wrong, float64 (arms, problems, seeds, before and after)."""
    return np.array(
        [[[_answers(run, name) for run in runs] for name in ids] for runs in arms.values()]
    )


def _answers(run: SeedRun, name: str) -> list[float]:
    return [float(half.files.scores[name].correct) for half in (run.before, run.after)]
