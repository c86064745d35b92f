"""Exact top-k of inner products, equal for every size of block and shard; ties go by index.

Vectors are float16. A product of two has at most 22 bits and a last bit of 2^-48 or more; so where
partial sums stay below 32, a float64 holds every one of them exactly, and an inner product in
float64 is *the* inner product, in whatever order it is summed. A score is that, rounded once to
float32. Those of whole blocks are taken in float32, whose error has a bound (Higham, Accuracy and
Stability of Numerical Algorithms, 2002, section 3.1): candidates within twice the bound of the k-th
stay, and are decided by their scores. So ranks are exact, at the speed of float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmx.core.errors import DataError

if TYPE_CHECKING:
    from numpy import float32, int32
    from numpy.typing import NDArray

ROWS, COLUMNS = 512, 8192
_HELD = 3  # times `k` candidates a query are held before the worse are let go
_UNIT = 2.0**-24  # of rounding in float32
_LARGEST = 32.0  # of a product of two lengths: float64 is exact below
_GATHERED = 1 << 20  # numbers that are gathered at once: 4 MiB of float32


@dataclass(frozen=True)
class Ranking:
    """The nearest targets of each query, best first.

    Attributes:
        indices: int32 (n, k), rows of the corpus.
        scores: float32 (n, k), exact inner products, rounded once; (n, 0) if none were wanted.
    """

    indices: NDArray[int32]
    scores: NDArray[float32]


def top_k(
    queries: NDArray[Any],
    corpus: NDArray[Any],
    k: int,
    *,
    rows: int = ROWS,
    columns: int = COLUMNS,
    offset: int = 0,
    scores: bool = True,
) -> Ranking:
    """Return the `k` targets with the largest inner product for each query.

    Memory is some ``rows * columns * 5`` bytes, whatever the sizes of the sides, which may be
    memory-mapped: a block of each is read at a time.

    Args:
        queries: float16 (n, d); other floats are rounded to it.
        corpus: float16 (m, d), likewise.
        k: targets a query, at most m.
        rows: queries a block.
        columns: targets a block; neither changes the result.
        offset: of the first row of the corpus, where it is a shard of a larger one.
        scores: whether they are wanted; without, only what is close is looked at twice.

    Raises:
        DataError: if the sides do not fit, `k` is out of range, or a vector is not finite, or so
            long that float64 is not exact (the product of two lengths is 32 or more: normalise).
    """
    import numpy as np

    n = _checked(queries, corpus, k)
    indices = np.empty((n, k), np.int32)
    found = np.empty((n, k if scores else 0), np.float32)
    for start in range(0, n, rows):
        block = _Block(_wider(queries[start : start + rows]), corpus, k, scores)
        best, exact = block.searched(columns)
        indices[start : start + rows] = best + offset
        if scores:
            found[start : start + rows] = exact
    return Ranking(indices, found)


def _checked(queries: NDArray[Any], corpus: NDArray[Any], k: int) -> int:
    """Return the number of queries, where the two sides can be searched."""
    if queries.ndim != 2 or corpus.ndim != 2 or queries.shape[1] != corpus.shape[1]:
        text = f"queries of shape {queries.shape} cannot be searched in {corpus.shape}"
        raise DataError(text, "embed both sides with one model")
    if not 1 <= k <= len(corpus):
        raise DataError(f"{k} targets of {len(corpus)} are asked for", "lower the depth")
    return len(queries)


class _Block:
    """The search of one block of queries: candidates as (query, target, score in float32)."""

    def __init__(self, queries: NDArray[Any], corpus: NDArray[Any], k: int, scores: bool) -> None:
        import numpy as np

        self.queries, self.corpus, self.k, self.scores = queries, corpus, k, scores
        self.length = _lengths(self.queries, "query")
        self.longest = 0.0
        self.kth = np.full(len(queries), -np.inf)  # of the scores that were met so far
        self.row, self.at = (np.empty(0, np.int64) for _ in range(2))
        self.score = np.empty(0, np.float32)

    def searched(self, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return (targets, scores), each (n, k)."""
        for start in range(0, len(self.corpus), columns):
            part = _wider(self.corpus[start : start + columns])
            self.longest = max(self.longest, float(_lengths(part, "target").max()))
            self._check_exact()
            self._meet(self.queries @ part.T, start)
        return self._decided()

    def _check_exact(self) -> None:
        if self.longest * float(self.length.max(initial=0.0)) >= _LARGEST:
            raise DataError("vectors are too long to be compared exactly", "normalise them")

    def _error(self) -> NDArray[Any]:
        """Return the bound of the error of each query's scores in float32."""
        d = self.queries.shape[1]
        bound = (d + 2) * _UNIT / (1 - (d + 2) * _UNIT)  # 2 more: the rounding, and a reserve
        found: NDArray[Any] = bound * self.length * self.longest
        return found

    def _meet(self, scores: NDArray[Any], start: int) -> None:
        """Keep of a block of scores what may be among the k best."""
        import numpy as np

        width = scores.shape[1]
        if start == 0 and width >= self.k:
            self.kth = np.partition(scores, width - self.k, axis=1)[:, width - self.k]
        # In float32, rounded down: a comparison with float64 would copy the block.
        least = (self.kth - 2 * self._error()).astype(np.float32)
        least = np.nextafter(least, np.float32(-np.inf))
        row, at = np.nonzero(scores >= least[:, None])
        self.row = np.concatenate([self.row, row])
        self.at = np.concatenate([self.at, at + start])
        self.score = np.concatenate([self.score, scores[row, at]])
        if len(self.row) > _HELD * self.k * len(self.queries):
            self._sort()

    def _sort(self) -> None:
        """Order the candidates by query and score, and let go those below the k-th."""
        import numpy as np

        order = np.lexsort((self.at, -self.score, self.row))
        self.row, self.at, self.score = self.row[order], self.at[order], self.score[order]
        first = np.searchsorted(self.row, np.arange(len(self.queries)))
        last = first + self.k - 1
        full = last < np.append(first[1:], len(self.row))
        self.kth[full] = np.maximum(self.kth[full], self.score[last[full]])
        kept = self.score >= (self.kth - 2 * self._error())[self.row]
        self.row, self.at, self.score = self.row[kept], self.at[kept], self.score[kept]

    def _close(self) -> NDArray[Any]:
        """Return the candidates whose order float32 leaves open; all, where scores are wanted."""
        import numpy as np

        if self.scores or len(self.row) < 2:
            return np.ones(len(self.row), bool)
        near = self.score[:-1] - self.score[1:] <= 2 * self._error()[self.row[1:]]
        near &= self.row[:-1] == self.row[1:]
        found: NDArray[Any] = np.append(near, False) | np.append(False, near)
        return found

    def _decided(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the k best by exact scores, equal ones by index."""
        import numpy as np

        self._sort()
        exact, close = self.score, self._close()
        exact[close] = _inner(self.queries, self.corpus, self.row[close], self.at[close])
        order = np.lexsort((self.at, -exact, self.row))
        first = np.searchsorted(self.row, np.arange(len(self.queries)))
        taken = order[first[:, None] + np.arange(self.k)]
        return self.at[taken], exact[taken]


def _wider(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return the vectors rounded to float16, as float32: torch converts ten times as fast."""
    import numpy as np
    import torch

    found: NDArray[Any] = torch.from_numpy(np.array(vectors, np.float16)).float().numpy()
    return found


def _lengths(vectors: NDArray[Any], what: str) -> NDArray[Any]:
    """Return the lengths of the vectors.

    Raises:
        DataError: if a number is infinite or none, by the place of its vector in the block.
    """
    import numpy as np

    found: NDArray[Any] = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found))[0])
        raise DataError(
            f"the vector of {what} {place} of its block is not finite", "embed it again"
        )
    return found


def _inner(
    queries: NDArray[Any], corpus: NDArray[Any], row: NDArray[Any], at: NDArray[Any]
) -> NDArray[Any]:
    """Return the inner products of pairs of float16 vectors in float64, which is exact.

    Args:
        queries: float16 vectors, as float32.
        row: int64 (p,), rows of `queries`.
        at: int64 (p,), rows of `corpus`.
    """
    import numpy as np

    found = np.empty(len(row), np.float64)
    step = max(1, _GATHERED // queries.shape[1])
    for start in range(0, len(row), step):
        part = slice(start, start + step)
        asked, met = queries[row[part]], _wider(corpus[at[part]])
        found[part] = np.einsum("ij,ij->i", asked, met, dtype=np.float64)
    return found


def merged(parts: list[Ranking], k: int) -> Ranking:
    """Return the ranking of a corpus of those of its shards, as if it had been searched at once.

    Args:
        parts: rankings of the same queries, each with the `offset` of its shard and with `k`
            targets or all of the shard.
    """
    import numpy as np

    indices = np.concatenate([one.indices for one in parts], axis=1)
    scores = np.concatenate([one.scores for one in parts], axis=1)
    order = np.lexsort((indices, -scores), axis=1)[:, :k]
    taken = [np.take_along_axis(one, order, axis=1) for one in (indices, scores)]
    return Ranking(taken[0], taken[1])
