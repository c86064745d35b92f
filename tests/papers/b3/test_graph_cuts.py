"""Cuts: every row once, every size K, nothing lost that need not be; and the authors' way."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from counts import count
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from similarity_graphs import graph_of, hubs, planted

from llmx.core.errors import ConfigError
from llmx.papers.b3 import cut as cuts
from llmx.papers.b3.authors import adjacency, authors_clusters, filled_from_pool, padded
from llmx.papers.b3.cut import CUTS, CutRows, best, cut, leiden, metis
from llmx.papers.b3.cut.packed import joined, packed
from llmx.papers.b3.grouped import kept, members, within
from llmx.papers.b3.matching import matched
from llmx.papers.b3.placement import filled, placed
from llmx.papers.b3.repair import repair, settled

GRAPHS = st.builds(hubs, st.integers(4, 60), st.integers(0, 150), st.integers(0, 2**16))


def rows_of(graph, seed=0):
    rng = np.random.default_rng(seed)
    return CutRows(
        graph,
        near=hubs(graph.shape[0], 2 * graph.shape[0], seed + 1, lonely=0.0),
        vectors=rng.normal(size=(graph.shape[0], 5)).astype(np.float32),
    )


@settings(max_examples=count(60, 800), deadline=None)
@given(GRAPHS, st.integers(1, 8), st.integers(0, 5), st.sampled_from(CUTS))
def test_a_cut_has_every_row_once_in_clusters_of_k(graph, size, seed, kind):
    assume(size <= graph.shape[0])
    found = cut(kind, rows_of(graph), size, seed)
    rows = graph.shape[0]
    assert found.clusters.shape == (rows,) and found.clusters.dtype == np.int32
    table = members(found.clusters, size)
    assert table.shape == (rows // size, size)
    assert sorted(table.ravel()) == np.flatnonzero(found.clusters >= 0).tolist()
    assert (found.clusters < 0).sum() == rows % size
    assert cut(kind, rows_of(graph), size, seed).clusters.tolist() == found.clusters.tolist()


@settings(max_examples=count(40, 400), deadline=None)
@given(GRAPHS, st.integers(1, 8), st.sampled_from(CUTS))
def test_kept_and_lost_edges_are_all(graph, size, kind):
    assume(size <= graph.shape[0])
    found = cut(kind, rows_of(graph), size)
    ends = graph.tocoo()
    lost = {
        frozenset((i, j))
        for i, j in zip(ends.row.tolist(), ends.col.tolist(), strict=True)
        if found.clusters[i] != found.clusters[j] or found.clusters[i] < 0
    }
    assert found.kept + len(lost) == found.edges == graph.nnz // 2
    assert found.share == (found.kept / found.edges if found.edges else 0.0)


@settings(max_examples=count(80, 1000), deadline=None)
@given(GRAPHS, st.integers(1, 8), st.integers(0, 2**16))
def test_a_repair_moves_only_surplus(graph, size, seed):
    rows = graph.shape[0]
    assume(size <= rows)
    rng = np.random.default_rng(seed)
    parts = rng.integers(0, rows // size, rows).astype(np.int32)
    found = repair(parts, graph, size)
    sizes = np.bincount(parts, minlength=rows // size)
    assert np.bincount(found[found >= 0], minlength=rows // size).tolist() == [size] * (
        rows // size
    )
    stayed = np.bincount(parts[found == parts], minlength=rows // size)
    assert stayed.tolist() == np.minimum(sizes, size).tolist()
    own = within(graph, parts)
    for part in np.flatnonzero(sizes > size):
        gone = own[(parts == part) & (found != part)]
        assert gone.max() <= own[(parts == part) & (found == part)].min()


def test_a_row_without_a_place_goes_where_its_edges_are():
    graph = graph_of(6, [(0, 1), (2, 3), (4, 2), (5, 0)])
    assert repair(np.array([0, 0, 1, 1, -1, -1], np.int32), graph, 3).tolist() == [
        *(0, 0, 1, 1, 1, 0)
    ]


def test_of_too_many_parts_the_largest_are_kept():
    graph = graph_of(6, [])
    found = repair(np.array([0, 1, 1, 1, 2, 2], np.int32), graph, 3)
    assert found.tolist() == [1, 0, 0, 0, 1, 1]


@settings(max_examples=count(40, 400), deadline=None)
@given(GRAPHS, st.integers(2, 8), st.integers(0, 9))
def test_rows_without_an_edge_settle_and_no_edge_is_lost(graph, size, seed):
    rows = graph.shape[0]
    assume(size <= rows)
    clusters = cut("random", CutRows(graph), size, seed).clusters
    near = hubs(rows, rows, seed, lonely=0.3)
    found, told = settled(clusters, graph, near)
    alone = np.diff(graph.indptr) == 0
    assert found[~alone].tolist() == clusters[~alone].tolist()
    assert sorted(found.tolist()) == sorted(clusters.tolist())
    assert told.rows == alone.sum() == told.by_similarity + told.in_order + told.left
    assert told.left == (found[alone] < 0).sum()


def test_a_row_without_an_edge_is_with_its_like_and_counted():
    graph = graph_of(6, [(0, 1), (2, 3)])
    near = graph_of(6, [(4, 2)])
    found, told = settled(np.array([0, 0, 1, 1, 0, 1], np.int32), graph, near)
    assert found.tolist() == [0, 0, 1, 1, 1, 0]
    assert (told.rows, told.by_similarity, told.in_order, told.left) == (2, 1, 1, 0)


@settings(max_examples=count(60, 600), deadline=None)
@given(st.integers(1, 12), st.integers(1, 5), st.integers(0, 2**16))
def test_places_are_given_greedily(rows, places, seed):
    """No row and place would both rather have each other than what they have."""
    rng = np.random.default_rng(seed)
    affinity = rng.integers(0, 4, (rows, places)).astype(np.float32)
    room = rng.integers(0, 3, places)
    found = placed(csr_matrix(affinity), room)
    taken = np.bincount(found[found >= 0], minlength=places)
    assert (taken <= room).all()
    for row in range(rows):
        wants = [p for p in range(places) if affinity[row, p] > 0]
        better = [
            p for p in wants if found[row] < 0 or affinity[row, p] > affinity[row, found[row]]
        ]
        assert found[row] < 0 or affinity[row, found[row]] > 0
        for place in better:
            held = np.flatnonzero(found == place)
            assert taken[place] == room[place]
            assert all(affinity[other, place] >= affinity[row, place] for other in held)


def test_the_rest_is_filled_in_order():
    found = filled(np.array([-1, 1, -1, -1, -1], np.int32), np.array([1, 2, 1]))
    assert found.tolist() == [0, 1, 1, 2, -1]


@settings(max_examples=count(60, 600), deadline=None)
@given(st.integers(2, 10), st.integers(0, 30), st.integers(0, 2**16))
def test_a_matching_is_the_greedy_one(ends, pairs, seed):
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, ends, (2, pairs))
    one, other = one[one != other], other[one != other]
    gain = rng.integers(0, 5, len(one)).astype(float)
    free, wanted = set(range(ends)), []
    for at in np.argsort(-gain, kind="stable"):
        if {one[at], other[at]} <= free:
            free -= {one[at], other[at]}
            wanted.append(int(at))
    assert sorted(matched(one, other, gain, ends).tolist()) == sorted(wanted)


@pytest.mark.parametrize("kind", ["metis", "metis_recursive", "leiden", "best"])
def test_planted_groups_are_found(kind):
    graph, group = planted(12, 8, seed=1, across=0.5)
    found = cut(kind, CutRows(graph), 8).clusters
    pairs = {(int(a), int(b)) for a, b in zip(found, group, strict=True)}
    assert len(pairs) == 12


def test_the_best_keeps_as_much_as_each_and_says_what_leiden_cost():
    rows = CutRows(hubs(400, 1500, seed=3))
    shares = {kind: cut(kind, rows, 8).kept for kind in ("best", "leiden", "metis_recursive")}
    assert shares["best"] == max(shares.values())
    tried = best.tried(rows, 8, 0)
    assert {one.kind for one in tried} == {"leiden", "metis_recursive"}
    assert tried[0].kept >= tried[1].kept and all(one.seconds > 0 for one in tried)
    assert [one.kind for one in best.tried(rows, 8, 0, most=399)] == ["metis_recursive"]


@settings(max_examples=count(15, 200), deadline=None)
@given(st.integers(100, 300), st.integers(2, 9), st.integers(0, 99))
def test_no_community_is_larger_than_k(rows, size, seed):
    graph = hubs(rows, 5 * rows, seed)
    found = leiden.communities(graph, size, seed)
    assert np.bincount(found[found >= 0]).max() <= size
    assert ((found < 0) == (np.diff(graph.indptr) == 0)).all()


def test_communities_are_those_of_their_seed():
    graph = hubs(300, 1200, 6)
    one, again, other = (leiden.communities(graph, 6, seed).tolist() for seed in (1, 1, 2))
    assert one == again != other


@settings(max_examples=count(40, 400), deadline=None)
@given(GRAPHS, st.integers(2, 8), st.integers(0, 99))
def test_packing_tears_no_piece_that_has_its_place(graph, size, seed):
    assume(size <= graph.shape[0])
    pieces = leiden.communities(graph, size, seed)
    whole = joined(pieces, graph, size)
    found = packed(pieces, graph, size)
    sizes = np.bincount(found[found >= 0], minlength=1)
    assert sizes.max() <= size and found.max(initial=-1) < graph.shape[0] // size
    for piece in range(whole.max(initial=-1) + 1):
        assert len(set(found[whole == piece].tolist())) == 1
    assert np.bincount(whole[whole >= 0], minlength=1).max() <= size
    assert kept(graph, whole) >= kept(graph, pieces)


def test_pieces_with_an_edge_are_joined_and_the_smallest_is_torn():
    graph = graph_of(9, [(0, 1), (1, 2), (3, 4), (5, 6), (6, 7), (2, 8)])
    pieces = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3], np.int32)
    assert joined(pieces, graph, 4).tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 0]
    # Of 3 + 3 + 2 + 1 rows in two parts of four: what has no room is not forced in.
    found = packed(pieces, graph, 4)
    assert sorted(np.bincount(found[found >= 0]).tolist()) == [3, 4]
    assert found[3] == found[4] == -1


def test_two_clusters_of_k_means_are_the_best_for_their_centres():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 3)) + np.repeat([[0, 0, 0], [9, -9, 0]], 20, axis=0)
    rows = CutRows(graph_of(40, []), vectors=vectors.astype(np.float32))
    found = cut("kmeans", rows, 20).clusters
    assert len(set(found[:20])) == 1 and found[0] != found[39]
    four = cut("kmeans", rows, 10).clusters
    assert not set(four[:20]) & set(four[20:])


def test_random_tasks_are_of_one_dataset_each():
    dataset = np.array([0] * 7 + [2] * 3 + [0] * 4 + [1] * 9)
    rows = CutRows(graph_of(23, []), dataset=dataset)
    found = cut("random_task", rows, 4).clusters
    for cluster in range(found.max() + 1):
        assert len(set(dataset[found == cluster].tolist())) == 1
    assert found.max() + 1 == 2 + 2 + 0 and (found[dataset == 2] < 0).all()
    mixed = cut("random", rows, 4).clusters
    assert any(len(set(dataset[mixed == c].tolist())) > 1 for c in range(5))


@pytest.mark.parametrize(
    ("kind", "size", "says"),
    [
        ("leyden", 2, "did you mean leiden"),
        ("metis", 0, "clusters of 0 rows"),
        ("metis", 5, "clusters of 5 rows cannot be cut from 4"),
        ("kmeans", 2, "needs vectors"),
    ],
)
def test_what_cannot_be_cut(kind, size, says):
    with pytest.raises(ConfigError, match=says):
        cut(kind, CutRows(graph_of(4, [(0, 1)])), size)


def test_every_module_of_a_cut_is_listed():
    names = {path.stem for path in Path(str(cuts.__file__)).parent.glob("*.py")}
    assert names - {"__init__", "rows", "packed"} == set(CUTS)


def test_weights_decide_where_a_graph_is_cut():
    graph = graph_of(4, [(0, 1), (1, 2), (2, 3), (3, 0)])
    heavy = graph.copy()
    one, other = heavy.nonzero()
    heavy.data = np.where((one + other) % 4 == 3, 0.9, 0.01).astype(np.float32)
    for kind in ("metis", "metis_recursive", "leiden"):
        found = cut(kind, CutRows(heavy), 2).clusters
        assert found[0] == found[3] and found[1] == found[2], kind
    assert metis._whole(graph.data) is None
    assert metis._whole(np.array([1e-9, 0.5, 1.0], np.float32)).tolist() == [1, 500, 1000]


THREADS = """
import sys
sys.path.insert(0, "tests/papers/b3")
from similarity_graphs import hubs
from llmx.papers.b3.cut import CutRows, cut
import numpy as np
rows = CutRows(hubs(600, 4000, 5), vectors=np.random.default_rng(0).normal(size=(600, 64)))
print([hash(cut(kind, rows, 8, 1).clusters.tobytes()) for kind in ("best", "metis", "kmeans")])
"""


def test_one_thread_or_two_make_no_difference():
    said = set()
    for threads in "12":
        env = {**os.environ, "OMP_NUM_THREADS": threads, "PYTHONHASHSEED": "0"}
        env |= {"OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", THREADS], capture_output=True, text=True, env=env
        )
        assert done.returncode == 0, done.stderr
        said.add(done.stdout)
    assert len(said) == 1


def test_the_authors_pool_goes_from_the_largest_to_the_smallest():
    parts = [[0, 1], [2, 3, 4, 5, 6], [7], [8, 9, 10, 11]]
    assert filled_from_pool(parts, 3) == [[2, 3, 4], [8, 9, 10], [0, 1, 11], [7, 5, 6]]
    assert filled_from_pool([[0, 1, 2, 3, 4], [5, 6]], 2) == [[0, 1], [5, 6], [4, 3], [2]]


def test_the_authors_padding_repeats_rows_and_its_fault_the_first_ones():
    clusters = [[50, 51, 52, 53], [60, 61, 62, 63], [70]]
    for seed in range(20):
        fair, fault = (padded(clusters, 4, seed, flag) for flag in (False, True))
        assert fair[:2].tolist() == fault[:2].tolist() == clusters[:2]
        assert fair[2, 0] == fault[2, 0] == 70
        assert set(fair[2, 1:].tolist()) <= {*clusters[0], *clusters[1]}
        assert set(fault[2, 1:].tolist()) <= {0, 1, 2, 3}
    drawn = {int(row) for seed in range(40) for row in padded(clusters, 4, seed)[2, 1:]}
    assert drawn == {*clusters[0], *clusters[1]}


@settings(max_examples=count(20, 200), deadline=None)
@given(GRAPHS, st.integers(1, 8), st.booleans())
def test_the_authors_clusters_hold_every_row(graph, size, fault):
    rows = graph.shape[0]
    assume(size <= rows)
    found = authors_clusters(graph, size, padding_fault=fault)
    assert found.shape == (-(-rows // size), size)
    assert set(found.ravel().tolist()) == set(range(rows))


def test_the_authors_adjacency_has_each_edge_twice():
    graph = graph_of(4, [(0, 1), (1, 2)])
    twice = adjacency(graph, doubled=True)
    assert twice.indices.tolist() == [1, 1, 0, 0, 2, 2, 1, 1]
    assert twice.indptr.tolist() == [0, 2, 6, 8, 8]
    assert (adjacency(graph, doubled=False) != graph).nnz == 0


def test_members_say_which_size_is_wrong():
    with pytest.raises(ValueError, match=r"clusters of \[1, 2\] rows, not 2"):
        members(np.array([0, 0, 1, -1], np.int32), 2)
