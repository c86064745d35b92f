"""Win rates from judgements, each with an interval over problems.

A problem counts if all of its games could be read. The rate is won games over played ones, where a
clear win of Arena-Hard counts for three. With one baseline that everyone plays, and nobody else,
this is also the maximum-likelihood win probability of a Bradley–Terry model: its likelihood falls
apart into one binomial a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from llmx.core.judging import Judgement
from llmx.stats import Interval, paired_score_interval, wilson
from llmx.stats.bootstrap import Floats, bootstrap, mean


@dataclass(frozen=True)
class Points:
    """What one problem gave: games won (ties half) of games played, by their weights."""

    won: float
    played: float


def points(judgements: Iterable[Judgement]) -> dict[str, Points]:
    """Return the points of every problem whose games could all be read, in order."""
    games: dict[str, list[Judgement]] = {}
    for one in judgements:
        games.setdefault(one.sample, []).append(one)
    found = {}
    for sample, played in games.items():
        won = [one.weight * one.preference for one in played if one.preference is not None]
        if len(won) == len(played):
            found[sample] = Points(sum(won), sum(one.weight for one in played))
    return found


def win_rate(found: Mapping[str, Points], level: float = 0.95) -> Interval | None:
    """Return the win rate, a share; None where nothing could be read.

    Wilson's interval where every problem is won or lost, a bootstrap over problems elsewhere.
    """
    if not found:
        return None
    columns = _columns(found.values())
    shares = set(columns[:, 0] / columns[:, 1])
    if _plain(columns) or shares in ({0.0}, {1.0}):
        return wilson(int((columns[:, 0] > 0).sum()), len(columns), level)
    return bootstrap(columns, mean, level)


def difference(
    first: Mapping[str, Points], second: Mapping[str, Points], level: float = 0.95
) -> tuple[Interval, int] | None:
    """Return the first win rate minus the second, and on how many problems; None on none.

    Paired by problem: Tango's score interval where every problem is won or lost by equal weights,
    or where the arms never differ (a bootstrap would be empty); else a bootstrap over problems.
    """
    shared = [sample for sample in first if sample in second]
    if not shared:
        return None
    ours = _columns(first[sample] for sample in shared)
    theirs = _columns(second[sample] for sample in shared)
    gaps = ours[:, 0] / ours[:, 1] - theirs[:, 0] / theirs[:, 1]
    if (_plain(ours) and _plain(theirs)) or not np.any(ours - theirs):
        gained, lost = int((gaps > 0).sum()), int((gaps < 0).sum())
        return paired_score_interval(gained, lost, len(shared), level), len(shared)
    return bootstrap(np.hstack([ours, theirs]), _gap, level), len(shared)


def _columns(found: Iterable[Points]) -> Floats:
    return np.array([[one.won, one.played] for one in found], dtype=np.float64)


def _plain(columns: Floats) -> bool:
    """Whether problems are won or lost, and all count alike."""
    return len(set(columns[:, 1])) == 1 and set(columns[:, 0] / columns[:, 1]) <= {0.0, 1.0}


def _gap(sums: Floats) -> Floats:
    gap: Floats = sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3]
    return gap
