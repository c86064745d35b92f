"""Rows of planted groups with vectors, ranks, scores and texts, as a plan is made of."""

from dataclasses import replace

import numpy as np

from llmx.data.pairs.pairs import Pair, PairRows
from llmx.engines.nearest.exact import top_k
from llmx.papers.b3.dataset_rows import DatasetRows


def vectors(group, seed, dimension=16, noise=0.4):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(int(group.max()) + 1, dimension))
    found = centres[group] + noise * rng.normal(size=(len(group), dimension))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)


def planted_rows(groups=24, size=10, seed=0, depth=60, family="retrieval", name="own", first=0):
    """`groups` times `size` rows; of classes, the group is the label. Rows begin at `first`."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(groups), size))
    count = groups * size
    classes = family == "classification"
    target_id = (group if classes else np.arange(count)).astype(np.int64) + 1000 * first
    sides = (vectors(group, seed + 1), vectors(group, seed + 2))
    if classes:  # one vector a label
        sides = (sides[0], vectors(group, 5, noise=0.0))
    found = top_k(*sides, min(depth, count), scores="half")
    pairs = tuple(
        Pair(f"{name}-{row}", f"q {name} {row}", f"a {name} {target_id[row]}", int(target_id[row]),
             name, family, group=f"g{group[row]}")
        for row in range(count)
    )  # fmt: skip
    rows = np.arange(count) + first
    part = DatasetRows(name, family, rows, found.indices, target_id, found.scores, sides)
    return replace(part, pairs=PairRows(pairs, "related")), group


def together(*parts):
    """Datasets one behind the other, with the vectors and texts of all."""
    sides = tuple(np.concatenate([part.sides[side] for part in parts]) for side in (0, 1))
    pairs = PairRows(tuple(row for part in parts for row in part.pairs), "related")
    start = np.cumsum([0, *(len(part.rows) for part in parts)])
    return tuple(
        replace(part, rows=np.arange(len(part.rows)) + at, sides=sides, pairs=pairs)
        for part, at in zip(parts, start.tolist(), strict=False)
    )
