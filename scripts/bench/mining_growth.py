"""How seconds and memory of a plan grow with the rows: stage `rank`, and ranks to a stored plan.

Each step of each size is a process of its own, so that its largest memory is known, and leaves its
files and what it took in a folder: a step that is there is not made again, so any kill costs one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.spent import spent
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.engines.embed.vectors import embedded
from llmx.stages.pair_table import PairTable
from llmx.stages.rank import RANKS, SCORES, RankStage
from llmx.store.files import read_json, write_json

STEPS = ("vectors", "rank", "plan")
SIDES = ("query", "target")
_SKIP, _WIDTH, _SIZE, _CLUSTER = 30, 100, 128, 32
_GROUP = 50  # rows around one planted centre
_TOLD = "took.json"


class Planted:
    """Vectors of length 1 around planted centres, each a function of its row and side alone."""

    def __init__(self, dimension: int, side: str) -> None:
        self.dimension, self.side = dimension, side

    def identity(self) -> dict[str, Any]:
        """Return what the vectors depend on."""
        return {"kind": "planted", "dimension": self.dimension, "side": self.side}

    def encode(self, texts: Sequence[str], prompt: str = "") -> NDArray[np.float32]:
        """Return float32 (n, dimension); a text is the number of its row."""
        rows = np.array([int(text) for text in texts])
        rng = np.random.default_rng([int(self.side == "target"), int(rows[0])])
        noise = rng.standard_normal((len(rows), self.dimension), np.float32)
        groups, place = np.unique(rows // _GROUP, return_inverse=True)
        drawn = [np.random.default_rng([2, int(one)]) for one in groups]
        centres = np.stack([one.standard_normal(self.dimension, np.float32) for one in drawn])
        found = centres[place] + np.float32(1.5) * noise
        normal: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return normal


def step(name: str, folder: Path, rows: int, dimension: int, search: str) -> None:
    """Make one step of one size, and write its processor seconds.

    Args:
        folder: of that size; a step writes below it.
    """
    begun = process_time()
    if name == "vectors":
        _vectors(folder / "vectors", rows, dimension)
    elif name == "rank":
        options = {"depth": _SKIP + _WIDTH, "search": search}
        given = StageInput(StageSpec(name="rank", kind="rank", options=options), {"a": ArmSpec()})
        (folder / "rank").mkdir(exist_ok=True)
        inputs = {"embed": folder / "vectors"}
        RankStage().run(StageContext(given, {}, inputs, folder / "rank", Silent()))
    else:
        _plan(folder, rows)
    write_json(folder / f"{name}.json", {"seconds": process_time() - begun})


def _vectors(folder: Path, rows: int, dimension: int) -> None:
    names = [str(row) for row in range(rows)]
    folder.mkdir(parents=True, exist_ok=True)
    for side in SIDES:
        embedded(folder / side, names, names, Planted(dimension, side))
    every = np.arange(rows)
    table = PairTable(every, np.zeros(rows, np.int32), {"planted": "retrieval"}, "planted")
    table.write(folder)


def _plan(folder: Path, rows: int) -> None:
    from llmx.papers.b3.dataset_rows import KnownRows, datasets
    from llmx.papers.b3.mined import mined
    from llmx.papers.b3.near_file import write_near
    from llmx.papers.b3.plan_file import write_plan
    from llmx.papers.b3.settings import MiningSettings

    ranks, scores = (np.load(folder / "rank" / one, mmap_mode="r") for one in (RANKS, SCORES))
    every = np.arange(rows)
    sides = [np.load(folder / "vectors" / one / "vectors.npy", mmap_mode="r") for one in SIDES]
    known = KnownRows(ranks, every, scores, (sides[0], sides[1]))
    parts = datasets(known, np.zeros(rows, np.int32), {"planted": "retrieval"})
    made = mined(parts, MiningSettings(_SIZE, _CLUSTER, "best", _SKIP, _WIDTH))
    out = folder / "plan"
    out.mkdir(exist_ok=True)
    write_plan(out, made.plan, {})
    write_near(out, made.near, every)


@dataclass(frozen=True)
class Took:
    """What a step took.

    Attributes:
        seconds: of the processor, by the step alone: without loading what it needs.
        wall: seconds of the whole process.
        megabytes: resident, of the process at its largest.
    """

    seconds: float
    wall: float
    megabytes: float


def measured(script: Path, folder: Path, rows: int, dimension: int, search: str) -> dict[str, Took]:
    """Return what each step of one size took, made where it is not there."""
    own = folder / f"{rows}-{dimension}-{search}"
    own.mkdir(parents=True, exist_ok=True)
    held = read_json(own / _TOLD) if (own / _TOLD).exists() else {}
    for name in STEPS:
        if name not in held:
            command = [sys.executable, str(script), "step", name, str(own), str(rows)]
            environment = {"LLMX_RUNS": str(own / "runs"), "OMP_NUM_THREADS": "1"}
            whole = spent([*command, str(dimension), search], environment)
            alone = read_json(own / f"{name}.json")["seconds"]
            held[name] = asdict(Took(alone, whole.wall, whole.megabytes))
            write_json(own / _TOLD, held)
    return {name: Took(**took) for name, took in held.items()}


def exponent(sizes: Sequence[int], values: Sequence[float]) -> tuple[float, float]:
    """Return (a, b) of ``a * rows ** b``, by least squares of the logarithms."""
    slope, start = np.polyfit(np.log(sizes), np.log(values), 1)
    return float(np.exp(start)), float(slope)


def growth(script: Path, folder: Path, sizes: Sequence[int], dimension: int, search: str) -> None:
    """Print what each size took, and what a million rows would take by the fit."""
    found = {rows: measured(script, folder, rows, dimension, search) for rows in sizes}
    for rows, took in found.items():
        said = (f"{n} {t.seconds:,.1f} s {t.megabytes:,.0f} MB" for n, t in took.items())
        print(f"{rows:>9,} rows of {dimension}: {'; '.join(said)}")
    if len(sizes) < 2:
        return
    largest = sorted(sizes)[-3:] if len(sizes) > 3 else sorted(sizes)[-2:]  # small ones start up
    for name in STEPS[1:]:
        seconds = [found[rows][name].seconds for rows in largest]
        memory = [found[rows][name].megabytes for rows in sizes]
        scale, power = exponent(largest, seconds)
        slope, start = np.polyfit(sizes, memory, 1)
        print(
            f"{name}: processor seconds grow as rows^{power:.2f}; 1,000,000 rows:"
            f" {scale * 1e6**power / 3600:,.2f} h, {(start + slope * 1e6) / 1000:,.1f} GB"
        )
    print(
        json.dumps({str(rows): {n: asdict(t) for n, t in v.items()} for rows, v in found.items()})
    )
