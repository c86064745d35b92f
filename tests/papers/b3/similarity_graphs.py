"""Graphs for tests: sparse, with hubs and rows without an edge; and planted groups."""

import numpy as np
from scipy.sparse import csr_matrix


def graph_of(rows, edges):
    """Symmetric CSR of pairs, each of weight 1."""
    there = {pair for i, j in edges if i != j for pair in ((i, j), (j, i))}
    one, other = np.array(sorted(there), np.int64).reshape(-1, 2).T
    return csr_matrix((np.ones(len(one), np.float32), (one, other)), shape=(rows, rows))


def hubs(rows, edges, seed, lonely=0.2):
    """Random pairs; a few rows have many, and a share of them has none."""
    rng = np.random.default_rng(seed)
    weight = rng.pareto(1.5, rows) + 0.1
    weight[1:][rng.random(rows - 1) < lonely] = 0
    ends = rng.choice(rows, (edges, 2), p=weight / weight.sum())
    return graph_of(rows, ends.tolist())


def planted(groups, size, seed, across=0.0):
    """Cliques of `size` rows in a random order, `across` random edges a row; and their groups."""
    rng = np.random.default_rng(seed)
    group = rng.permutation(np.repeat(np.arange(groups), size))
    ends = [(i, j) for g in range(groups) for i in np.flatnonzero(group == g)
            for j in np.flatnonzero(group == g)]  # fmt: skip
    extra = rng.integers(0, groups * size, (int(across * groups * size), 2)).tolist()
    return graph_of(groups * size, ends + extra), group
