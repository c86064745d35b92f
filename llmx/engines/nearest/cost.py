"""What an exact search costs, from counts alone: multiply-adds, seconds at a rate, and bytes."""

from __future__ import annotations

from dataclasses import dataclass

from llmx.engines.nearest.exact import COLUMNS, ROWS

PRODUCTS = 30e9  # multiply-adds a second and core, float32: 60 GFLOP/s, as measured on one core
SELECTION = 10e-9  # seconds a score, as measured there


@dataclass(frozen=True)
class SearchCost:
    """Of one search.

    Attributes:
        multiply_adds: of all products.
        seconds: of one core, products and selection.
        held: bytes beside the sides and the result, whatever their sizes.
        result: bytes of the ranking, int32 alone.
    """

    multiply_adds: int
    seconds: float
    held: int
    result: int


def search_cost(
    queries: int,
    corpus: int,
    dimension: int,
    k: int,
    *,
    rate: float = PRODUCTS,
    selection: float = SELECTION,
) -> SearchCost:
    """Return the cost of the `k` nearest of `corpus` targets for each query.

    Args:
        rate: multiply-adds a second.
        selection: seconds a score.
    """
    pairs = queries * corpus
    block = min(ROWS, queries) * min(COLUMNS, corpus)
    held = 5 * block + 4 * dimension * (min(ROWS, queries) + min(COLUMNS, corpus))
    seconds = pairs * dimension / rate + pairs * selection
    return SearchCost(pairs * dimension, seconds, held, 4 * queries * k)
