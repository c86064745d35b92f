"""Length and markers together: what each tells of a draw where the others are alike."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite

import numpy as np

from llmx.papers.inference_scaling.features.clustered import Bootstrap
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES
from llmx.papers.inference_scaling.features.measured import TOKENS, Feature
from llmx.papers.inference_scaling.features.problems import standardised
from llmx.papers.inference_scaling.features.rows import LogitRow, span_of
from llmx.papers.inference_scaling.points import Bools, Floats, Ints
from llmx.stats.conditional_logit import Logit, conditional_logit
from llmx.stats.interval import Interval


def logit_rows(
    problem: Ints, correct: Bools, values: Mapping[Feature, Floats], by: Bootstrap
) -> list[LogitRow]:
    """Return the weights of length and the three densities together, for each filing.

    Args:
        problem: (n,) index of each draw's problem.
        correct: (n,) whether it is right.
        values: (n,) of each feature.
        by: how intervals are made.
    """
    rows: list[LogitRow] = []
    for filing, names in together(values).items():
        columns = [standardised(problem, values[name]) for name in names]
        found = conditional_logit(problem, correct, np.stack(columns, axis=1))
        for name, weight in zip(names, weight_intervals(found, by), strict=True):
            rows.append(
                LogitRow(
                    **{**name._asdict(), "filing": filing},
                    problems=len(found.problems),
                    converged=found.converged,
                    weight=span_of(weight) if isfinite(weight.low) else None,
                )
            )
    return rows


def together(values: Mapping[Feature, Floats]) -> dict[str, tuple[Feature, ...]]:
    """Return length and the densities of all of the text, by filing."""
    filings = dict.fromkeys(name.filing for name in values if name.filing)
    return {
        filing: (TOKENS, *(Feature(one, filing, "all", "density") for one in CATEGORIES))
        for filing in filings
    }


def weight_intervals(found: Logit, by: Bootstrap) -> list[Interval]:
    """Return an interval for each weight, by a bootstrap over problems of one Newton step each.

    Without ends where a weight is not known, or the fit did not converge.
    """
    count = int(found.problems.max(initial=-1)) + 1
    there = np.zeros(count, dtype=np.bool_)
    there[found.problems] = True
    columns = np.zeros((count, found.columns.shape[1]))
    columns[found.problems] = found.columns

    def one(place: int) -> Interval:
        if not (found.converged and found.known[place]):
            return Interval(-inf, float(found.weights[place]), inf, by.level)
        return by.interval(columns, there, lambda sums: found.one_step(sums)[..., place])

    return [one(place) for place in range(len(found.weights))]
