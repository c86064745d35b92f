"""Time the way from vectors to a stored plan, step by step, beside what others would do.

    python scripts/bench_b3.py                  20,000 rows, five rounds: some minutes of one core
    python scripts/bench_b3.py --quick          1,000 rows, two rounds: that it works
    python scripts/bench_b3.py growth FOLDER    how seconds and memory grow with the rows

Ways of one step take turns in each round, so that what disturbs the machine hits all alike; a ratio
is that of sums over the rounds, with a 95 % interval from a bootstrap over them.

    search     exact ranks: torch by blocks (products and topk), llmx (alone, and with scores that
               are exact to float16), faiss `IndexFlatIP`
    plan       ranks to a stored plan, on equal ranks: `metis_recursive`, `best`, the authors' style
               with their filter of edges in Python
    negatives  five a row of the same band: `form=band`, and sentence-transformers'
               `mine_hard_negatives` with the same vectors, which searches, too

`growth` makes each step of each size in a process of its own and keeps it in FOLDER: the same
command goes on after any kill (--sizes 10000,30000, --dimension 768, --search auto). It fits an
exponent of processor seconds and a line of memory, and says what 1,000,000 rows would take.

Vectors are of planted groups with noise, or of a folder that stage `embed` wrote (--vectors).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch
from bench.spans import median, ratio
from numpy.typing import NDArray

from llmx.engines.nearest.exact import Ranking, top_k
from llmx.papers.b3.authors import authors_clusters
from llmx.papers.b3.dataset_rows import DatasetRows
from llmx.papers.b3.mined import mined
from llmx.papers.b3.negatives import of_band
from llmx.papers.b3.plan_file import write_plan
from llmx.papers.b3.settings import MiningSettings

SKIP, WIDTH, SIZE, CLUSTER, WANTED = 30, 100, 128, 32, 5
DEPTH = SKIP + WIDTH
Halves = NDArray[np.float16]
Ways = Mapping[str, Callable[[], Any]]


def planted(rows: int, dimension: int, seed: int) -> Halves:
    """Return vectors of length 1 around planted centres, float16 (rows, dimension)."""
    centres = np.random.default_rng(0).normal(size=(max(8, rows // 50), dimension))
    rng = np.random.default_rng(seed)
    found = centres[np.arange(rows) % len(centres)] + 1.5 * rng.normal(size=(rows, dimension))
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found / lengths, dtype=np.float16)


def by_torch(query: Halves, target: Halves) -> Any:
    """Return torch's indices, block by block."""
    asked, corpus = (torch.from_numpy(side).float() for side in (query, target))
    parts = (torch.topk(part @ corpus.T, DEPTH).indices for part in torch.split(asked, 1024))
    return torch.cat(list(parts))


def by_faiss(query: Halves, target: Halves) -> Any:
    """Return faiss's indices."""
    import faiss

    index = faiss.IndexFlatIP(query.shape[1])
    index.add(target.astype(np.float32))
    return index.search(query.astype(np.float32), DEPTH)[1]


def edge_by_edge(ranks: NDArray[np.int32]) -> Any:
    """Return the mutual graph as the authors' code does: sets, and a loop over all edges."""
    from scipy.sparse import csr_matrix

    band = [set(row) for row in ranks[:, SKIP:DEPTH].tolist()]
    ends = [(i, j) for i, row in enumerate(band) for j in row if i != j and i in band[j]]
    one, other = np.array(ends, np.int64).reshape(-1, 2).T
    shape = (len(ranks), len(ranks))
    graph = csr_matrix((np.ones(len(one), np.float32), (one, other)), shape=shape)
    graph.sort_indices()
    return graph


class Plans:
    """Ranks to a stored plan, each way into a folder of its own."""

    def __init__(self, ranking: Ranking, folder: Path) -> None:
        rows = np.arange(len(ranking.indices))
        self.part = DatasetRows("rows", "retrieval", rows, ranking.indices, rows)
        self.folder, self.kept = folder, dict[str, float]()

    def ours(self, kind: str) -> None:
        """Store the plan of a cut, with all that is told of it."""
        found = mined((self.part,), MiningSettings(SIZE, CLUSTER, kind, SKIP, WIDTH))
        self.kept[kind] = found.told["datasets"]["rows"]["clusters"]["kept_share"]
        write_plan(self.folder / kind, found.plan, {})

    def authors(self) -> None:
        """Filter edge by edge, cut by k-way, repair, and store rows in their order."""
        graph = edge_by_edge(self.part.ranks)
        clusters = authors_clusters(graph, CLUSTER)
        np.save(self.folder / "authors.npy", clusters)
        of = np.empty(graph.shape[0], np.int64)
        of[clusters.ravel()] = np.repeat(np.arange(len(clusters)), CLUSTER)
        rows, columns = graph.nonzero()
        self.kept["authors"] = float((of[rows] == of[columns]).mean())


class Library:
    """`mine_hard_negatives` on vectors that are there: texts are their own numbers."""

    device = "cpu"

    def __init__(self, query: Halves, target: Halves) -> None:
        from datasets import Dataset

        self.sides = {"q": query, "a": target}
        texts = {side: [f"{side}{row}" for row in range(len(query))] for side in self.sides}
        self.rows = Dataset.from_dict(texts)
        self.prompts: dict[str, str] = {}

    def encode(self, texts: list[str], **_: Any) -> Any:
        """Return the vectors of texts."""
        return np.stack([self.sides[text[0]][int(text[1:])] for text in texts]).astype(np.float32)

    encode_query = encode_document = encode

    def similarity(self, one: Any, other: Any) -> Any:
        """Return inner products."""
        return torch.as_tensor(one) @ torch.as_tensor(other).T

    def similarity_pairwise(self, one: Any, other: Any) -> Any:
        """Return inner products of pairs."""
        return (torch.as_tensor(one) * torch.as_tensor(other)).sum(-1)

    def mine(self) -> Any:
        """Return five negatives of each row's band."""
        from sentence_transformers.util import mine_hard_negatives

        return mine_hard_negatives(
            self.rows,
            self,
            range_min=SKIP,
            range_max=DEPTH,
            num_negatives=WANTED,
            sampling_strategy="random",
            output_format="n-tuple",
            verbose=False,
        )


def steps(query: Halves, target: Halves, folder: Path) -> Iterator[tuple[str, Ways, Plans | None]]:
    """Yield (what, ways, plans) of each step; ratios are to the first way."""
    rows = np.arange(len(query))
    yield "search", {
        "torch": lambda: by_torch(query, target),
        "llmx": lambda: top_k(query, target, DEPTH, scores="none"),
        "llmx with scores": lambda: top_k(query, target, DEPTH, scores="half"),
        "faiss": lambda: by_faiss(query, target),
    }, None  # fmt: skip
    ranking = top_k(query, target, DEPTH, scores="half")
    plans = Plans(ranking, folder)
    kinds = {kind: (lambda kind=kind: plans.ours(kind)) for kind in ("metis_recursive", "best")}
    yield "plan", {"authors": plans.authors, **kinds}, plans
    library = Library(query, target)

    def ours() -> Any:
        found = top_k(query, target, DEPTH, scores="none").indices
        return of_band(found[:, SKIP:], WANTED, rows, 0)

    yield "negatives", {"sentence-transformers": library.mine, "llmx": ours}, None


def rounds(ways: Ways, count: int) -> dict[str, tuple[list[float], list[float]]]:
    """Return processor and wall seconds of each way and round; every round begins elsewhere."""
    found: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    names = list(ways)
    for number in range(count + 1):  # the first warms up
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            begun = process_time(), perf_counter()
            ways[name]()
            if number:
                found[name][0].append(process_time() - begun[0])
                found[name][1].append(perf_counter() - begun[1])
    return found


def grown(words: list[str]) -> None:
    """Measure how a plan grows with the rows, or make one step of one size."""
    from bench.mining_growth import growth, step

    if words[0] == "step":
        name, folder, rows, dimension, search = words[1:]
        step(name, Path(folder), int(rows), int(dimension), search)
        return
    parser = argparse.ArgumentParser(prog="bench_b3.py growth")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", default="10000,30000,100000,300000")
    parser.add_argument("--dimension", type=int, default=768)
    parser.add_argument("--search", choices=("auto", "exact", "ivf"), default="auto")
    given = parser.parse_args(words[1:])
    sizes = [int(one) for one in given.sizes.split(",")]
    growth(Path(__file__), given.folder, sizes, given.dimension, given.search)


def main() -> None:
    """Print a table."""
    torch.set_num_threads(1)
    if sys.argv[1:2] in (["growth"], ["step"]):
        grown(sys.argv[1:])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--vectors", type=Path, help="folder that stage `embed` wrote")
    given = parser.parse_args()
    if given.quick:
        given.rows, given.dimension, given.rounds = 1_000, 64, 2
    if given.vectors:
        query, target = (
            np.load(given.vectors / s / "vectors.npy")[: given.rows] for s in ("query", "target")
        )
    else:
        query, target = (planted(given.rows, given.dimension, seed) for seed in (1, 2))
    print(
        f"{len(query)} rows of {query.shape[1]} numbers, {given.rounds} rounds, processor seconds"
    )
    with tempfile.TemporaryDirectory() as folder:
        for what, ways, plans in steps(query, target, Path(folder)):
            found = rounds(ways, given.rounds)
            first = next(iter(ways))
            for name, (spent, wall) in found.items():
                kept = plans.kept.get(name) if plans else None
                shown = "" if kept is None else f"   edges kept {kept:.3f}"
                print(
                    f"{what:<10} {name:<22} {median(spent)} s (wall {median(wall)});"
                    f" times {first}: {ratio(spent, found[first][0])}{shown}"
                )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
