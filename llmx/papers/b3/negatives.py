"""Hard negatives beside those of the batch (B3++), in the paper's form, its code's, and a baseline.

None of them is a row of the batch (or cluster), and none has a target of one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.core.errors import DataError
from llmx.papers.b3.draws import uniforms

Rows = NDArray[np.int32]
Targets = NDArray[np.int64]
WIDEST = 256
"""Draws of a row before the rest is drawn from all candidates at once."""


def of_batch(
    batch: Rows, band: Rows, count: int, targets: Targets | None, seed: int, name: str
) -> Rows:
    """Draw `count` a row with Pr(j) ∝ Count(S_B, j), as the paper: int32 (|B|, count).

    A row's negatives differ, unless there are fewer candidates than `count`.

    Args:
        batch: int32 (|B|,), rows.
        band: int32 (n, m): the ranks of the band, -1 for none.
        count: the paper's h.
        targets: int64 (n,); None: equal targets are not looked at.
        seed: of the draw.
        name: what is drawn for, as the batch's number and epoch: another name, other numbers.
    """
    found, times = np.unique(band[batch], return_counts=True)
    fair = _fair(found, batch, targets)
    found, weight = found[fair], times[fair].astype(np.float64)
    if not len(found):
        raise DataError("a batch's band names no row outside the batch", "a wider band (m)")
    return found[distinct(weight, (len(batch), count), seed, f"negatives {name}")]


def cluster_counts(
    cluster: Rows, ranks: Rows, skip: int, targets: Targets | None = None
) -> tuple[Rows, NDArray[np.float64]]:
    """Return candidates and their weights as the authors' code counts them.

    A row counts 1 for each member that ranks it, and 2 less for each that has it in its first
    `skip` ranks; the cluster's own rows and what is not above 0 are left out.

    Args:
        cluster: int32 (K,), rows.
        ranks: int32 (n, p + m), all ranks up to the end of the band.
        skip: the paper's p.
        targets: int64 (n,): rows with a member's target are left out too; the code keeps them.
    """
    found, times = np.unique(ranks[cluster], return_counts=True)
    near, often = np.unique(ranks[cluster][:, :skip], return_counts=True)
    weight = times.astype(np.float64)
    weight[np.searchsorted(found, near)] -= 2 * often
    fair = _fair(found, cluster, targets) & (weight > 0)
    return found[fair], weight[fair]


def of_cluster(
    cluster: Rows, ranks: Rows, skip: int, count: int, targets: Targets | None, seed: int, name: str
) -> Rows:
    """Draw `count` a row without replacement over the cluster, as the code: int32 (K, count).

    Candidates are replicated until there are enough. Arguments: as of :func:`cluster_counts`.
    """
    found, weight = cluster_counts(cluster, ranks, skip, targets)
    wanted = len(cluster) * count
    if not len(found):
        raise DataError("a cluster's ranks name no row to be a negative", "a wider band (m)")
    times = -(-wanted // len(found))
    found, weight = np.tile(found, times), np.tile(weight, times)
    keys = _keys(weight, (1, len(weight)), seed, f"negatives {name}")[0]
    return found[np.argsort(keys, kind="stable")[:wanted]].reshape(len(cluster), count)


def label_counts(
    cluster: Rows, ranked: Rows, label: Targets, count: int
) -> tuple[Rows, NDArray[np.float64]]:
    """Return labels and how often they are among the first 2h of a member that are not its own.

    Args:
        cluster: int32 (K,), rows.
        ranked: int32 (n, labels), from `label_band.labels_by_rank`.
        label: int64 (n,).
        count: the paper's h.
    """
    near = ranked[cluster]
    others = (near != label[cluster][:, None]) & (near >= 0)
    first = others & (np.cumsum(others, axis=1) <= 2 * count)
    found, times = np.unique(near[first], return_counts=True)
    fair = ~np.isin(found, label[cluster])
    return found[fair].astype(np.int32), times[fair].astype(np.float64)


def of_band(band: Rows, count: int, targets: Targets | None, seed: int) -> Rows:
    """Draw `count` of each row's own band, all equally likely: int32 (n, count), the baseline.

    Raises:
        DataError: a row has fewer to draw from.
    """
    own = np.arange(len(band))[:, None]
    fair = (band >= 0) & (band != own)
    if targets is not None:
        fair &= targets[band] != targets[own]
    if (fair.sum(1) < count).any():
        row = int(np.argmax(fair.sum(1) < count))
        raise DataError(
            f"row {row} has {int(fair[row].sum())} negatives in its band, and {count} are wanted",
            "a wider band (m), or fewer negatives",
        )
    keys = np.where(fair, uniforms((len(band), band.shape[1]), seed, "negatives band"), 2.0)
    return np.take_along_axis(band, np.argsort(keys, axis=1, kind="stable")[:, :count], 1)


def distinct(
    weights: NDArray[np.float64], shape: tuple[int, int], seed: int, name: str
) -> NDArray[np.int64]:
    """Draw indices, int64 of `shape`: each row without replacement, in proportion to `weights`.

    A row draws with replacement and passes over what it has; what is then still wanting is drawn
    from all that is left, so both are the law of successive draws. Where there are fewer weights
    than columns, they are gone through again.
    """
    rows, count = shape
    if len(weights) <= count:
        order = np.argsort(_keys(weights, (rows, len(weights)), seed, name), 1, kind="stable")
        return np.tile(order, -(-count // len(weights)))[:, :count]
    heaped = np.cumsum(weights)
    drawn = np.searchsorted(
        heaped / heaped[-1], uniforms((rows, min(WIDEST, 4 * count)), seed, name)
    )
    found, had = _first_of_each(drawn, count)
    short = np.flatnonzero(had < count)
    if len(short):
        found[short] = _completed(found[short], had[short], weights, (seed, f"{name} rest"))
    return found


def _first_of_each(drawn: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], Any]:
    """Return the first `count` different values of each row, -1 for none, and how many."""
    rows, width = drawn.shape
    row, column = np.divmod(np.arange(rows * width), width)
    order = np.lexsort((column, drawn.ravel(), row))
    again = np.zeros(rows * width, bool)
    keys = np.stack([row[order], drawn.ravel()[order]])
    again[order[1:]] = (keys[:, 1:] == keys[:, :-1]).all(0)
    new = ~again.reshape(rows, width)
    place = np.cumsum(new, axis=1) - 1
    found = np.full((rows, count), -1, np.int64)
    at, column = np.nonzero(new & (place < count))
    found[at, place[at, column]] = drawn[at, column]
    return found, np.minimum(new.sum(1), count)


def _completed(
    found: NDArray[np.int64], had: NDArray[np.int64], weights: Any, draw: tuple[int, str]
) -> NDArray[np.int64]:
    keys = _keys(weights, (len(found), len(weights)), *draw)
    row, column = np.nonzero(found >= 0)
    keys[row, found[row, column]] = np.inf
    order = np.argsort(keys, axis=1, kind="stable")
    row, column = np.nonzero(found < 0)
    found[row, column] = order[row, column - had[row]]
    return found


def _keys(
    weights: NDArray[np.float64], shape: tuple[int, int], seed: int, name: str
) -> NDArray[np.float64]:
    """Exponential times with rates `weights`: in rising order they are successive draws."""
    found: NDArray[np.float64] = -np.log(uniforms(shape, seed, name)) / weights
    return found


def _fair(found: Rows, group: Rows, targets: Targets | None) -> NDArray[np.bool_]:
    fair: NDArray[np.bool_] = (found >= 0) & ~np.isin(found, group)
    if targets is not None:
        fair &= ~np.isin(targets[found], targets[group])
    return fair
