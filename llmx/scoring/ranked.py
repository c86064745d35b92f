"""Measures of rankings by their names, as recipes and reports have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from llmx.core.errors import DataError
from llmx.core.record import Metric
from llmx.scoring import ranking

if TYPE_CHECKING:
    from numpy.typing import NDArray

Measure = Callable[["NDArray[Any]", ranking.Judged], "NDArray[Any]"]
"""Takes a ranking and its judgements; returns a number a query, float64 (n,)."""
RIGHT = 2
"""Grade of a right target; a related one has 1 and counts for nDCG alone."""
PRIMARY = "ndcg@10"
_MEASURES: dict[str, Callable[[int], Measure]] = {
    "ndcg": lambda k: lambda found, judged: ranking.ndcg(found, judged, k),
    "recall": lambda k: lambda found, judged: ranking.recall(found, judged, k, least=RIGHT),
    "hit": lambda k: lambda found, judged: ranking.hit(found, judged, k, least=RIGHT),
}
_EXPLAINED = {
    "ndcg": "discounted gain of the first {k} targets, as a share of the best order's",
    "recall": "share of the right targets among the first {k}",
    "hit": "whether a right target is among the first {k}",
    "mrr": "one over the rank of the first right target",
}


def measure(name: str) -> Measure:
    """Return the measure of a name: ``ndcg@K``, ``recall@K``, ``hit@K``, ``mrr`` or ``mrr@K``.

    Raises:
        DataError: if there is none.
    """
    kind, _, depth = name.partition("@")
    k = int(depth) if depth.isdecimal() and int(depth) else None
    if kind == "mrr" and (k is not None or name == kind):
        return lambda found, judged: ranking.reciprocal_rank(found, judged, k, least=RIGHT)
    if kind not in _MEASURES or k is None:
        raise DataError(f"there is no measure '{name}'", "ndcg@10, recall@100, hit@1, mrr")
    return _MEASURES[kind](k)


def metric(name: str) -> Metric:
    """Return what a measure is for reports.

    Raises:
        DataError: if there is none.
    """
    measure(name)
    kind, _, k = name.partition("@")
    explain = _EXPLAINED[kind].format(k=k)
    return Metric(name=name, low=0.0, high=1.0, boolean=kind == "hit", explain=explain)


def depth_of(names: Sequence[str]) -> int:
    """Return how many targets have to be ranked for these measures, at least 1."""
    return max([1, *(int(k) for name in names if (k := name.partition("@")[2]))])
