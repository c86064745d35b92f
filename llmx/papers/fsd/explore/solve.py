"""Thresholds of a log: for a draft share, and a ladder of them."""

from __future__ import annotations

import numpy as np

from llmx.core.spec import Semantics
from llmx.papers.fsd.calibrate import solve_threshold
from llmx.papers.fsd.divergence_log import DivergenceLog
from llmx.papers.fsd.replay import BlockLog


def solve(
    log: DivergenceLog, measure: str, share: float, semantics: Semantics = "research"
) -> float:
    """Return the threshold, in the measure's unit, whose draft share is nearest to `share`."""
    beside = log.argmax if semantics == "union" else log.lossless
    blocks = BlockLog(log.of(measure), beside, log.valid, log.closed)
    return solve_threshold(blocks, share, semantics)[0]


def rungs(log: DivergenceLog, measure: str, count: int) -> list[float]:
    """Return `count` rising thresholds, at quantiles of what was observed.

    Denser towards the loose end: there a few tokens more are most of the price.
    """
    seen = log.of(measure)[log.counted()]
    found = np.quantile(seen[np.isfinite(seen)], 1 - np.linspace(1, 0, count) ** 2)
    return [float(value) for value in found]
