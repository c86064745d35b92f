"""Stage `rank`: the search that is meant, what it costs, and what it says of itself."""

import json

import numpy as np
import pytest

from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data.pairs.pairs import Pair, PairRows
from llmx.engines.embed.place import dimension_of
from llmx.engines.embed.vectors import embedded
from llmx.engines.nearest.exact import top_k
from llmx.stages.pair_table import PairTable
from llmx.stages.rank import (
    EXACT_UP_TO,
    RankOptions,
    RankStage,
    block_of,
    lists_of,
    planned_search,
)


class Fixed:
    """An embedder that gives the vectors it was made with, by the numbers that the texts are."""

    def __init__(self, vectors):
        self.vectors, self.dimension = vectors, vectors.shape[1]

    def identity(self):
        return {"kind": "fixed"}

    def encode(self, texts, prompt=""):
        return self.vectors[[int(text) for text in texts]]


def sides(rows, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(12, 16))
    found = centres[np.arange(rows) % 12] + 0.6 * rng.normal(size=(rows, 16))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def ranked(folder, rows=400, **options):
    """Run the stage on two datasets, of which the second has 30 rows."""
    held = {"query": sides(rows), "target": sides(rows, 2)}
    pairs = tuple(
        Pair(str(row), f"q{row}", f"a{row}", row, "one" if row < rows - 30 else "two")
        for row in range(rows)
    )
    for side, vectors in held.items():
        ids = [str(row) for row in range(rows)]
        embedded(folder / "embed" / side, ids, ids, Fixed(vectors))
    PairTable.of(PairRows(pairs)).write(folder / "embed")
    out = folder / f"rank{len(list(folder.glob('rank*')))}"
    out.mkdir()
    stage = StageSpec(name="rank", kind="rank", needs=("embed",), options={"depth": 40, **options})
    given = StageInput(stage, {"a": ArmSpec()})
    RankStage().run(StageContext(given, {}, {"embed": folder / "embed"}, out, Silent()))
    told = json.loads((out / "recall.json").read_text())
    arrays = [np.load(out / f"{name}.npy") for name in ("ranks", "scores")]
    return *arrays, told, held, json.loads((out / "rank.json").read_text())


def test_scores_stand_beside_their_ranks_and_blocks_change_nothing(tmp_path):
    ranks, scores, told, held, about = ranked(tmp_path)
    assert ranks.dtype == np.int32 and scores.dtype == np.float16
    first = {side: vectors[:370].astype(np.float16) for side, vectors in held.items()}
    wanted = top_k(first["query"], first["target"], 40)
    assert (ranks[:370] == wanted.indices).all()
    assert (scores[:370] == wanted.scores.astype(np.float16)).all()
    assert (ranks[370:, :30] >= 370).all() and (ranks[370:, 30:] == -1).all()
    assert (scores[370:, 30:] == 0).all()
    assert {one["search"] for one in told.values()} == {"exact"} and about["search"] == "exact"
    again = ranked(tmp_path, block=7)
    assert (again[0] == ranks).all() and (again[1] == scores).all()


def test_what_an_approximate_search_finds_is_measured(tmp_path, monkeypatch):
    pytest.importorskip("faiss")
    monkeypatch.setattr("llmx.stages.rank.lists_of", lambda rows: 6)
    ranks, _, told, held, about = ranked(tmp_path, search="ivf", recheck=50)
    assert about["search"] == "ivf" and told["one"]["rows"] == 50 and told["two"]["rows"] == 30
    first = {side: vectors[:370].astype(np.float16) for side, vectors in held.items()}
    exact = top_k(first["query"], first["target"], 40).indices
    share = np.mean([np.isin(one, two).mean() for one, two in zip(ranks, exact, strict=False)])
    assert 0.2 < share < 0.99
    assert told["one"]["recall"] == pytest.approx(share, abs=5 * told["one"]["standard_error"])


def test_large_datasets_alone_are_searched_approximately():
    auto = RankOptions()
    assert auto.exact(EXACT_UP_TO) and not auto.exact(EXACT_UP_TO + 1)
    assert RankOptions(search="exact").exact(10**9) and not RankOptions(search="ivf").exact(10)


def test_a_plan_counts_what_a_search_takes():
    exact = planned_search(20_000, 256, RankOptions())
    assert (exact.search, exact.multiply_adds) == ("exact", 20_000**2 * 256)
    assert exact.held < 200e6
    large = planned_search(10**6, 768, RankOptions())
    assert large.search == "ivf" and lists_of(10**6) == 4000
    assert large.multiply_adds == 10**6 * (4000 + 50_000) * 768 + 200 * 10**6 * 768
    assert large.seconds < 0.1 * planned_search(10**6, 768, RankOptions(search="exact")).seconds


def test_a_dry_run_says_how_it_will_be_searched():
    stages = {
        "embed": StageSpec(name="embed", kind="embed"),
        "rank": StageSpec(name="rank", kind="rank", needs=("embed",), options={"search": "ivf"}),
    }
    arm = ArmSpec(data=DataSpec(kind="wordnet", train=5000, options={"tasks": ["word", "reverse"]}))
    cost = RankStage().plan(StageInput(stages["rank"], {"a": arm}, stages=stages))
    assert "ivf search of 10000 rows of 256 numbers" in cost.notes[0]
    assert cost.memory.total > 10_000 * 130 * 6


def test_blocks_are_as_large_as_memory_allows():
    assert block_of(None) == 1024 == block_of(64 << 30)
    assert block_of(1 << 30) == 204 and block_of(1) == 64


def test_the_dimension_is_read_from_headers(tmp_path):
    import struct

    header = json.dumps({"table": {"dtype": "F32", "shape": [3, 5], "data_offsets": [0, 60]}})
    raw = struct.pack("<Q", len(header)) + header.encode() + bytes(60)
    (tmp_path / "a.safetensors").write_bytes(raw)
    assert dimension_of(tmp_path) == 5
    (tmp_path / "config.json").write_text('{"hidden_size": 7}')
    assert dimension_of(tmp_path) == 7
