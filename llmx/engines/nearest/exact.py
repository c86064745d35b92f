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
from typing import TYPE_CHECKING, Any, Literal

from llmx.core.errors import DataError

if TYPE_CHECKING:
    from numpy import int32
    from numpy.typing import NDArray

ROWS, COLUMNS = 1024, 16384
Scores = Literal["exact", "half", "none"]
_WANTED: dict[Scores | bool, Scores] = {
    **{True: "exact", False: "none"},
    **{"exact": "exact", "half": "half", "none": "none"},
}
_HELD = 2  # times `k` targets a query are met before the worse are let go
_SPARE = 16  # besides the k best: what float32 cannot tell from the k-th
_STRETCH = 16  # columns of which the maximum stands for all
_UNIT = 2.0**-24  # of rounding in float32
_LARGEST = 32.0  # of a product of two lengths: float64 is exact below
_GATHERED = 1 << 20  # numbers that are gathered at once: 4 MiB of float32


@dataclass(frozen=True)
class Ranking:
    """The nearest targets of each query, best first.

    Attributes:
        indices: int32 (n, k), rows of the corpus.
        scores: float32 (n, k), exact inner products, rounded once, or float16; (n, 0) if none were
            wanted.
    """

    indices: NDArray[int32]
    scores: NDArray[Any]


def top_k(
    queries: NDArray[Any],
    corpus: NDArray[Any],
    k: int,
    *,
    rows: int = ROWS,
    columns: int = COLUMNS,
    offset: int = 0,
    scores: Scores | bool = True,
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
        scores: `exact` (or True); `half`, rounded to float16; `none` (or False). Where they are
            not wanted exactly, only what is close is looked at twice.

    Raises:
        DataError: if the sides do not fit, `k` is out of range, or a vector is not finite, or so
            long that float64 is not exact (the product of two lengths is 32 or more: normalise).
    """
    import numpy as np

    n, m = _checked(queries, corpus, k), len(corpus)
    wanted = _WANTED[scores]
    indices = np.empty((n, k), np.int32)
    half = wanted == "half"
    found = np.empty((n, 0 if wanted == "none" else k), np.float16 if half else np.float32)
    longest = max(_longest(corpus[start : start + columns]) for start in range(0, m, columns))
    for start in range(0, n, rows):
        block = _Block(_wider(queries[start : start + rows]), corpus, k, wanted, longest)
        best, exact = block.searched(columns)
        indices[start : start + rows] = best + offset
        if wanted != "none":
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
    """The search of one block of queries: candidates a row, the best first, by float32.

    `score` and `at`, (n, width), hold all targets that may be among the k best; a row that has
    fewer than others is filled with -inf.
    """

    def __init__(
        self, queries: Any, corpus: NDArray[Any], k: int, scores: Scores, longest: float
    ) -> None:
        import numpy as np

        self.queries, self.corpus, self.k, self.scores = queries, corpus, k, scores
        self.length = _lengths(queries.numpy(), "query")
        self.longest = longest
        self.score: NDArray[Any] = np.empty((len(queries), 0), np.float32)
        self.at: NDArray[Any] = np.empty((len(queries), 0), np.int64)
        if longest * float(self.length.max(initial=0.0)) >= _LARGEST:
            raise DataError("vectors are too long to be compared exactly", "normalise them")
        self.more: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []

    def searched(self, columns: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return (targets, scores), each (n, k)."""
        for start in range(0, len(self.corpus), columns):
            part = _wider(self.corpus[start : start + columns])
            self._meet(self.queries @ part.T, start)
        self._join()
        return self._decided()

    def _error(self) -> NDArray[Any]:
        """Return the bound of the error of each query's scores in float32."""
        d = self.queries.shape[1]
        bound = (d + 2) * _UNIT / (1 - (d + 2) * _UNIT)  # 2 more: the rounding, and a reserve
        found: NDArray[Any] = bound * self.length * self.longest
        return found

    def _least(self, kth: NDArray[Any]) -> Any:
        """Return the scores below which no target is among the k best, float32, rounded down.

        Args:
            kth: float32 (n,), scores that k targets of each query reach.
        """
        import numpy as np
        import torch

        # In float32: a comparison with float64 would copy the block.
        least = (kth - 2 * self._error()).astype(np.float32)
        return torch.from_numpy(np.nextafter(least, np.float32(-np.inf)))[:, None]

    def _meet(self, scores: Any, start: int) -> None:
        """Keep of a block of scores what may be among the k best."""
        import torch

        kth = self._reached(scores)
        if kth is None:
            self.score, self.at = self._best(scores)
            return
        row, at = torch.nonzero(scores >= self._least(kth), as_tuple=True)
        self.more.append((row.numpy(), at.numpy() + start, scores[row, at].numpy()))
        if start == 0 or sum(len(one[0]) for one in self.more) > _HELD * self.k * len(self.score):
            self._join()

    def _reached(self, scores: Any) -> NDArray[Any] | None:
        """Return scores that k targets of each query reach, float32 (n,).

        Of a first block: the k-th of the maxima of stretches, a sixteenth of the numbers; None
        where these are too few.
        """
        import numpy as np
        import torch

        if self.score.shape[1] >= self.k:
            found: NDArray[Any] = self.score[:, self.k - 1]
            return found
        if self.score.shape[1]:
            return np.full(len(self.score), -np.inf, np.float32)
        count = scores.shape[1] // _STRETCH
        if count < 2 * self.k:
            return None
        most = scores[:, : count * _STRETCH].unflatten(1, (count, _STRETCH)).amax(2)
        found = torch.topk(most, self.k).values[:, -1].numpy()
        return found

    def _best(self, scores: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the best, in order, and their columns: some more than k, all that may be there."""
        import torch

        width = scores.shape[1]
        wide = min(width, self.k + _SPARE)
        while True:
            best, at = torch.topk(scores, wide)
            if wide == width or wide < self.k:
                break
            least = self._least(best[:, self.k - 1].numpy())
            if bool((best[:, -1:] < least).all()):
                break
            wide = min(width, int((scores >= least).sum(1).max()) + 1)
        return best.numpy(), at.numpy()

    def _join(self) -> None:
        """Put what was met beside the candidates, and let go what is too low."""
        import numpy as np
        import torch

        if not self.more:
            return
        row, at, score = (np.concatenate(part) for part in zip(*self.more, strict=True))
        if len(self.more) > 1:
            order = np.argsort(row, kind="stable")
            row, at, score = row[order], at[order], score[order]
        self.more = []
        held = self.score.shape[1]
        first = np.searchsorted(row, np.arange(len(self.score)))
        place = held + np.arange(len(row)) - first[row]
        width = int(place.max(initial=held - 1)) + 1
        scores, columns = _widened(self.score, width, -np.inf), _widened(self.at, width, 0)
        scores[row, place], columns[row, place] = score, at
        self.score, chosen = self._best(torch.from_numpy(scores))
        self.at = np.take_along_axis(columns, chosen, 1)

    def _sort(self, order: NDArray[Any]) -> None:
        import numpy as np

        self.score, self.at = (np.take_along_axis(one, order, 1) for one in (self.score, self.at))

    def _close(self) -> NDArray[Any]:
        """Return the candidates whose order float32 leaves open; all, where scores are wanted."""
        import numpy as np

        there: NDArray[Any] = np.isfinite(self.score)
        if self.scores == "exact":
            return there
        # In float32, the bound rounded up; two of -inf differ by no number, and are nothing.
        near = np.float32(2) * np.nextafter(self._error().astype(np.float32), np.float32(np.inf))
        close = self.score[:, 1:] >= self.score[:, :-1] - near[:, None]
        close &= there[:, 1:]
        found = np.zeros(self.score.shape, bool)
        found[:, 1:] |= close
        found[:, :-1] |= close
        return found

    def _decided(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the k best by exact scores, equal ones by index."""
        import numpy as np

        known = self._close()
        row, place = np.nonzero(known)
        self.score[row, place] = self._exact(row, place)
        tied = known.any(1)  # of the other rows the order is known
        order = np.broadcast_to(np.arange(self.score.shape[1]), self.score.shape).copy()
        by_index = np.argsort(self.at[tied], axis=1, kind="stable")
        held = np.take_along_axis(self.score[tied], by_index, 1)
        by_score = np.argsort(-held, axis=1, kind="stable")
        order[tied] = np.take_along_axis(by_index, by_score, 1)
        self._sort(order[:, : self.k])
        if self.scores == "half":
            self._rounded(np.take_along_axis(known, order[:, : self.k], 1))
        return self.at, self.score

    def _rounded(self, known: NDArray[Any]) -> None:
        """Round the scores to float16: exact ones where the error could round them otherwise.

        Args:
            known: bool (n, k), scores that are exact.
        """
        import numpy as np

        error = np.nextafter(self._error().astype(np.float32), np.float32(np.inf))[:, None]
        low, high = (_halved(self.score + sign * error) for sign in (-1, 1))
        row, place = np.nonzero((low != high) & ~known)
        self.score[row, place] = self._exact(row, place)
        self.score = _halved(self.score)

    def _exact(self, row: NDArray[Any], place: NDArray[Any]) -> NDArray[Any]:
        return _inner(self.queries, self.corpus, row, self.at[row, place])


def _halved(scores: NDArray[Any]) -> NDArray[Any]:
    """Return float32 rounded to float16: torch does it in a tenth of the time."""
    import torch

    found: NDArray[Any] = torch.from_numpy(scores).half().numpy()
    return found


def _widened(held: NDArray[Any], width: int, by: float) -> NDArray[Any]:
    import numpy as np

    found = np.full((len(held), width), by, held.dtype)
    found[:, : held.shape[1]] = held
    return found


def _wider(vectors: NDArray[Any]) -> Any:
    """Return the vectors rounded to float16, as a tensor of float32."""
    import numpy as np
    import torch

    return torch.from_numpy(np.array(vectors, np.float16)).float()


def _longest(corpus: NDArray[Any]) -> float:
    return float(_lengths(_wider(corpus).numpy(), "target").max())


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


def _inner(queries: Any, corpus: NDArray[Any], row: NDArray[Any], at: NDArray[Any]) -> NDArray[Any]:
    """Return the inner products of pairs of float16 vectors in float64, which is exact.

    Args:
        queries: float16 vectors, as a tensor of float32.
        row: int64 (p,), rows of `queries`.
        at: int64 (p,), rows of `corpus`.
    """
    import numpy as np
    import torch

    found = np.empty(len(row), np.float64)
    step = max(1, _GATHERED // queries.shape[1])
    for start in range(0, len(row), step):
        part = slice(start, start + step)
        asked, met = queries[torch.from_numpy(row[part])], _wider(corpus[at[part]])
        # Exact, so the order of the sum is free: no library gives another one.
        found[part] = torch.linalg.vecdot(asked.double(), met.double()).numpy()
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
