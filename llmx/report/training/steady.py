"""How steady a training was: does its reward fall from its best, jump, or collapse?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmx.report.training.evidence import SeedRun
from llmx.report.training.model import Seed
from llmx.report.training.series import QUANTITIES, smooth


def steady(run: SeedRun, window: int, collapse: float) -> Seed | None:
    """Return the figures of one seed; None without a curve of rewards.

    Args:
        window: of the moving average, in points.
        collapse: share of the greatest smoothed reward below which its last value has collapsed.
    """
    points = QUANTITIES["reward"][1](run)
    if not points:
        return None
    raw = np.array([value for _, value in points])
    smoothed = smooth(raw, window)
    last, best = float(smoothed[-1]), float(smoothed.max())
    return Seed(
        name=run.name,
        steps=int(points[-1][0]),
        first=float(smoothed[0]),
        last=last,
        best=best,
        drop=last - best,
        jitter=float(np.diff(raw).var(ddof=1)) if len(raw) > 2 else None,
        collapsed=bool(best > 0 and last < collapse * best),
    )


def all_steady(runs: Sequence[SeedRun], window: int, collapse: float) -> tuple[Seed, ...]:
    """Return the figures of every seed that has a curve."""
    found = (steady(run, window, collapse) for run in runs)
    return tuple(one for one in found if one is not None)
