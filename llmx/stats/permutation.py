"""Sign flips: the test of paired differences that assumes the least."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from llmx.stats.bootstrap import Floats, finite_vector
from llmx.stats.mcnemar import mcnemar_exact
from llmx.stats.paired import cluster_sums

EXACT = 16
"""Up to this many units that differ, every pattern of signs is looked at."""

_CHUNK = 4_000_000


def permutation_test(
    differences: ArrayLike,
    clusters: Sequence[Hashable] | None = None,
    *,
    resamples: int = 10_000,
    seed: int = 0,
) -> float:
    """Return the two-sided p value of a mean difference of zero.

    Where the arms are exchangeable within a unit, each difference may as well have had the other
    sign (Fisher 1935, section 21). For right/wrong data of one seed this is the exact McNemar
    test, computed as such. Other patterns of signs are enumerated if few, else drawn; drawn ones
    count the observed one among them (Phipson and Smyth 2010, SAGMB 9:39).

    Args:
        differences: shape ``[n]``, first arm minus second; over several seeds, an item's mean.
        clusters: one label an item; the items of a label change sign together.
        resamples: patterns drawn where there are too many to enumerate.
        seed: of the drawing.

    Raises:
        ValueError: if `differences` is empty or not finite.
    """
    sums = cluster_sums(finite_vector(differences, "differences"), clusters)[:, 0]
    sums = sums[sums != 0]
    if not len(sums):
        return 1.0
    sizes = np.abs(sums)
    if (sizes == sizes[0]).all():
        return mcnemar_exact(int((sums > 0).sum()), int((sums < 0).sum()))
    observed = abs(sums.sum()) - 1e-9 * sizes.max()
    if len(sums) <= EXACT:
        return float((np.abs(_patterns(len(sums)) @ sums) >= observed).mean())
    beaten = sum(int((np.abs(part) >= observed).sum()) for part in _drawn(sums, resamples, seed))
    return (beaten + 1) / (resamples + 1)


def _patterns(size: int) -> Floats:
    """Return every pattern of signs, shape ``[2**size, size]``."""
    bits = np.arange(2**size)[:, None] >> np.arange(size)
    signs: Floats = np.where(bits & 1, -1.0, 1.0).astype(np.float64)
    return signs


def _drawn(sums: Floats, resamples: int, seed: int) -> list[Floats]:
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // len(sums))
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    coins = (rng.integers(0, 2, (size, len(sums))) for size in sizes)
    return [np.asarray(sums.sum() - 2.0 * (coin @ sums), dtype=np.float64) for coin in coins]
