"""Who meets whom, by rank: how many of these are false negatives, where the data say, and some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmx.papers.b3.dataset_rows import DatasetRows
from llmx.papers.b3.diagnostics import meets
from llmx.papers.b3.draws import permutation, words

MOST = 1000
"""Pairs of a range of ranks of which the truth is asked."""
SHOWN = 10
LONG = 400
"""Letters of a text that is shown."""


@dataclass(frozen=True)
class Range:
    """Pairs that share a cluster or batch, of one range of ranks, and what a sample of them is.

    Attributes:
        pairs: directed: a row that meets another one's target.
        asked: of these, those of which the truth was asked.
        truth: duplicate, related, unrelated or unknown, to how many of those asked.
    """

    pairs: int
    asked: int
    truth: Mapping[str, int]


def ranges(part: DatasetRows, skip: int, width: int) -> dict[str, tuple[int, int]]:
    """Return the ranges of ranks: the first p, the band, and what is ranked behind it."""
    depth = part.ranks.shape[1]
    ends = (min(skip, depth), min(skip + width, depth))
    return {"first": (0, ends[0]), "band": ends, "behind": (ends[1], depth)}


def audited(
    part: DatasetRows, clusters: NDArray[np.int32], skip: int, width: int, seed: int
) -> dict[str, Any]:
    """Return the ranges of pairs that meet, as JSON; `unranked` are of a sample of all pairs.

    Args:
        clusters: int32 (n,), -1 for none.
    """
    if part.pairs is None:
        return {}
    met = meets(clusters, part.ranks)
    found = {}
    for name, (first, end) in ranges(part, skip, width).items():
        row, column = np.nonzero(met[:, first:end])
        order = permutation(len(row), seed, f"audit {name}")[:MOST]
        other = part.ranks[row[order], first + column[order]]
        found[name] = asdict(_range(part, row[order], other, len(row)))
    row, other = _mates(part, clusters, seed)
    unranked = ~(part.ranks[row] == other[:, None]).any(1)
    pairs = _pairs(clusters) - int(met.sum())
    found["unranked"] = asdict(_range(part, row[unranked], other[unranked], pairs))
    return found


def _range(part: DatasetRows, row: NDArray[Any], other: NDArray[Any], pairs: int) -> Range:
    assert part.pairs is not None
    truth = dict.fromkeys(("duplicate", "related", "unrelated", "unknown"), 0)
    for i, j in zip(part.rows[row].tolist(), part.rows[other].tolist(), strict=True):
        truth[part.pairs.truth(i, j) or "unknown"] += 1
    return Range(pairs, len(row), truth)


def _pairs(clusters: NDArray[np.int32]) -> int:
    size = np.bincount(clusters[clusters >= 0])
    return int((size * (size - 1)).sum())


def _mates(
    part: DatasetRows, clusters: NDArray[np.int32], seed: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return random rows, each with a random other row of its cluster."""
    order = np.argsort(clusters, kind="stable")
    order = order[np.count_nonzero(clusters < 0) :]
    size = np.bincount(clusters[order], minlength=1)
    start = np.cumsum(size) - size
    if not len(order) or size.max() < 2:
        return order[:0], order[:0]
    drawn = words((2 * MOST, 2), seed, "audit mates")
    row = order[(drawn[:, 0] % np.uint64(len(order))).astype(np.int64)]
    of = clusters[row]
    other = order[start[of] + (drawn[:, 1] % size[of].astype(np.uint64)).astype(np.int64)]
    kept = row != other
    return row[kept], other[kept]


def shown(
    part: DatasetRows, clusters: NDArray[np.int32], skip: int, width: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield some pairs to read, at random: of the first ranks if there are, else of the band."""
    if part.pairs is None:
        return
    met = meets(clusters, part.ranks)
    for first, end in list(ranges(part, skip, width).values())[:2]:
        row, column = np.nonzero(met[:, first:end])
        if len(row):
            break
    else:
        return
    for at in permutation(len(row), seed, "pairs to read")[:SHOWN]:
        rank = first + int(column[at])
        other = part.rows[part.ranks[row[at], rank]]
        yield _pair(part, int(part.rows[row[at]]), int(other), rank)


def _pair(part: DatasetRows, i: int, j: int, rank: int) -> dict[str, Any]:
    assert part.pairs is not None
    one, other = part.pairs[i], part.pairs[j]
    told = {"dataset": part.name, "rank": rank, "truth": part.pairs.truth(i, j) or "unknown"}
    texts = {"query": one.query, "target": one.target, "meets": other.target}
    return {**told, "ids": [one.id, other.id], **{k: _short(text) for k, text in texts.items()}}


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:LONG]} …"
