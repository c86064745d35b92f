"""Approximate top-k with faiss's inverted file, and its recall on rows searched exactly.

The corpus is cut into lists by k-means, and a query reads the nearest few. That is faster from some
hundred thousand targets on and finds less; how much less is measured, not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError
from llmx.core.install import with_extra
from llmx.engines.nearest.exact import Ranking, top_k

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TRAINED = 64  # vectors a list from which its centre is learned
_ADDED = 1 << 16  # vectors that are added at once
_SEARCHED = 1 << 15  # queries at once, whose vectors and lists are held wider than they are stored


@dataclass(frozen=True)
class Recall:
    """How much of the exact ranking an approximate one has.

    Attributes:
        recall: mean share of the exact `k` targets that were found.
        standard_error: of that mean, over the rows.
        rows: queries that were searched exactly.
    """

    recall: float
    standard_error: float
    rows: int


def ivf(
    queries: NDArray[Any], corpus: NDArray[Any], k: int, *, lists: int, read: int, seed: int = 0
) -> Ranking:
    """Return the `k` best of the targets in the `read` nearest of `lists` lists.

    Where these hold fewer than `k`, the query reads all lists. Equal scores are ordered by index.

    Args:
        queries: float16 (n, d), normalised; other floats are rounded to it.
        corpus: float16 (m, d), likewise; may be memory-mapped.
        seed: of the vectors that centres are learned from, and of k-means.

    Raises:
        EngineError: if the package faiss is missing.
    """
    import numpy as np

    index = _index(corpus, lists, seed)
    indices = np.empty((len(queries), k), np.int32)
    best = np.empty((len(queries), k), np.float32)
    for start in range(0, len(queries), _SEARCHED):
        part = slice(start, start + _SEARCHED)
        indices[part], best[part] = _nearest(index, queries[part], k, min(read, lists), lists)
    return Ranking(indices, best)


def _nearest(
    index: Any, queries: NDArray[Any], k: int, read: int, lists: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return targets and scores of some queries, each (n, k), best first."""
    import numpy as np

    index.nprobe = read
    scores, found = index.search(_rounded(queries), k)
    short = (found < 0).any(axis=1)
    if short.any():
        index.nprobe = lists
        scores[short], found[short] = index.search(_rounded(queries[short]), k)
    order = np.lexsort((found, -scores), axis=1)
    ordered = [np.take_along_axis(one, order, axis=1) for one in (found, scores)]
    return ordered[0].astype(np.int32), ordered[1]


def recall(
    queries: NDArray[Any], corpus: NDArray[Any], found: Ranking, rows: int = 200, seed: int = 0
) -> Recall:
    """Return which share of the exact ranking `found` has, on `rows` queries drawn at random."""
    import numpy as np

    n, k = found.indices.shape
    drawn = np.sort(np.random.default_rng(seed).choice(n, min(rows, n), replace=False))
    exact = top_k(queries[drawn], corpus, k, scores=False).indices
    shares = [
        np.isin(found.indices[row], best).mean() for row, best in zip(drawn, exact, strict=True)
    ]
    spread = float(np.std(shares, ddof=1)) if len(shares) > 1 else float("nan")
    return Recall(float(np.mean(shares)), spread / len(shares) ** 0.5, len(shares))


def _rounded(vectors: NDArray[Any]) -> NDArray[Any]:
    import numpy as np

    return np.asarray(vectors, np.float16).astype(np.float32)


def _index(corpus: NDArray[Any], lists: int, seed: int) -> Any:
    """Return the index with all of the corpus in it."""
    import numpy as np

    try:
        import faiss
    except ImportError as error:
        raise EngineError("search=ivf needs the package faiss", with_extra("retrieval")) from error
    d = corpus.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(d), d, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.seed = seed
    most = min(len(corpus), lists * _TRAINED)
    taken = np.sort(np.random.default_rng(seed).choice(len(corpus), most, replace=False))
    index.train(_rounded(corpus[taken]))
    for start in range(0, len(corpus), _ADDED):
        index.add(_rounded(corpus[start : start + _ADDED]))
    return index
