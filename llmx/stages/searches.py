"""The searches of a split: what is asked, how vectors rank it, and what is measured of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmx.core.errors import DataError
from llmx.core.record import Metric
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.data.pairs.kind import PairData
from llmx.data.pairs.pairs import Retrieval
from llmx.scoring import ranking

if TYPE_CHECKING:
    from numpy import float32, int32
    from numpy.typing import NDArray

Encode = Callable[[Sequence[str]], "NDArray[float32]"]
"""Texts to vectors, float32 (n, d), rows of length 1; each its prompt before it."""
PRIMARY = "ndcg@10"


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
    return top_k(asked, held, min(depth, len(one.corpus)), scores=False).indices


Measure = Callable[["NDArray[Any]", ranking.Judged], "NDArray[Any]"]


def measure(name: str) -> Measure:
    """Return the measure of a name: ``ndcg@K``, ``recall@K``, ``mrr``, ``mrr@K`` or ``hit@K``.

    Raises:
        DataError: if there is none.
    """
    kind, _, depth = name.partition("@")
    k = int(depth) if depth.isdecimal() and int(depth) else None
    if kind == "mrr" and (k is not None or not depth):
        return lambda found, judged: ranking.reciprocal_rank(found, judged, k, least=RIGHT)
    if kind not in _MEASURES or k is None:
        raise DataError(f"there is no measure '{name}'", "ndcg@10, recall@100, mrr, hit@1")
    made: Measure = _MEASURES[kind](k)
    return made


RIGHT = 2
"""Grade of a right target; a related one has 1 and counts for nDCG alone."""
_MEASURES: dict[str, Callable[[int], Measure]] = {
    "ndcg": lambda k: lambda found, judged: ranking.ndcg(found, judged, k),
    "recall": lambda k: lambda found, judged: ranking.recall(found, judged, k, least=RIGHT),
    "hit": lambda k: lambda found, judged: ranking.hit(found, judged, k, least=RIGHT),
}
_WORDS = {
    "ndcg": "discounted gain of the first {k}, as a share of the best order",
    "recall": "share of the right targets among the first {k}",
    "hit": "a right target is among the first {k}",
    "mrr": "one over the rank of the first right target",
}


def metric(name: str) -> Metric:
    """Return what a measure is for reports.

    Raises:
        DataError: if there is none.
    """
    measure(name)
    kind, _, k = name.partition("@")
    explain = _WORDS[kind].format(k=k)
    return Metric(name=name, low=0.0, high=1.0, boolean=kind == "hit", explain=explain)


def depth_of(names: Sequence[str], least: int = 1) -> int:
    """Return how many targets have to be ranked for the measures."""
    return max([least, *(int(k) for name in names if (k := name.partition("@")[2]))])


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
