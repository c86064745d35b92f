"""The searches of a split: what is asked, how vectors rank it, and what is measured of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmx.core.errors import DataError
from llmx.core.item import Item
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.data.pairs.kind import PairData
from llmx.data.pairs.pairs import Retrieval
from llmx.scoring.ranked import PRIMARY, depth_of, measure

if TYPE_CHECKING:
    from numpy import float32, int32
    from numpy.typing import NDArray

Encode = Callable[[Sequence[Item]], "NDArray[float32]"]
"""Items to vectors, float32 (n, d), rows of length 1; each its prompt before it."""


@dataclass(frozen=True)
class Search:
    """A search of one dataset.

    Attributes:
        clusters: of the queries, by which they are alike.
    """

    asked: Retrieval
    clusters: tuple[str, ...]

    def first(self, count: int | None) -> Search:
        """Return the search of the first queries; the corpus stays whole."""
        if count is None or count >= len(self.asked.ids):
            return self
        one = self.asked
        cut = Retrieval(
            one.dataset,
            one.ids[:count],
            one.queries[:count],
            one.corpus,
            one.corpus_id,
            one.judged[:count],
            None if one.among is None else one.among[:count],
        )
        return Search(cut, self.clusters[:count])


def searches(spec: DataSpec, split: str, count: int | None = None) -> tuple[Search, ...]:
    """Return the searches of a split, one a dataset.

    Args:
        count: first queries of each dataset; None: all.

    Raises:
        DataError: if the split is empty.
    """
    data: PairData = lookup("data", spec.kind)(spec)
    rows = data.pairs(split)
    group = {row.id: row.group for row in rows}
    asked = (data.retrieval(split, name) for name in rows.datasets)
    found = (Search(one, tuple(group[name] for name in one.ids)) for one in asked)
    return tuple(one.first(count) for one in found)


def ranked(search: Search, query: Encode, target: Encode, depth: int) -> NDArray[int32]:
    """Return the places in the corpus that are nearest to each query, int32 (n, depth).

    Where each query has candidates of its own, -1 stands behind the last of them.

    Raises:
        DataError: if a vector is not finite.
    """
    import numpy as np

    from llmx.engines.nearest.exact import top_k

    one = search.asked
    asked, held = query(one.queries), target(one.corpus)
    for name, side in (("query", asked), ("target", held)):
        if not np.isfinite(side).all():
            place = int(np.argmax(~np.isfinite(side).all(1)))
            raise DataError(f"the model's vector of {name} {place} is not finite", "train it again")
    if one.among is None:
        return top_k(asked, held, min(depth, len(one.corpus)), scores=False).indices
    found = np.full((len(asked), min(depth, max(map(len, one.among)))), -1, np.int32)
    for at, places in enumerate(one.among):
        best = top_k(asked[at : at + 1], held[places], min(depth, len(places)), scores=False)
        found[at, : best.indices.shape[1]] = places[best.indices[0]]
    return found


def point(searched: Sequence[Search], query: Encode, target: Encode) -> Mapping[str, Any]:
    """Return the primary measure of every query of a split, over its datasets."""
    one = measure(PRIMARY)
    values: list[float] = []
    for search in searched:
        found = ranked(search, query, target, depth_of([PRIMARY]))
        values += one(found, search.asked.judged).tolist()
    return {
        "metric": PRIMARY,
        "ids": [name for search in searched for name in search.asked.ids],
        "clusters": [name for search in searched for name in search.clusters],
        "values": [round(value, 6) for value in values],
    }
