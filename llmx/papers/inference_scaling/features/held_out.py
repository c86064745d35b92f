"""Cross-validation over problems: what is set is never set on the problems that it is tried on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from llmx.core.errors import DataError
from llmx.papers.inference_scaling.features.clustered import numbered
from llmx.papers.inference_scaling.points import Floats, Ints

FOLDS = 5
_ROUNDING = 1e-9


def folds(clusters: Sequence[str], count: int = FOLDS, seed: int = 0) -> Ints:
    """Return the fold of each problem, (P,) from 0; problems of one cluster share theirs.

    Clusters are shuffled, then each goes, the largest first, into the fold with the fewest
    problems. Where a problem says no cluster, or all say the same one, it is alone.

    Args:
        clusters: a label a problem; empty = none.
        count: of folds; fewer where there are fewer clusters.
        seed: of the shuffling.

    Raises:
        DataError: for fewer than two problems.
    """
    if len(clusters) < 2:
        raise DataError("one problem cannot be held out from itself", "take two problems or more")
    alone = len(set(clusters)) == 1
    labels = numbered([at if alone or not one else one for at, one in enumerate(clusters)])
    sizes = np.bincount(labels)
    order = np.random.default_rng(seed).permutation(len(sizes))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled, fold = np.zeros(min(count, len(sizes)), dtype=np.int64), np.zeros_like(sizes)
    for label in order:
        fold[label] = filled.argmin()
        filled[fold[label]] += sizes[label]
    return fold[labels].astype(np.int64)


def chosen_settings(accuracy: Floats, fold: Ints) -> Ints:
    """Return for each problem the setting that does best on the other folds, shape ``[P]``.

    The first setting stays where the best one is not better by more than the standard error of
    their difference, so that noise alone seldom moves it.

    Args:
        accuracy: shape ``[P, G]``, of each setting on each problem.
        fold: (P,) of each problem, from 0.

    Returns:
        Places of settings; of those that do alike, to rounding, the first.
    """
    gains = accuracy - accuracy[:, :1]
    count, total, square = (_left(part, fold) for part in (np.ones_like(gains), gains, gains**2))
    best = (total >= total.max(axis=1, keepdims=True) - _ROUNDING).argmax(axis=1)[:, None]
    count, total, square = (
        np.take_along_axis(part, best, axis=1)[:, 0] for part in (count, total, square)
    )
    spread = np.sqrt(np.maximum(square - total**2 / count, 0.0))  # of the sum
    found: Ints = np.where(total > spread + _ROUNDING, best[:, 0], 0)[fold]
    return found


def _left(values: Floats, fold: Ints) -> Floats:
    """Return the sums of all problems but those of a fold, shape ``[folds, G]``."""
    held = np.zeros((int(fold.max()) + 1, values.shape[1]))
    np.add.at(held, fold, values)
    left: Floats = values.sum(axis=0) - held
    return left
