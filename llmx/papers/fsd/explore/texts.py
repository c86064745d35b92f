"""Sums of a log by problem, whatever the number of seeds."""

from __future__ import annotations

import numpy as np

from llmx.papers.fsd.divergence_log import Counts, Names


def by_text(ids: Names, columns: Counts) -> tuple[Names, Counts]:
    """Add up the rows of equal ids.

    Args:
        ids: (S,).
        columns: (S, m).

    Returns:
        the ids, sorted, and their sums (S', m).
    """
    names, place = np.unique(ids, return_inverse=True)
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, place, columns)
    return names, sums
