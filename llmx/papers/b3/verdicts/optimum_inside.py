"""Has a setting its best value inside of those that were tried, or at an edge?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from llmx.core.figure import Span
from llmx.core.record import ACCURACY, Metric
from llmx.papers.b3.report.points import Floats
from llmx.report.numbers import level_words, percent
from llmx.report.paired_table import value_of
from llmx.report.verdict.decide import decide, every, some
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.gap import Gap, gaps
from llmx.report.verdict.model import Number, Verdict

INSIDE = "share of resamples whose best value lies inside"
RESAMPLES = 2000


def optimum_inside(
    e: Evidence, *, arms: Mapping[str, float], metric: str = ACCURACY, clustered: bool = False
) -> Verdict:
    """Compare the arms between with those of the smallest and the largest value.

    Shown: one of the values between is surely better than both edges. Contradicted: an edge is
    surely better than all between. P values count all pairs of an inner value and an edge (Holm).
    How often the best lies inside in resamples of problems (by cluster) and seeds is told, and
    decides nothing.

    Args:
        arms: arm → its value; three or more different ones.
        metric: by which best is meant.
        clustered: whether the problems of one cluster are drawn together.
    """
    ordered = sorted(arms, key=lambda name: arms[name])
    if len({*arms.values()}) < max(3, len(arms)):
        reason = "A best value inside takes three or more values; the run has fewer."
        return Verdict(word="not comparable", reason=reason)
    edges, inner = (ordered[0], ordered[-1]), ordered[1:-1]
    of = e.metric(metric)
    found = gaps(e, [(one, edge) for one in inner for edge in edges], metric, clustered)
    if len(found) < len(inner) * len(edges):
        return Verdict(word="not comparable", reason="The arms share no scored problem.")
    shown = some(every(gap.above() for gap in _of(found, first=one)) for one in inner)
    against = some(every(gap.below() for gap in _of(found, second=edge)) for edge in edges)
    values, clusters = _values(e, ordered, of)
    share = _inside(of.signed * values, clusters)
    ranked = ", ".join(
        f"{arms[name]:g} (`{name}`) {level_words(float(own.mean()), of)}"
        for name, own in zip(ordered, values, strict=True)
    )
    return decide(shown, against).verdict(
        reason=f"By {of.name}: {ranked}. In {percent(share)} % of resamples of problems and seeds"
        " the best lies inside.",
        numbers=(_share(share, ordered, found[0]), *(gap.number() for gap in found)),
    )


def _of(found: Sequence[Gap], first: str = "", second: str = "") -> list[Gap]:
    return [gap for gap in found if gap.first == first or gap.second == second]


def _values(e: Evidence, arms: Sequence[str], metric: Metric) -> tuple[Floats, list[str]]:
    """Return the values of arms on what all have, (A, P, S), and a cluster a problem."""
    runs = [e.arm(name).by_seed() for name in arms]
    seeds = [seed for seed in runs[0] if all(seed in own for own in runs)]
    scores = [[own[seed].scores for seed in seeds] for own in runs]
    ids = sorted(set.intersection(*(set(one) for own in scores for one in own)))
    read = value_of(metric)
    values = [[[read(one[name]) for one in own] for name in ids] for own in scores]
    return np.array(values, dtype=np.float64), [scores[0][0][name].cluster or name for name in ids]


def _inside(values: Floats, clusters: Sequence[str]) -> float:
    """Return how often neither the first arm nor the last has the largest mean.

    Args:
        values: (A, P, S); clusters of P, and the S seeds, are drawn with replacement.
    """
    index = {name: at for at, name in enumerate(dict.fromkeys(clusters))}
    sums = np.zeros((len(index), values.shape[0], values.shape[2]))
    np.add.at(sums, [index[name] for name in clusters], values.transpose(1, 0, 2))
    rng = np.random.default_rng(0)
    groups = rng.multinomial(len(index), np.full(len(index), 1 / len(index)), RESAMPLES)
    seeds = rng.multinomial(
        values.shape[2], np.full(values.shape[2], 1 / values.shape[2]), RESAMPLES
    )
    totals = np.einsum("rg,gas,rs->ra", groups, sums, seeds, optimize=True)
    best = totals.argmax(1)
    return float(((best > 0) & (best < len(values) - 1)).mean())


def _share(share: float, arms: Sequence[str], gap: Gap) -> Number:
    return Number(
        what=INSIDE, arm=arms[1], span=Span(estimate=share), unit="share",
        problems=len(gap.table.ids), seeds=gap.table.seeds,
    )  # fmt: skip
