"""Measures of a ranking against graded judgements, and of scores against a person's: pure numpy.

``ranked`` is what a search gives: int (n, depth), places in the corpus, best first, each at most
once a query, and -1 where it found no more. ``judged`` says of each query which places have which
grade; what is not named has grade 0. Every measure is a number a query, float64 (n,), from 0 to 1.
A query without a right target has no value (nan), and whoever takes the mean says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmx.core.errors import DataError

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

Judged = Sequence[Mapping[int, int]]


def ndcg(ranked: NDArray[Any], judged: Judged, k: int = 10) -> NDArray[float64]:
    """Return the normalised discounted cumulative gain of the first `k`.

    A target of grade g at rank r, from 1, gives g / log2(r + 1); the sum is divided by the largest
    that any order gives (Järvelin & Kekäläinen, ACM TOIS 20(4), 2002; gains are the grades, as in
    trec_eval and scikit-learn).
    """
    import numpy as np

    grades = gains(ranked, judged)[:, :k]
    weights = 1 / np.log2(np.arange(2, k + 2))
    got = grades @ weights[: grades.shape[1]]
    best = np.array([np.sort(_grades(one))[::-1][:k] @ weights[: len(one)][:k] for one in judged])
    return _over(got, best)


def recall(ranked: NDArray[Any], judged: Judged, k: int, least: int = 1) -> NDArray[float64]:
    """Return which part of the targets of grade `least` or more is among the first `k`."""
    import numpy as np

    found = (gains(ranked, judged)[:, :k] >= least).sum(axis=1)
    return _over(found, np.array([(_grades(one) >= least).sum() for one in judged]))


def reciprocal_rank(
    ranked: NDArray[Any], judged: Judged, k: int | None = None, least: int = 1
) -> NDArray[float64]:
    """Return 1 / rank of the first target of grade `least` or more; 0 if not in the first `k`."""
    import numpy as np

    right = gains(ranked, judged)[:, :k] >= least
    value = np.where(right.any(axis=1), 1 / (right.argmax(axis=1) + 1), 0.0)
    return _where_any(value, judged, least)


def hit(ranked: NDArray[Any], judged: Judged, k: int = 1, least: int = 1) -> NDArray[float64]:
    """Return 1 where a target of grade `least` or more is among the first `k`, else 0."""
    right = (gains(ranked, judged)[:, :k] >= least).any(axis=1)
    return _where_any(right.astype("float64"), judged, least)


def spearman(scores: Sequence[float], gold: Sequence[float]) -> float:
    """Return Spearman's rank correlation times 100; equal values share the mean of their ranks.

    It is nan where one side has no two different values.

    Raises:
        DataError: if the sides differ in length, have under two values, or one is not finite.
    """
    import numpy as np

    one, other = (np.asarray(side, np.float64) for side in (scores, gold))
    if one.shape != other.shape or one.ndim != 1 or len(one) < 2:
        raise DataError(f"scores of shape {one.shape} have no correlation with {other.shape}")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise DataError("a score is not finite, so that it has no rank")
    a, b = (ranks - ranks.mean() for ranks in (_ranks(one), _ranks(other)))
    spread = float(np.sqrt((a @ a) * (b @ b)))
    return 100 * float(a @ b) / spread if spread else float("nan")


def _ranks(values: NDArray[float64]) -> NDArray[float64]:
    """Return ranks from 1; equal values have the mean of theirs."""
    import numpy as np

    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(times)
    found: NDArray[float64] = (last - (times - 1) / 2)[place]
    return found


def gains(ranked: NDArray[Any], judged: Judged) -> NDArray[float64]:
    """Return the grade of each ranked target, float64 (n, depth).

    Raises:
        DataError: if there are not as many judgements as queries, or a target is ranked twice.
    """
    import numpy as np

    if ranked.ndim != 2 or len(ranked) != len(judged):
        raise DataError(f"{len(judged)} judgements do not fit a ranking of shape {ranked.shape}")
    ordered = np.sort(ranked, axis=1)
    same = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if (twice := same.any(axis=1)).any():
        raise DataError(f"query {int(twice.argmax())} has a target twice in its ranking")
    found = np.zeros(ranked.shape, np.float64)
    for row, grades in enumerate(judged):
        for target, grade in grades.items():
            found[row][ranked[row] == target] = grade
    return found


def _grades(judged: Mapping[int, int]) -> NDArray[float64]:
    import numpy as np

    return np.fromiter(judged.values(), np.float64, len(judged))


def _over(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[float64]:
    """Return the quotient, nan where the whole is 0."""
    import numpy as np

    found = np.full(len(whole), np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found


def _where_any(value: NDArray[float64], judged: Judged, least: int) -> NDArray[float64]:
    import numpy as np

    known = np.array([any(grade >= least for grade in one.values()) for one in judged], bool)
    return np.where(known, value, np.nan)
