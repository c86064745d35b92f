"""Memory from vectors to a stored plan: by rows, and held to 12 GB for a million of 768 numbers."""

import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from counts import thorough

from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.engines.embed.vectors import embedded
from llmx.engines.nearest import ivf as inverted
from llmx.papers.b3.dataset_rows import KnownRows, datasets
from llmx.papers.b3.mined import mined
from llmx.papers.b3.settings import MiningSettings
from llmx.stages.pair_table import PairTable
from llmx.stages.rank import RANKS, SCORES, RankStage, _rows

SCRIPTS = Path(__file__).parents[3] / "scripts"
ROWS, DIMENSION, DEPTH = 3000, 32, 130
LIMIT = 12e9  # bytes of a million rows of 768 numbers


class Drawn:
    """Vectors of length 1, drawn anew for each side."""

    dimension = DIMENSION

    def identity(self):
        return {"kind": "drawn"}

    def encode(self, texts, prompt=""):
        drawn = np.random.default_rng(len(prompt)).normal(size=(len(texts), DIMENSION))
        return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    names = [str(row) for row in range(ROWS)]
    for side in ("query", "target"):
        embedded(folder / side, names, names, Drawn(), prompt=side[:2] * (side == "query"))
    PairTable(np.arange(ROWS), np.zeros(ROWS, np.int32), {"d": "retrieval"}, "h").write(folder)
    return folder


def rank(vectors, out, search):
    out.mkdir(exist_ok=True)
    options = {"depth": DEPTH, "search": search, "block": 128}
    given = StageInput(StageSpec(name="rank", kind="rank", options=options), {"a": ArmSpec()})
    RankStage().run(StageContext(given, {}, {"embed": vectors}, out, Silent()))
    return out


def grew(work):
    """Return what it gives, and the most bytes of arrays that it held at once."""
    tracemalloc.start()
    found = work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, peak


@pytest.mark.parametrize("search", ["exact", "ivf"])
def test_ranks_take_their_own_size_a_few_times_and_nothing_by_rows_squared(
    vectors, tmp_path, search, monkeypatch
):
    monkeypatch.setattr(inverted, "_SEARCHED", 128)
    own = 6 * DEPTH * ROWS  # bytes of ranks and scores
    rank(vectors, tmp_path / "warm", search)
    out, peak = grew(lambda: rank(vectors, tmp_path / "rank", search))
    assert np.load(out / RANKS).shape == (ROWS, DEPTH)
    # Blocks of scores are beside it: 128 queries, and of ivf some lists; n * n is 36 MB.
    assert peak < 4 * own + 4 * ROWS * DIMENSION * 4 + 5 * 128 * ROWS


def test_a_plan_of_a_million_rows_fits_by_its_bytes_a_row(vectors, tmp_path):
    out = rank(vectors, tmp_path / "rank", "exact")
    ranks, scores = (np.load(out / name) for name in (RANKS, SCORES))
    known = KnownRows(ranks, np.arange(ROWS), scores, None)
    parts = datasets(known, np.zeros(ROWS, np.int32), {"d": "retrieval"})
    how = MiningSettings(128, 32, "metis_recursive", 30, 100)
    mined(parts, how)  # what is loaded once is not counted
    made, peak = grew(lambda: mined(parts, how))
    assert made.plan.count() == ROWS // 128
    assert (peak + ranks.nbytes + scores.nbytes) / ROWS < LIMIT / 1e6


def test_rows_that_follow_each_other_are_not_copied(vectors):
    side = np.load(vectors / "query" / "vectors.npy", mmap_mode="r")
    for rows in (np.arange(ROWS), np.arange(5, 9), np.array([7])):
        found = _rows(side, rows)
        assert np.shares_memory(found, side) and (found == side[rows]).all()
    apart = np.array([1, 3, 4])
    assert (_rows(side, apart) == side[apart]).all() and len(_rows(side, apart)) == 3


@thorough
@pytest.mark.parametrize("search", ["exact", "ivf"])
def test_a_million_rows_of_768_numbers_fit_into_12_gb(tmp_path, search):
    """Bytes are fixed ones, some a row, and some a number of a vector; two sizes give each."""
    held = {}
    for rows, dimension in ((2_000, 64), (50_000, 64), (50_000, 128)):
        words = ["growth", tmp_path, "--sizes", rows, "--dimension", dimension, "--search", search]
        script = [sys.executable, SCRIPTS / "bench_b3.py", *words]
        env = {**os.environ, "PYTHONPATH": str(SCRIPTS.parent), "OMP_NUM_THREADS": "1"}
        subprocess.run([str(word) for word in script], check=True, env=env, stdout=subprocess.PIPE)
        told = json.loads((tmp_path / f"{rows}-{dimension}-{search}" / "took.json").read_text())
        for step in ("rank", "plan"):
            held[step, rows, dimension] = told[step]["megabytes"] * 1e6
    for step in ("rank", "plan"):
        least, narrow, wide = (
            held[step, *size] for size in ((2_000, 64), (50_000, 64), (50_000, 128))
        )
        number = max(0.0, wide - narrow) / (50_000 * 64)
        row = max(0.0, narrow - least) / 48_000 - 64 * number
        assert least + 1e6 * (768 * number + row) < LIMIT, (step, number, row)
